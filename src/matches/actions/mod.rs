//! Verbs of the exchange, by what they do: apply, answer, use a venue, deliver, show in pictures, evaluate, transfer, end.

pub mod answer;
pub mod apply;
pub mod deliver;
pub mod end;
pub mod evaluate;
pub mod picture;
pub mod transfer;
pub mod use_venue;

use sea_orm::{EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::entity::{exchange, visible_to};
use super::ledger::Locked;
use crate::error::{AppError, Result};
use crate::needs::entity::need;
use crate::resources;
use crate::work::Work;

/// A match that the viewer may see, as it stands before anything is locked.
async fn peek(work: &Work, id: Uuid) -> Result<exchange::Model> {
    let found = exchange::Entity::find_by_id(id).filter(visible_to(work.viewer())).one(work.read()).await?;
    found.ok_or(AppError::NotFound)
}

/// Locks a match with its need and its pledge, in the one order.
pub async fn lock(work: &Work, seen: &exchange::Model) -> Result<Locked> {
    let need = match seen.need_id {
        Some(id) => need::Entity::find_by_id(id).lock_exclusive().one(work.read()).await?,
        None => None,
    };
    let pledge = match seen.pledge_id {
        Some(id) => resources::Entity::find_by_id(id).lock_exclusive().one(work.read()).await?,
        None => None,
    };
    let exchange = exchange::Entity::find_by_id(seen.id).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)?;
    Ok(Locked::new(need, pledge, exchange))
}
