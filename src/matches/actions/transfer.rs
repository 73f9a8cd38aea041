//! Handing a match on: the unit proposes another, which confirms; until then the old match goes on and the new one holds nothing.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::answer::start;
use super::{lock, peek};
use crate::areas::rules::check_reason;
use crate::auth::{Permission, Permit, Scope};
use crate::db::or_taken;
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::matches::entity::exchange;
use crate::matches::ledger::save;
use crate::matches::rules::{self, MatchSide, MatchStatus};
use crate::refusal::{Reason, Refusal};
use crate::resources;
use crate::units::entity::{find_unit, hold_unit};
use crate::work::Work;

/// Proposes a match to another unit. The result is the new match, APPLIED and of quantity 0 until it is confirmed.
pub async fn propose(work: &Work, id: Uuid, to_unit: Uuid, reason: &str) -> Result<Uuid> {
    let seen = peek(work, id).await?;
    let permit = work.permit(Permission::TransferMatch, &Scope::Unit(seen.unit_id), Some(seen.node()))?;
    let unit = find_unit(work.read(), to_unit).await?;
    let unit = hold_unit(work.read(), unit.id).await?;
    let locked = lock(work, &seen).await?;
    rules::transfer(&locked.exchange)?;
    let reason = check_reason(reason).map_err(|refusal| refusal.at_input("reason"))?;
    if unit.id == seen.unit_id {
        return Err(Refusal::invalid("toUnit", "不能转交给本单位", "It is with this unit already").into());
    }
    if !unit.active {
        return Err(Refusal::from(Reason::NotAMember).at_input("toUnit").into());
    }
    let model = exchange::Model {
        id: work.new_key(),
        unit_id: unit.id,
        pledge_id: None,
        initiated_by: MatchSide::Unit,
        transfer_of_id: Some(id),
        quantity: 0,
        outstanding: 0,
        delivered: 0,
        accepted: 0,
        returned: 0,
        status: MatchStatus::Applied,
        reason: Some(reason),
        reassign: false,
        applied_by: permit.account().ok_or_else(|| AppError::internal("the service itself hands nothing on"))?,
        applied_at: work.now(),
        confirmed_at: None,
        completed_at: None,
        nudged_at: None,
        next_step_at: Some(work.working_days(work.app().settings().answer_days)),
        unit_evaluated: false,
        community_evaluated: false,
        evaluations_released_at: None,
        ..locked.exchange
    };
    let (key, entry) = (model.id, Entry::new(ChangeKind::MatchApplied, model.node(), Some(model.district_id)));
    let inserted = exchange::Entity::insert(exchange::ActiveModel::from(model)).exec_without_returning(permit.write()).await;
    or_taken(inserted, || Reason::TransferPending.into())?;
    permit.record(entry.with(serde_json::json!({ "transferOf": seen.node().to_string() })));
    Ok(key)
}

/// The other unit takes over what is outstanding.
pub async fn confirm(permit: &Permit, seen: &exchange::Model, active: bool) -> Result<Uuid> {
    let work = permit.work();
    let old = seen.transfer_of_id.ok_or_else(|| AppError::internal("not a transfer"))?;
    let old = exchange::Entity::find_by_id(old).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let mut locked = lock(work, &old).await?;
    let mut new = exchange::Entity::find_by_id(seen.id).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)?;
    if !rules::answer(&new, true, permit.account(), work.now())? {
        return Ok(new.id);
    }
    if !active {
        return Err(Reason::NotAMember.into());
    }
    rules::transfer(&locked.exchange)?;
    let moved = locked.exchange.outstanding;
    if let Some(pledge) = &locked.pledge {
        resources::actions::release(permit, pledge, moved).await?;
    }
    locked.exchange.outstanding = 0;
    locked.exchange.returned += moved;
    locked.exchange.status = if locked.exchange.accepted > 0 { MatchStatus::Completed } else { MatchStatus::Transferred };
    locked.exchange.reason = new.reason.clone();
    locked.exchange.reassign = false;
    locked.exchange.next_step_at = None;
    if locked.exchange.accepted > 0 {
        locked.complete(permit);
    }
    locked.save(permit).await?;
    let entry = Entry::new(ChangeKind::MatchTransferred, locked.exchange.node(), Some(locked.exchange.district_id));
    permit.record(entry.with(serde_json::json!({ "to": new.node().to_string(), "quantity": moved })));
    if locked.exchange.status == MatchStatus::Completed {
        permit.journal(ChangeKind::MatchCompleted, locked.exchange.node(), Some(locked.exchange.district_id));
    }

    let proposed = new.clone();
    new.quantity = moved;
    new.outstanding = moved;
    start(permit, &mut new, locked.need.as_ref().and_then(|need| need.due_on));
    save(permit, &proposed, &new).await?;
    permit.journal(ChangeKind::MatchConfirmed, new.node(), Some(new.district_id));
    Ok(new.id)
}

/// A match that ends takes its open proposal with it.
pub async fn drop_proposals(permit: &Permit, ended: &exchange::Model) -> Result<()> {
    let open = exchange::Entity::find()
        .filter(exchange::Column::TransferOfId.eq(ended.id))
        .filter(exchange::Column::Status.eq(MatchStatus::Applied))
        .lock_exclusive()
        .one(permit.write())
        .await?;
    if let Some(proposed) = open {
        let mut proposal = proposed.clone();
        proposal.status = MatchStatus::CancelledByUnit;
        proposal.next_step_at = None;
        save(permit, &proposed, &proposal).await?;
        permit.journal(ChangeKind::MatchCancelled, proposal.node(), Some(proposal.district_id));
    }
    Ok(())
}
