//! What a unit's standing means for its pledges and matches: suspending, leaving and expiring hide and give back, resuming shows again.

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::actions::lock;
use super::entity::exchange;
use super::rules::MatchStatus;
use crate::areas::rules::check_reason;
use crate::auth::Permit;
use crate::error::Result;
use crate::journal::ChangeKind;
use crate::resources;
use crate::units::actions::{move_membership, permit_step};
use crate::units::entity::{find_alliance, find_membership, find_unit};
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
    let Some(turned) = move_membership(&permit, &membership, step, reason.clone()).await? else { return Ok(id) };
    let unit = find_unit(work.read(), membership.unit_id).await?;
    let concerned = if turned {
        resources::actions::hide_of_unit(&permit, unit.id, !unit.active).await?;
        of_unit(unit.id)
    } else {
        of_unit(unit.id).add(below(find_alliance(work.read(), membership.alliance_id).await?.host_id))
    };
    if matches!(step, Step::Admit | Step::Resume) {
        rely_again(&permit, concerned).await?;
    } else if membership.status.belongs() {
        let how = if step == Step::Withdraw { MatchStatus::CancelledByUnit } else { MatchStatus::RevokedByCommunity };
        let why = reason.unwrap_or_else(|| "联盟成员资格已到期".to_owned());
        unsettle(&permit, concerned, how, &why).await?;
    }
    Ok(id)
}

fn of_unit(unit: Uuid) -> Condition {
    Condition::all().add(exchange::Column::UnitId.eq(unit))
}

/// Who stands aside in one alliance only does so where that is at home: in its host's area.
fn below(host: Uuid) -> Condition {
    use exchange::Column;
    Condition::any().add(Column::CommunityId.eq(host)).add(Column::StreetId.eq(host)).add(Column::DistrictId.eq(host))
}

/// Gives a unit's applications back and lists its confirmed matches for reassignment.
async fn unsettle(permit: &Permit, concerned: Condition, how: MatchStatus, why: &str) -> Result<()> {
    let work = permit.work();
    let live = [MatchStatus::Applied, MatchStatus::Confirmed, MatchStatus::Fulfilling, MatchStatus::Delivered];
    let matches = exchange::Entity::find()
        .filter(concerned)
        .filter(exchange::Column::Status.is_in(live))
        .filter(exchange::Column::Reassign.eq(false))
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
            locked.save(permit).await?;
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
async fn rely_again(permit: &Permit, concerned: Condition) -> Result<()> {
    let work = permit.work();
    let matches = exchange::Entity::find()
        .filter(concerned)
        .filter(exchange::Column::Reassign.eq(true))
        .order_by_asc(exchange::Column::Id)
        .all(work.read())
        .await?;
    hold_still(work, &matches).await?;
    let ids = matches.iter().map(|exchange| exchange.id);
    let these = Condition::all().add(exchange::Column::Id.is_in(ids)).add(exchange::Column::Reassign.eq(true));
    // Those of no need and no pledge are held by nothing else: in the order of their keys too.
    exchange::Entity::find().filter(these.clone()).order_by_asc(exchange::Column::Id).lock_exclusive().all(work.read()).await?;
    exchange::Entity::update_many()
        .col_expr(exchange::Column::Reassign, sea_orm::sea_query::Expr::value(false))
        .filter(these)
        .exec(permit.write())
        .await?;
    Ok(())
}
