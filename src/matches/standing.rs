//! What a unit's standing means for its pledges and matches: suspending, leaving and expiring hide and give back, resuming shows again.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::actions::lock;
use super::entity::exchange;
use super::ledger::save;
use super::rules::MatchStatus;
use crate::areas::rules::check_reason;
use crate::auth::Permit;
use crate::error::Result;
use crate::journal::ChangeKind;
use crate::resources;
use crate::units::actions::{move_membership, permit_step};
use crate::units::entity::{find_membership, find_unit};
use crate::units::rules::Step;
use crate::work::Work;

/// The host admits an applicant, or the unit accepts an invitation.
pub async fn admit(work: &Work, id: Uuid) -> Result<Uuid> {
    step(work, id, Step::Admit, None).await
}

/// The host suspends a member.
pub async fn suspend(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    step(work, id, Step::Suspend, Some(reason)).await
}

/// The host takes a suspended member back.
pub async fn resume(work: &Work, id: Uuid) -> Result<Uuid> {
    step(work, id, Step::Resume, None).await
}

/// The unit leaves or turns an invitation down; the host turns an applicant down.
pub async fn leave(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    step(work, id, Step::Withdraw, Some(reason)).await
}

/// The agreement has reached its last day.
pub async fn expire(work: &Work, id: Uuid) -> Result<Uuid> {
    step(work, id, Step::Expire, None).await
}

async fn step(work: &Work, id: Uuid, step: Step, reason: Option<&str>) -> Result<Uuid> {
    let membership = find_membership(work.read(), id).await?;
    let permit = permit_step(work, &membership, step).await?;
    let reason = reason.map(check_reason).transpose()?;
    if move_membership(&permit, &membership, step, reason.clone()).await? {
        let unit = find_unit(work.read(), membership.unit_id).await?;
        resources::actions::hide_of_unit(&permit, unit.id, !unit.active).await?;
        if unit.active {
            rely_again(&permit, unit.id).await?;
        } else {
            let left = step == Step::Withdraw;
            let how = if left { MatchStatus::CancelledByUnit } else { MatchStatus::RevokedByCommunity };
            let why = reason.unwrap_or_else(|| "联盟成员资格已到期".to_owned());
            unsettle(&permit, unit.id, how, &why).await?;
        }
    }
    Ok(id)
}

/// Gives a unit's applications back and lists its confirmed matches for reassignment.
async fn unsettle(permit: &Permit, unit: Uuid, how: MatchStatus, why: &str) -> Result<()> {
    let work = permit.work();
    let live = [MatchStatus::Applied, MatchStatus::Confirmed, MatchStatus::Fulfilling, MatchStatus::Delivered];
    let matches = exchange::Entity::find()
        .filter(exchange::Column::UnitId.eq(unit))
        .filter(exchange::Column::Status.is_in(live))
        .order_by_asc(exchange::Column::Id)
        .all(work.read())
        .await?;
    hold_still(work, &matches).await?;
    for seen in matches {
        let mut locked = lock(work, &seen).await?;
        if locked.exchange.status == MatchStatus::Applied {
            locked.end(permit, how, why.to_owned()).await?;
        } else if locked.exchange.status.is_confirmed() {
            locked.exchange.reassign = true;
            save(permit, &locked.exchange).await?;
            permit.journal(ChangeKind::MatchReassignable, locked.exchange.node(), Some(locked.exchange.district_id));
        }
    }
    Ok(())
}

/// Locks all needs, then all pledges, in the order of their keys, before the first match is touched.
async fn hold_still(work: &Work, matches: &[exchange::Model]) -> Result<()> {
    use crate::needs::entity::need;
    use crate::resources::entity::pledge;
    let needs = matches.iter().filter_map(|exchange| exchange.need_id);
    need::Entity::find().filter(need::Column::Id.is_in(needs)).order_by_asc(need::Column::Id).lock_exclusive().all(work.read()).await?;
    let pledges = matches.iter().filter_map(|exchange| exchange.pledge_id);
    pledge::Entity::find()
        .filter(pledge::Column::Id.is_in(pledges))
        .order_by_asc(pledge::Column::Id)
        .lock_exclusive()
        .all(work.read())
        .await?;
    Ok(())
}

/// A unit that is back can be relied on again for what it still has to deliver.
async fn rely_again(permit: &Permit, unit: Uuid) -> Result<()> {
    exchange::Entity::update_many()
        .col_expr(exchange::Column::Reassign, sea_orm::sea_query::Expr::value(false))
        .filter(exchange::Column::UnitId.eq(unit))
        .filter(exchange::Column::Reassign.eq(true))
        .exec(permit.write())
        .await?;
    Ok(())
}
