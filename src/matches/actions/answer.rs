//! Answering an application: the other side confirms or rejects.

use uuid::Uuid;

use super::{lock, peek};
use crate::areas::rules::check_reason;
use crate::auth::{Permission, Permit};
use crate::error::Result;
use crate::journal::ChangeKind;
use crate::matches::entity::exchange;
use crate::matches::ledger::Locked;
use crate::matches::rules::{self, MatchSide, MatchStatus};
use crate::refusal::Reason;
use crate::units::entity::hold_unit;
use crate::work::Work;

pub async fn confirm(work: &Work, id: Uuid) -> Result<Uuid> {
    let seen = peek(work, id).await?;
    let permit = work.permit(Permission::AnswerMatch, &seen.scope(rules::answering_side(&seen)), Some(seen.node()))?;
    let unit = hold_unit(work.read(), seen.unit_id).await?;
    if seen.transfer_of_id.is_some() && seen.status == MatchStatus::Applied {
        return super::transfer::confirm(&permit, &seen, unit.active).await;
    }
    let mut locked = lock(work, &seen).await?;
    if !rules::answer(&locked.exchange, true, permit.account(), work.now())? {
        return Ok(id);
    }
    if !unit.active {
        return Err(Reason::NotAMember.into());
    }
    let due_on = locked.need.as_ref().and_then(|need| need.due_on);
    start(&permit, &mut locked.exchange, due_on);
    locked.save(&permit).await?;
    permit.journal(ChangeKind::MatchConfirmed, locked.exchange.node(), Some(locked.exchange.district_id));
    Ok(id)
}

/// From the confirmation on the unit is to deliver by the promised day.
pub fn start(permit: &Permit, exchange: &mut exchange::Model, due_on: Option<chrono::NaiveDate>) {
    let work = permit.work();
    let named = exchange.promised_on.filter(|day| *day >= work.today());
    let default = work.working_days(work.app().settings().promise_days);
    exchange.promised_on = Some(rules::promised_on(named, due_on, work.today(), default));
    exchange.confirmed_at = Some(work.now());
    exchange.status = MatchStatus::Confirmed;
    exchange.next_step_at = next_step(work, exchange);
}

/// When a confirmed match is nudged for what is outstanding or, once it was, returned; nothing returns while a report waits for its answer.
pub fn next_step(work: &Work, exchange: &exchange::Model) -> Option<chrono::DateTime<chrono::Utc>> {
    let day = crate::calendar::start_of(exchange.promised_on?);
    match exchange.nudged_at {
        _ if exchange.outstanding == 0 => None,
        // Whose report is refused late is nudged then, and has the same days from then on.
        None => Some(day.max(work.now())),
        Some(nudged) => (exchange.delivered == 0).then(|| work.calendar().deadline(nudged.max(day), work.app().settings().overdue_days)),
    }
}

pub async fn reject(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    let seen = peek(work, id).await?;
    let permit = work.permit(Permission::AnswerMatch, &seen.scope(rules::answering_side(&seen)), Some(seen.node()))?;
    let mut locked = lock(work, &seen).await?;
    if rules::answer(&locked.exchange, false, permit.account(), work.now())? {
        locked.end(&permit, MatchStatus::Rejected, check_reason(reason)?).await?;
    }
    Ok(id)
}

/// Gives a match up for one side; what is outstanding goes back.
pub async fn cancel(work: &Work, id: Uuid, reason: &str, named: Option<MatchSide>) -> Result<Uuid> {
    let seen = peek(work, id).await?;
    let side = rules::side(work.viewer(), Permission::AnswerMatch, &seen, named)?;
    let permit = work.permit(Permission::AnswerMatch, &seen.scope(side), Some(seen.node()))?;
    let mut locked: Locked = lock(work, &seen).await?;
    if rules::cancel(&locked.exchange, side)? {
        locked.end(&permit, rules::cancelled_as(side), check_reason(reason)?).await?;
    }
    Ok(id)
}
