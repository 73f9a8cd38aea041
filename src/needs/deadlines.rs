//! What the clock does to needs: windows end, needs go up, fulfilled ones close. Any instance may take a step, twice without harm.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{lock, need};
use super::rules::{self, NeedStatus, Publication, Step};
use crate::app::App;
use crate::auth::{Permission, Permit};
use crate::deadlines::{BATCH, each};
use crate::error::Result;
use crate::journal::{ChangeKind, Entry};
use crate::work::Work;

/// Takes the steps that are due now; says how many there were.
pub async fn run(app: &App) -> Result<u64> {
    let due = need::Entity::find()
        .select_only()
        .column(need::Column::Id)
        .filter(need::Column::NextStepAt.lte(app.clock().now()))
        .order_by_asc(need::Column::NextStepAt)
        .limit(BATCH)
        .into_tuple::<Uuid>()
        .all(app.db())
        .await?;
    each(app, due, |work, id| async move { step(&work, id).await }).await
}

async fn step(work: &Work, id: Uuid) -> Result<()> {
    let need = lock(work, id).await?;
    let permit = work.permit(Permission::ManageNeed, &need.at().scope(), None)?;
    settle(&permit, need).await?;
    Ok(())
}

/// Takes the step that is due on a locked need, so that an action never decides on a state that the clock has ended.
pub async fn settle(permit: &Permit, mut need: need::Model) -> Result<need::Model> {
    let work = permit.work();
    let settings = work.app().settings();
    let Some(step) = rules::due(&need, work.now()) else { return Ok(need) };
    // Counted from the day that the deadline ended, however late the sweep comes by.
    let was_due = need.next_step_at.unwrap_or_else(|| work.now()) - chrono::TimeDelta::microseconds(1);
    let kind = match step {
        Step::Open => {
            need.publication = Publication::Open;
            need.next_step_at = (need.unmatched > 0).then(|| work.calendar().deadline(was_due, settings.open_days));
            Some(ChangeKind::NeedOpened)
        }
        Step::ToStreet => {
            need.publication = Publication::Escalated;
            need.escalated_to_id = Some(need.street_id);
            need.next_step_at = Some(work.calendar().deadline(was_due, settings.street_days));
            Some(ChangeKind::NeedEscalated)
        }
        Step::ToDistrict => {
            need.escalated_to_id = Some(need.district_id);
            need.next_step_at = None;
            Some(ChangeKind::NeedEscalated)
        }
        Step::Close => {
            need.status = NeedStatus::Closed;
            need.next_step_at = None;
            Some(ChangeKind::NeedClosed)
        }
        Step::Rest => {
            need.next_step_at = None;
            None
        }
    };
    need.status = rules::status(&need);
    let row = need::ActiveModel {
        id: Set(need.id),
        publication: Set(need.publication),
        status: Set(need.status),
        escalated_to_id: Set(need.escalated_to_id),
        next_step_at: Set(need.next_step_at),
        ..Default::default()
    };
    row.update(permit.write()).await?;
    if let Some(kind) = kind {
        work.journal(Entry::new(kind, need.node(), Some(need.district_id)));
    }
    Ok(need)
}

/// When the clock next moves a need whose quantities have changed. What is given back returns to the hall, or to its window if that still
/// runs; a clock that had come to rest starts anew.
pub fn next_step(work: &Work, before: &need::Model, after: &need::Model) -> Option<DateTime<Utc>> {
    let settings = work.app().settings();
    if after.status == NeedStatus::Accepted {
        let fulfilled = before.status != NeedStatus::Accepted;
        return if fulfilled { Some(work.working_days(settings.evaluation_days)) } else { after.next_step_at };
    }
    if after.unmatched == 0 || after.next_step_at.is_some() || after.status.is_ended() {
        return after.next_step_at;
    }
    match after.publication {
        Publication::Open => Some(work.working_days(settings.open_days)),
        Publication::Escalated if after.escalated_to_id == Some(after.street_id) => Some(work.working_days(settings.street_days)),
        _ => None,
    }
}

/// Journals that a need is claimed, matched, released or accepted, where a change of its quantities made it so.
pub fn journal_turn(permit: &Permit, before: &need::Model, after: &need::Model) {
    let entry = |kind| Entry::new(kind, after.node(), Some(after.district_id)).with(serde_json::json!({ "unmatched": after.unmatched }));
    if before.unmatched > 0 && after.unmatched == 0 {
        permit.record(entry(ChangeKind::NeedMatched));
    }
    if after.promised > before.promised && after.unmatched < before.unmatched && after.unmatched > 0 {
        permit.record(entry(ChangeKind::NeedClaimed));
    }
    if after.promised < before.promised && after.unmatched > before.unmatched && !after.status.is_ended() {
        permit.record(entry(ChangeKind::NeedReleased));
    }
    if after.status == NeedStatus::Accepted && before.status != NeedStatus::Accepted {
        permit.record(entry(ChangeKind::NeedAccepted));
    }
    let fulfilling = matches!(after.status, NeedStatus::InProgress | NeedStatus::Delivered | NeedStatus::Reopened);
    if fulfilling && before.status != after.status {
        permit.record(entry(ChangeKind::NeedProgressed));
    }
}
