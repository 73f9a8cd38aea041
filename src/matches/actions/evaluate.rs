//! Rating: each side once, sealed until both have or the time is over; then the match is done and the need can close.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use super::{lock, peek};
use crate::areas::rules::optional;
use crate::auth::{Permission, Permit};
use crate::db::or_taken;
use crate::error::Result;
use crate::journal::ChangeKind;
use crate::matches::entity::{evaluation, exchange};
use crate::matches::ledger::Locked;
use crate::matches::rules::{self, Grade, MatchSide, MatchStatus};
use crate::needs::entity::need;
use crate::needs::rules::NeedStatus;
use crate::refusal::Reason;
use crate::work::Work;

pub async fn evaluate(work: &Work, id: Uuid, grade: Grade, comment: Option<&str>, named: Option<MatchSide>) -> Result<Uuid> {
    let seen = peek(work, id).await?;
    let side = rules::side(work.viewer(), Permission::AnswerMatch, &seen, named)?;
    let permit = work.permit(Permission::AnswerMatch, &seen.scope(side), Some(seen.node()))?;
    let mut locked = lock(work, &seen).await?;
    rules::evaluate(&locked.exchange, side)?;
    let model = evaluation::Model {
        id: work.new_key(),
        match_id: id,
        side,
        grade,
        comment: optional("comment", comment, 500)?,
        given_at: work.now(),
        released_at: None,
    };
    let (key, node) = (model.id, model.node());
    let inserted = evaluation::Entity::insert(evaluation::ActiveModel::from(model)).exec_without_returning(permit.write()).await;
    or_taken(inserted, || Reason::AlreadyEvaluated.into())?;
    permit.journal(ChangeKind::EvaluationGiven, node, Some(seen.district_id));
    match side {
        MatchSide::Unit => locked.exchange.unit_evaluated = true,
        MatchSide::Community => locked.exchange.community_evaluated = true,
    }
    if locked.exchange.unit_evaluated && locked.exchange.community_evaluated {
        release(&permit, &mut locked).await?;
    } else {
        locked.save(&permit).await?;
    }
    Ok(key)
}

async fn unseal(permit: &Permit, id: Uuid) -> Result<()> {
    evaluation::Entity::update_many()
        .col_expr(evaluation::Column::ReleasedAt, Expr::value(permit.work().now()))
        .filter(evaluation::Column::MatchId.eq(id))
        .filter(evaluation::Column::ReleasedAt.is_null())
        .exec(permit.write())
        .await?;
    Ok(())
}

/// Opens the evaluations of a locked match; the need closes once every match that served it is done.
pub async fn release(permit: &Permit, locked: &mut Locked) -> Result<()> {
    unseal(permit, locked.exchange.id).await?;
    locked.exchange.evaluations_released_at = Some(permit.work().now());
    locked.exchange.next_step_at = None;
    locked.save(permit).await?;
    permit.journal(ChangeKind::EvaluationReleased, locked.exchange.node(), Some(locked.exchange.district_id));
    let Some(need) = locked.need.as_ref().filter(|need| need.status == NeedStatus::Accepted) else { return Ok(()) };
    let sealed = exchange::Entity::find()
        .filter(exchange::Column::NeedId.eq(need.id))
        .filter(exchange::Column::Status.eq(MatchStatus::Completed))
        .filter(exchange::Column::EvaluationsReleasedAt.is_null())
        .count(permit.write())
        .await?;
    if sealed == 0 {
        let row = need::ActiveModel { id: Set(need.id), status: Set(NeedStatus::Closed), next_step_at: Set(None), ..Default::default() };
        row.update(permit.write()).await?;
        permit.journal(ChangeKind::NeedClosed, need.node(), Some(need.district_id));
    }
    Ok(())
}
