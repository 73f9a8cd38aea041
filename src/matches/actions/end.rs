//! Ending a need: withdrawing or closing it gives all its live matches back.

use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::areas::rules::check_reason;
use crate::auth::{Permission, Permit};
use crate::error::Result;
use crate::journal::{ChangeKind, Entry};
use crate::matches::entity::exchange;
use crate::matches::ledger::Locked;
use crate::matches::rules::MatchStatus;
use crate::needs::entity::{lock, need};
use crate::needs::rules::{self as need_rules, NeedStatus, Publication};
use crate::resources;
use crate::work::Work;

pub async fn withdraw_need(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    end_need(work, id, reason, NeedStatus::Withdrawn, ChangeKind::NeedWithdrawn).await
}

pub async fn close_need(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    end_need(work, id, reason, NeedStatus::Closed, ChangeKind::NeedClosed).await
}

async fn end_need(work: &Work, id: Uuid, reason: &str, as_: NeedStatus, kind: ChangeKind) -> Result<Uuid> {
    let need = lock(work, id).await?;
    let permit = work.permit(Permission::ManageNeed, &need.at().scope(), Some(need.node()))?;
    if !need_rules::end(&need, as_)? {
        return Ok(id);
    }
    let reason = check_reason(reason)?;
    let was_public = need.publication == Publication::Open
        || need.publication == Publication::Escalated
        || (need.publication == Publication::Directed && need.directed_until.is_some_and(|until| until <= work.now()));
    let need = give_back(&permit, need::Model { status: as_, ..need }, &reason).await?;
    let row = need::ActiveModel {
        id: Set(id),
        status: Set(as_),
        reason: Set(Some(reason.clone())),
        next_step_at: Set(None),
        ..Default::default()
    };
    row.update(permit.write()).await?;
    let entry =
        Entry::new(kind, need.node(), Some(need.district_id)).with(serde_json::json!({ "reason": reason, "unmet": need.unmatched }));
    permit.record(entry.hides(was_public && as_ == NeedStatus::Withdrawn));
    Ok(id)
}

/// Ends the live matches of a locked need as revoked. The need's lock keeps them still; the pledges are locked in the order of their keys.
async fn give_back(permit: &Permit, mut need: need::Model, reason: &str) -> Result<need::Model> {
    let live = [MatchStatus::Applied, MatchStatus::Confirmed, MatchStatus::Fulfilling, MatchStatus::Delivered];
    let matches = exchange::Entity::find()
        .filter(exchange::Column::NeedId.eq(need.id))
        .filter(exchange::Column::Status.is_in(live))
        // A proposal to hand a match on before the match itself, which would take it along.
        .order_by_desc(exchange::Column::Id)
        .all(permit.write())
        .await?;
    let pledges = matches.iter().filter_map(|exchange| exchange.pledge_id);
    resources::Entity::find()
        .filter(resources::entity::pledge::Column::Id.is_in(pledges))
        .order_by_asc(resources::entity::pledge::Column::Id)
        .lock_exclusive()
        .all(permit.write())
        .await?;
    for seen in matches {
        let exchange = exchange::Entity::find_by_id(seen.id).lock_exclusive().one(permit.write()).await?;
        let Some(exchange) = exchange.filter(|exchange| exchange.status.is_live()) else { continue };
        let pledge = match exchange.pledge_id {
            Some(id) => resources::Entity::find_by_id(id).one(permit.write()).await?,
            None => None,
        };
        let mut locked = Locked::new(Some(need), pledge, exchange);
        locked.end(permit, MatchStatus::RevokedByCommunity, reason.to_owned()).await?;
        need = locked.need.expect("put in above");
    }
    Ok(need)
}
