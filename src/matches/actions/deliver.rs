//! Delivering: the unit reports, the community accepts in whole or in part, or refuses with a reason.

use chrono::NaiveDate;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::answer::next_step;
use super::transfer::drop_proposals;
use super::use_venue::check_report;
use super::{lock, peek};
use crate::areas::rules::{check_reason, optional};
use crate::auth::{Permission, Permit};
use crate::contributions;
use crate::contributions::entity::contribution;
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::matches::entity::{delivery, exchange};
use crate::matches::ledger::{Locked, Shift};
use crate::matches::rules::{self, DeliveryStatus, MatchStatus};
use crate::needs::rules::check_quantity;
use crate::refusal::Refusal;
use crate::resources;
use crate::resources::rules::ResourceForm;
use crate::work::Work;

/// What a unit says it handed over.
#[derive(Clone)]
pub struct Report {
    pub exchange: Uuid,
    /// The booking by which the venue was used.
    pub booking: Option<Uuid>,
    pub quantity: Decimal,
    pub delivered_on: NaiveDate,
    pub note: Option<String>,
    pub fair_value: Option<Decimal>,
    pub hours: Option<Decimal>,
}

pub async fn report(work: &Work, report: &Report) -> Result<Uuid> {
    let seen = peek(work, report.exchange).await?;
    let permit = work.permit(Permission::ReportDelivery, &crate::auth::Scope::Unit(seen.unit_id), Some(seen.node()))?;
    let mut locked = lock(work, &seen).await?;
    rules::report(&locked.exchange)?;
    let quantity = check_quantity("quantity", report.quantity)?;
    if quantity > locked.exchange.outstanding {
        return Err(rules::too_much("quantity", locked.exchange.outstanding, &locked.exchange.measure));
    }
    rules::check_delivered_on(&locked.exchange, report.delivered_on, work.today())?;
    check_report(work, &locked.exchange, report.booking, quantity, report.delivered_on).await?;
    let model = delivery::Model {
        id: work.new_key(),
        match_id: locked.exchange.id,
        booking_id: report.booking,
        quantity,
        accepted: None,
        delivered_on: report.delivered_on,
        note: optional("note", report.note.as_deref(), 1000)?,
        answer: None,
        fair_value: fair_value(&locked.exchange, report.fair_value, quantity)?,
        hours: hours(report.hours)?,
        status: DeliveryStatus::Reported,
        reported_by: permit.account().ok_or_else(|| AppError::internal("the service itself delivers nothing"))?,
        reported_at: work.now(),
        answered_at: None,
        remind_at: Some(work.working_days(work.app().settings().reminder_days)),
    };
    locked.exchange.outstanding -= quantity;
    locked.exchange.delivered += quantity;
    settle(&permit, &mut locked, Shift { promised: -quantity, delivered: quantity, reopened: Some(false), ..Shift::default() }).await?;
    let (id, entry) = (model.id, Entry::new(ChangeKind::DeliveryReported, model.node(), Some(seen.district_id)));
    delivery::Entity::insert(delivery::ActiveModel::from(model)).exec_without_returning(permit.write()).await?;
    permit.record(entry.with(serde_json::json!({ "quantity": quantity, "day": report.delivered_on })));
    Ok(id)
}

/// Money is its own fair value; for anything else the unit says it.
fn fair_value(exchange: &exchange::Model, named: Option<Decimal>, quantity: i64) -> Result<Option<i64>> {
    match named {
        Some(value) => {
            let refusal = || {
                Refusal::invalid(
                    "fairValue",
                    "金额以元为单位，不得小于 0，最多两位小数",
                    "An amount of yuan, not below 0, with at most two places",
                )
            };
            Ok(Some(value.to_fen().filter(|fen| *fen >= 0).ok_or_else(refusal)?))
        }
        None => Ok((exchange.form == ResourceForm::Funds && exchange.measure == "元").then_some(quantity / 10)),
    }
}

fn hours(named: Option<Decimal>) -> Result<Option<i64>> {
    let hours = named.map(Decimal::to_thousandths);
    if hours.is_some_and(|hours| hours < 0) {
        return Err(Refusal::invalid("hours", "工时不能小于 0", "Hours cannot be below 0").into());
    }
    Ok(hours)
}

/// After any movement: the need follows, the state is told anew, and the clock with it.
async fn settle(permit: &Permit, locked: &mut Locked, shift: Shift) -> Result<()> {
    locked.exchange.status = rules::status(&locked.exchange);
    locked.exchange.next_step_at = next_step(permit.work(), &locked.exchange);
    if locked.exchange.status == MatchStatus::Completed {
        locked.complete(permit);
    }
    locked.shift_need(permit, shift).await?;
    locked.save(permit).await?;
    if locked.exchange.status == MatchStatus::Completed {
        drop_proposals(permit, &locked.exchange).await?;
    }
    Ok(())
}

/// A report with everything that its answer moves, locked.
async fn lock_report(work: &Work, id: Uuid) -> Result<(Permit, Locked, delivery::Model)> {
    let seen = delivery::Entity::find_by_id(id).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let exchange = peek(work, seen.match_id).await?;
    let permit = work.permit(Permission::AcceptDelivery, &exchange.at().scope(), Some(seen.node()))?;
    let locked = lock(work, &exchange).await?;
    let delivery = delivery::Entity::find_by_id(id).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)?;
    Ok((permit, locked, delivery))
}

/// Accepts a report in whole or in part; what is not accepted is outstanding again, and the promised day does not move.
pub async fn accept(work: &Work, id: Uuid, quantity: Decimal, note: Option<&str>) -> Result<Uuid> {
    let (permit, mut locked, delivery) = lock_report(work, id).await?;
    let accepted = check_quantity("quantity", quantity)?;
    if accepted > delivery.quantity {
        return Err(rules::too_much("quantity", delivery.quantity, &locked.exchange.measure));
    }
    if !rules::answer_report(&delivery, accepted, permit.account())? {
        return Ok(id);
    }
    let rest = delivery.quantity - accepted;
    locked.exchange.delivered -= delivery.quantity;
    locked.exchange.accepted += accepted;
    locked.exchange.outstanding += rest;
    if let Some(pledge) = &locked.pledge {
        resources::actions::give(&permit, pledge, accepted).await?;
    }
    settle(&permit, &mut locked, Shift { delivered: -delivery.quantity, accepted, promised: rest, ..Shift::default() }).await?;
    let row = delivery::ActiveModel {
        accepted: Set(Some(accepted)),
        answer: Set(optional("note", note, 1000)?),
        status: Set(if rest == 0 { DeliveryStatus::Accepted } else { DeliveryStatus::PartlyAccepted }),
        answered_at: Set(Some(work.now())),
        remind_at: Set(None),
        ..Default::default()
    };
    write_answer(&permit, id, row).await?;
    let entry = Entry::new(ChangeKind::DeliveryAccepted, delivery.node(), Some(locked.exchange.district_id));
    permit.record(entry.with(serde_json::json!({ "accepted": accepted, "of": delivery.quantity })));
    contributions::actions::record(&permit, line(work, &locked.exchange, &delivery, accepted)).await?;
    if locked.exchange.status == MatchStatus::Completed {
        permit.journal(ChangeKind::MatchCompleted, locked.exchange.node(), Some(locked.exchange.district_id));
    }
    Ok(id)
}

/// Writes what a report was answered, once.
async fn write_answer(permit: &Permit, id: Uuid, row: delivery::ActiveModel) -> Result<()> {
    let answered = delivery::Entity::update_many()
        .set(row)
        .filter(delivery::Column::Id.eq(id))
        .filter(delivery::Column::Status.eq(DeliveryStatus::Reported))
        .exec(permit.write())
        .await?;
    if answered.rows_affected == 0 { Err(AppError::Conflict) } else { Ok(()) }
}

fn line(work: &Work, exchange: &exchange::Model, delivery: &delivery::Model, accepted: i64) -> contribution::Model {
    let part = |whole| rules::pro_rata(whole, accepted, delivery.quantity);
    contribution::Model {
        id: work.new_key(),
        district_id: exchange.district_id,
        street_id: exchange.street_id,
        community_id: exchange.community_id,
        unit_id: exchange.unit_id,
        delivery_id: Some(delivery.id),
        co_building_id: None,
        form: exchange.form,
        value: delivery.fair_value.map_or(0, part),
        hours: delivery.hours.map(part),
        recorded_on: work.today(),
        reverses_id: None,
        reason: None,
    }
}

/// Whether no later report, of this match or another, serves the same need.
async fn is_latest(permit: &Permit, locked: &Locked, delivery: &delivery::Model) -> Result<bool> {
    let Some(need) = &locked.need else { return Ok(true) };
    let serving =
        Query::select().column(exchange::Column::Id).from(exchange::Entity).and_where(exchange::Column::NeedId.eq(need.id)).to_owned();
    let later = delivery::Entity::find()
        .filter(delivery::Column::MatchId.in_subquery(serving))
        .filter(delivery::Column::Id.gt(delivery.id))
        .count(permit.write())
        .await?;
    Ok(later == 0)
}

/// Refuses a report: all of it is outstanding again, and the promised day does not move.
pub async fn refuse(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    let (permit, mut locked, delivery) = lock_report(work, id).await?;
    if !rules::answer_report(&delivery, 0, permit.account())? {
        return Ok(id);
    }
    let reason = check_reason(reason)?;
    locked.exchange.delivered -= delivery.quantity;
    locked.exchange.outstanding += delivery.quantity;
    let reopened = is_latest(&permit, &locked, &delivery).await?.then_some(true);
    settle(&permit, &mut locked, Shift { delivered: -delivery.quantity, promised: delivery.quantity, reopened, ..Shift::default() })
        .await?;
    let row = delivery::ActiveModel {
        accepted: Set(Some(0)),
        answer: Set(Some(reason.clone())),
        status: Set(DeliveryStatus::Refused),
        answered_at: Set(Some(work.now())),
        remind_at: Set(None),
        ..Default::default()
    };
    write_answer(&permit, id, row).await?;
    let entry = Entry::new(ChangeKind::DeliveryRefused, delivery.node(), Some(locked.exchange.district_id));
    permit.record(entry.with(serde_json::json!({ "reason": reason })));
    Ok(id)
}
