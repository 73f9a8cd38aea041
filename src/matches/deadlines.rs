//! What the clock does to matches: applications lapse, promises are nudged and returned, evaluations are released, communities are
//! reminded of reports, memberships expire, bookings end with the match that promised them.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::actions::answer::next_step;
use super::actions::use_venue::last_use;
use super::actions::{evaluate, lock};
use super::entity::{delivery, exchange};
use super::rules::MatchStatus;
use super::standing;
use crate::app::App;
use crate::auth::Permission;
use crate::bookings::actions::cancel;
use crate::bookings::entity::booking;
use crate::calendar::shanghai_day;
use crate::deadlines::{BATCH, each};
use crate::error::{AppError, Result};
use crate::journal::ChangeKind;
use crate::units::entity::membership;
use crate::work::Work;

/// Takes the steps that are due now; says how many there were.
pub async fn run(app: &App) -> Result<u64> {
    let now = app.clock().now();
    let due = exchange::Entity::find()
        .select_only()
        .column(exchange::Column::Id)
        .filter(exchange::Column::NextStepAt.lte(now))
        .order_by_asc(exchange::Column::NextStepAt)
        .limit(BATCH)
        .into_tuple::<Uuid>()
        .all(app.db())
        .await?;
    let reports = delivery::Entity::find()
        .select_only()
        .column(delivery::Column::Id)
        .filter(delivery::Column::RemindAt.lte(now))
        .order_by_asc(delivery::Column::RemindAt)
        .limit(BATCH)
        .into_tuple::<Uuid>()
        .all(app.db())
        .await?;
    let ended = membership::Entity::find()
        .select_only()
        .column(membership::Column::Id)
        .filter(membership::Column::Until.lt(shanghai_day(now)))
        // In literals, as the index says it: SQLite does not find a partial index by parameters.
        .filter(Expr::cust("\"memberships\".\"status\" IN ('ACTIVE', 'SUSPENDED')"))
        .order_by_asc(membership::Column::Until)
        .limit(BATCH)
        .into_tuple::<Uuid>()
        .all(app.db())
        .await?;
    // Time that was promised by what has ended meanwhile, whichever way it ended.
    let over = Query::select()
        .column(exchange::Column::Id)
        .from(exchange::Entity)
        .and_where(exchange::Column::Status.is_not_in([MatchStatus::Confirmed, MatchStatus::Fulfilling, MatchStatus::Delivered]))
        .to_owned();
    let adrift = booking::Entity::find()
        .select_only()
        .column(booking::Column::Id)
        .filter(Expr::cust("\"bookings\".\"match_id\" IS NOT NULL AND \"bookings\".\"status\" IN ('REQUESTED', 'APPROVED')"))
        .filter(booking::Column::StartsAt.gt(now))
        .filter(booking::Column::MatchId.in_subquery(over))
        .order_by_asc(booking::Column::Id)
        .limit(BATCH)
        .into_tuple::<Uuid>()
        .all(app.db())
        .await?;
    let given_up = each(app, adrift, |work, id| async move {
        cancel(&work, id, "对接已办结或终止，尚未开始的场地预约随之取消").await.map(|_| ())
    })
    .await?;
    let expired = each(app, ended, |work, id| async move { standing::expire(&work, id).await.map(|_| ()) }).await?;
    let moved = each(app, due, |work, id| async move { step(&work, id).await }).await?;
    Ok(given_up + expired + moved + each(app, reports, |work, id| async move { remind(&work, id).await }).await?)
}

async fn step(work: &Work, id: Uuid) -> Result<()> {
    let seen = exchange::Entity::find_by_id(id).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let permit = work.permit(Permission::AnswerMatch, &seen.at().scope(), None)?;
    let mut locked = lock(work, &seen).await?;
    if locked.exchange.next_step_at.is_none_or(|at| work.now() < at) {
        return Ok(());
    }
    // Who has the venue booked is not late before it was used.
    let last_use = if locked.exchange.status.is_confirmed() { last_use(work, &locked.exchange).await? } else { None };
    if let Some(over) = last_use.filter(|over| work.now() < *over) {
        locked.exchange.next_step_at = Some(work.calendar().deadline(over, work.app().settings().overdue_days));
        return locked.save(&permit).await;
    }
    match locked.exchange.status {
        MatchStatus::Applied => locked.end(&permit, MatchStatus::TimedOut, "逾期未确认，已自动失效".to_owned()).await,
        MatchStatus::Completed => evaluate::release(&permit, &mut locked).await,
        MatchStatus::Confirmed | MatchStatus::Fulfilling if locked.exchange.nudged_at.is_none() => {
            // As of the day on which it was due, however late the sweep comes by.
            locked.exchange.nudged_at = locked.exchange.next_step_at;
            locked.exchange.next_step_at = next_step(work, &locked.exchange);
            locked.save(&permit).await?;
            permit.journal(ChangeKind::MatchNudged, locked.exchange.node(), Some(locked.exchange.district_id));
            Ok(())
        }
        MatchStatus::Confirmed | MatchStatus::Fulfilling if locked.exchange.delivered == 0 => {
            locked.end(&permit, MatchStatus::TimedOut, "逾期未履约，剩余数量已退回".to_owned()).await
        }
        _ => {
            locked.exchange.next_step_at = None;
            locked.save(&permit).await
        }
    }
}

async fn remind(work: &Work, id: Uuid) -> Result<()> {
    let seen = delivery::Entity::find_by_id(id).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)?;
    if seen.remind_at.is_none_or(|at| work.now() < at) {
        return Ok(());
    }
    let exchange = exchange::Entity::find_by_id(seen.match_id).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let permit = work.permit(Permission::AcceptDelivery, &exchange.at().scope(), None)?;
    delivery::ActiveModel { id: Set(id), remind_at: Set(None), ..Default::default() }.update(permit.write()).await?;
    permit.journal(ChangeKind::DeliveryReminded, seen.node(), Some(exchange.district_id));
    Ok(())
}
