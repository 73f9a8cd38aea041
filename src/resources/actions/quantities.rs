//! What matches do to the quantities of a pledge. The caller has locked the row; who moves twice goes on with the row that the first move gave.

use sea_orm::{ConnectionTrait, EntityTrait};

use crate::auth::Permit;
use crate::error::{AppError, Result};
use crate::journal::ChangeKind;
use crate::resources::rules::{self, PledgeStatus};
use crate::resources::{Entity, Model};
use crate::work::statement;

/// Holds what a match applies for.
pub async fn hold(permit: &Permit, pledge: &Model, quantity: i64) -> Result<Model> {
    shift(permit, pledge, -quantity, quantity, 0).await
}

/// Makes available again what a match ended without.
pub async fn release(permit: &Permit, pledge: &Model, quantity: i64) -> Result<Model> {
    shift(permit, pledge, quantity, -quantity, 0).await
}

/// Counts what a community accepted as given.
pub async fn give(permit: &Permit, pledge: &Model, quantity: i64) -> Result<Model> {
    shift(permit, pledge, 0, -quantity, quantity).await
}

async fn shift(permit: &Permit, pledge: &Model, available: i64, held: i64, given: i64) -> Result<Model> {
    let sql = "UPDATE pledges SET available = available + ?, held = held + ?, given = given + ?, \
        status = CASE WHEN status = 'LISTED' AND available + ? = 0 THEN 'EXHAUSTED' \
        WHEN status = 'EXHAUSTED' AND available + ? > 0 THEN 'LISTED' ELSE status END \
        WHERE id = ? AND (available IS NULL OR available + ? >= 0)";
    let values: [sea_orm::Value; 7] =
        [available.into(), held.into(), given.into(), available.into(), available.into(), pledge.id.into(), available.into()];
    let db = permit.write();
    if db.execute_raw(statement(db, sql, values)).await?.rows_affected() == 0 {
        let now = Entity::find_by_id(pledge.id).one(db).await?.ok_or(AppError::NotFound)?;
        return Err(rules::not_enough(&now).into());
    }
    let after = rules::moved(pledge, available, held, given);
    if after.status != pledge.status {
        let kind = match after.status {
            PledgeStatus::Exhausted => ChangeKind::PledgeExhausted,
            _ => ChangeKind::PledgeReplenished,
        };
        permit.journal(kind, pledge.node(), Some(pledge.district_id));
    }
    Ok(after)
}
