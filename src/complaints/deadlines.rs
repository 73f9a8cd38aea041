//! What time does to complaints: unanswered ones go up, answered ones are erased. Any instance may take a step, twice without harm.

use chrono::TimeDelta;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::complaint::{ActiveModel, Column, Entity};
use super::entity::hold;
use super::rules::ComplaintStatus;
use crate::app::App;
use crate::deadlines::{BATCH, each};
use crate::error::Result;
use crate::journal::ChangeKind;
use crate::work::Work;

/// How long what was written is kept after the answer.
pub const KEPT: TimeDelta = TimeDelta::days(180);

/// Takes the steps that are due now; says how many there were.
pub async fn run(app: &App) -> Result<u64> {
    let due = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::NextStepAt.lte(app.clock().now()))
        .order_by_asc(Column::NextStepAt)
        .limit(BATCH)
        .into_tuple::<Uuid>()
        .all(app.db())
        .await?;
    each(app, due, |work, id| async move { step(&work, id).await }).await
}

async fn step(work: &Work, id: Uuid) -> Result<()> {
    let (complaint, permit) = hold(work, id).await?;
    if complaint.next_step_at.is_none_or(|at| at > work.now()) {
        return Ok(());
    }
    let mut row = ActiveModel { id: Set(id), next_step_at: Set(None), ..Default::default() };
    let kind = match (complaint.status, complaint.above_handler()) {
        (ComplaintStatus::Received, Some(above)) => {
            row.handler_id = Set(above);
            // From today: however late the sweep comes by, whoever it goes up to has its days.
            row.next_step_at = Set(Some(work.working_days(work.app().settings().complaint_days)));
            Some(ChangeKind::ComplaintEscalated)
        }
        (ComplaintStatus::Received, None) => None,
        (ComplaintStatus::Answered | ComplaintStatus::Erased, _) => {
            row.status = Set(ComplaintStatus::Erased);
            row.words_sealed = Set(None);
            row.contact_sealed = Set(None);
            row.answer_sealed = Set(None);
            row.transfer_sealed = Set(None);
            row.objection_sealed = Set(None);
            row.earlier_sealed = Set(None);
            Some(ChangeKind::ComplaintErased)
        }
    };
    row.update(permit.write()).await?;
    if let Some(kind) = kind {
        permit.journal(kind, complaint.node(), Some(complaint.district_id));
    }
    Ok(())
}
