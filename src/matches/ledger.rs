//! How quantities move: each step of a match moves its need and its pledge by the same quantity, in one conditional statement a table.

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::entity::exchange;
use crate::auth::Permit;
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::needs::deadlines::{journal_turn, next_step};
use crate::needs::entity::need;
use crate::needs::rules as need_rules;
use crate::resources;
use crate::work::statement;

/// A movement of a need's four quantities.
#[derive(Clone, Copy, Default)]
pub struct Shift {
    pub unmatched: i64,
    pub promised: i64,
    pub delivered: i64,
    pub accepted: i64,
    /// Set by a refusal, cleared by a report, else left.
    pub reopened: Option<bool>,
}

/// Moves a locked need's quantities and tells its state anew.
pub async fn shift_need(permit: &Permit, need: &need::Model, shift: Shift) -> Result<need::Model> {
    let work = permit.work();
    let mut after = need::Model {
        unmatched: need.unmatched + shift.unmatched,
        promised: need.promised + shift.promised,
        delivered: need.delivered + shift.delivered,
        accepted: need.accepted + shift.accepted,
        reopened: shift.reopened.unwrap_or(need.reopened),
        ..need.clone()
    };
    after.status = need_rules::status(&after);
    after.next_step_at = next_step(work, need, &after);
    let sql = "UPDATE needs SET unmatched = unmatched + ?, promised = promised + ?, delivered = delivered + ?, accepted = accepted + ?, \
               reopened = ?, status = COALESCE(?, status), next_step_at = ? WHERE id = ? AND unmatched + ? >= 0";
    let values: [sea_orm::Value; 9] = [
        shift.unmatched.into(),
        shift.promised.into(),
        shift.delivered.into(),
        shift.accepted.into(),
        after.reopened.into(),
        // A need that is ending keeps its state until the last has been given back: what has ended holds nothing.
        (!after.status.is_ended()).then(|| after.status.code()).into(),
        after.next_step_at.into(),
        need.id.into(),
        shift.unmatched.into(),
    ];
    let moved = permit.write().execute_raw(statement(permit.write(), sql, values)).await?;
    if moved.rows_affected() == 0 {
        return Err(need_rules::not_enough_open(need).into());
    }
    journal_turn(permit, need, &after);
    Ok(after)
}

/// Writes a locked match's new quantities and state, if it still is as it was locked: a fault in the locking must not undo a movement.
pub async fn save(permit: &Permit, before: &exchange::Model, after: &exchange::Model) -> Result<()> {
    use exchange::Column;
    let row = exchange::ActiveModel {
        quantity: Set(after.quantity),
        outstanding: Set(after.outstanding),
        delivered: Set(after.delivered),
        accepted: Set(after.accepted),
        returned: Set(after.returned),
        promised_on: Set(after.promised_on),
        status: Set(after.status),
        reason: Set(after.reason.clone()),
        reassign: Set(after.reassign),
        confirmed_at: Set(after.confirmed_at),
        completed_at: Set(after.completed_at),
        nudged_at: Set(after.nudged_at),
        next_step_at: Set(after.next_step_at),
        unit_evaluated: Set(after.unit_evaluated),
        community_evaluated: Set(after.community_evaluated),
        evaluations_released_at: Set(after.evaluations_released_at),
        ..Default::default()
    };
    let saved = exchange::Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(before.id))
        .filter(Column::Status.eq(before.status))
        .filter(Column::Outstanding.eq(before.outstanding))
        .filter(Column::Delivered.eq(before.delivered))
        .filter(Column::Accepted.eq(before.accepted))
        .exec(permit.write())
        .await?;
    if saved.rows_affected == 0 { Err(AppError::Conflict) } else { Ok(()) }
}

/// The rows that a match moves, locked in the one order: need, pledge, match.
pub struct Locked {
    pub need: Option<need::Model>,
    pub pledge: Option<resources::Model>,
    pub exchange: exchange::Model,
    /// The match as the database has it.
    stored: exchange::Model,
}

impl Locked {
    pub fn new(need: Option<need::Model>, pledge: Option<resources::Model>, exchange: exchange::Model) -> Locked {
        Locked { need, pledge, stored: exchange.clone(), exchange }
    }

    /// Writes what has become of the match.
    pub async fn save(&mut self, permit: &Permit) -> Result<()> {
        save(permit, &self.stored, &self.exchange).await?;
        self.stored = self.exchange.clone();
        Ok(())
    }

    /// Moves the need, if the match has one.
    pub async fn shift_need(&mut self, permit: &Permit, shift: Shift) -> Result<()> {
        if let Some(need) = &self.need {
            self.need = Some(shift_need(permit, need, shift).await?);
        }
        Ok(())
    }

    /// Gives back what is outstanding and ends the match: COMPLETED where something was accepted, else `how`. Its open transfer ends too.
    pub async fn end(&mut self, permit: &Permit, how: super::rules::MatchStatus, reason: String) -> Result<()> {
        let rest = self.exchange.outstanding;
        let was = self.exchange.status;
        if rest > 0 {
            self.shift_need(permit, Shift { promised: -rest, unmatched: rest, ..Shift::default() }).await?;
            if let Some(pledge) = &self.pledge {
                resources::actions::release(permit, pledge, rest).await?;
            }
        }
        let accepted = self.exchange.accepted > 0;
        self.exchange.outstanding = 0;
        self.exchange.returned += rest;
        self.exchange.status = if accepted { super::rules::MatchStatus::Completed } else { how };
        self.exchange.reason = Some(reason.clone());
        self.exchange.reassign = false;
        self.exchange.next_step_at = None;
        if accepted {
            self.complete(permit);
        }
        self.save(permit).await?;
        let kind = match how {
            _ if accepted => ChangeKind::MatchCompleted,
            super::rules::MatchStatus::Rejected => ChangeKind::MatchRejected,
            super::rules::MatchStatus::CancelledByUnit => ChangeKind::MatchCancelled,
            super::rules::MatchStatus::TimedOut => ChangeKind::MatchTimedOut,
            super::rules::MatchStatus::Transferred => ChangeKind::MatchTransferred,
            _ => ChangeKind::MatchRevoked,
        };
        let detail = serde_json::json!({ "from": was.code(), "returned": rest, "reason": reason });
        permit.record(Entry::new(kind, self.exchange.node(), Some(self.exchange.district_id)).with(detail));
        super::actions::transfer::drop_proposals(permit, &self.exchange).await
    }

    /// From now on both sides can rate; sealed until both have or the time is over.
    pub fn complete(&mut self, permit: &Permit) {
        let work = permit.work();
        self.exchange.completed_at = Some(work.now());
        self.exchange.reassign = false;
        self.exchange.next_step_at = Some(work.working_days(work.app().settings().evaluation_days));
    }
}
