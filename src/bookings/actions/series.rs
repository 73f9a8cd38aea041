//! Booking a zone in a series, and giving up what is left of one.

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::answer::cancelling;
use super::book::{NewBooking, ask, journal};
use super::{Locked, record, waiting};
use crate::areas::rules::check_reason;
use crate::bookings::entity::{Skipped, booking, known_to, series};
use crate::bookings::rules::{self, BookingStatus, SeriesClash};
use crate::calendar::Span;
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::refusal::{Reason, Refusal};
use crate::venues::entity::{find_venue, lock_zone};
use crate::work::Work;

/// A booking that recurs.
#[derive(Clone)]
pub struct NewSeries {
    /// The first time and all that holds for each.
    pub first: NewBooking,
    pub rule: String,
    pub on_clash: SeriesClash,
}

/// Books every date of a rule: all of them or none, or all that can be had.
pub async fn book_series(work: &Work, new: &NewSeries) -> Result<Uuid> {
    let asked = ask(work, &new.first).await?;
    let dates = rules::dates(&new.rule, new.first.time)?;
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
        return Err(AppError::internal("a rule without dates is refused"));
    };
    let span = (rules::held(&asked.zone, *first).0, rules::held(&asked.zone, *last).1);
    let live = waiting::in_the_way(&asked.permit, &asked.zone, span).await?;
    let mut taken: Vec<Span> = live.iter().map(|booking| (booking.held_from, booking.held_until)).collect();
    let (mut booked, mut skipped) = (Vec::new(), Vec::new());
    let id = work.new_key();
    for date in dates {
        rules::check_time(&asked.venue, &asked.zone, date, work.now())?;
        let held = rules::held(&asked.zone, date);
        let clash = taken.iter().any(|other| rules::overlap(held, *other));
        let is_open = rules::is_open(&asked.venue, &asked.zone, date);
        if is_open && !clash {
            taken.push(held);
            booked.push(asked.model(&new.first, date, Some(id))?);
        } else if new.on_clash == SeriesClash::Skip {
            skipped.push(date);
        } else if !is_open {
            return Err(Refusal::from(Reason::OutsideOpeningHours).at_input("rule").into());
        } else {
            let clashes: Vec<_> =
                live.iter().filter(|booking| rules::overlap(held, (booking.held_from, booking.held_until))).cloned().collect();
            return Err(asked.taken(date, &clashes).await?.at_input("rule").into());
        }
    }
    if booked.is_empty() {
        return Err(Refusal::from(Reason::NothingToBook).at_input("rule").into());
    }
    let model = series::Model {
        id,
        district_id: asked.venue.district_id,
        zone_id: asked.zone.id,
        rule: new.rule.clone(),
        skipped: Skipped(skipped),
        created_at: work.now(),
    };
    let entry = Entry::new(ChangeKind::SeriesBooked, model.node(), Some(model.district_id));
    asked.permit.record(entry.with(serde_json::json!({ "booked": booked.len(), "skipped": model.skipped.0.len() })));
    series::Entity::insert(series::ActiveModel::from(model)).exec_without_returning(asked.permit.write()).await?;
    booked.iter().for_each(|booking| journal(&asked.permit, booking));
    let rows = booked.into_iter().map(booking::ActiveModel::from);
    booking::Entity::insert_many(rows).exec_without_returning(asked.permit.write()).await?;
    Ok(id)
}

/// Gives up all bookings of a series that are still to come.
pub async fn cancel_series(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    let seen = series::Entity::find_by_id(id).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let of_series = || booking::Entity::find().filter(booking::Column::SeriesId.eq(id)).order_by_asc(booking::Column::Id);
    // Who knows none of its bookings knows no series.
    let known = of_series().filter(known_to(work.viewer())).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let zone = lock_zone(work.read(), seen.zone_id).await?;
    let venue = find_venue(work.read(), zone.venue_id).await?;
    let one = Locked { venue, zone, booking: known };
    let permit = cancelling(work, &one).await?;
    let zone = one.zone;
    let reason = check_reason(reason)?;
    let mut to_come = of_series().lock_exclusive().all(work.read()).await?;
    to_come.retain(|booking| booking.status.is_live() && work.now() < booking.starts_at);
    let (Some(from), Some(to)) = (to_come.iter().map(|one| one.held_from).min(), to_come.iter().map(|one| one.held_until).max()) else {
        return Ok(id);
    };
    let given_up = booking::ActiveModel {
        status: Set(BookingStatus::Cancelled),
        reason: Set(Some(reason.clone())),
        next_step_at: Set(None),
        ..Default::default()
    };
    let these = booking::Column::Id.is_in(to_come.iter().map(|one| one.id));
    booking::Entity::update_many().set(given_up).filter(these).exec(permit.write()).await?;
    to_come.iter().for_each(|booking| record(&permit, booking, BookingStatus::Cancelled, Some(&reason)));
    let entry = Entry::new(ChangeKind::SeriesCancelled, seen.node(), Some(seen.district_id));
    permit.record(entry.with(serde_json::json!({ "givenUp": to_come.len(), "reason": reason })));
    waiting::promote(&permit, &zone, (from, to)).await?;
    Ok(id)
}
