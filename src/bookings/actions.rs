//! Verbs of bookings: book once or in a series, answer, give up, take up, say who came.

mod answer;
mod book;
mod series;
mod waiting;

use sea_orm::ActiveValue::Set;
use sea_orm::{EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::entity::{booking, visible_to};
use super::rules::BookingStatus;
use crate::auth::{Permit, Scope};
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::venues::entity::{find_venue, lock_zone, venue, zone};
use crate::work::Work;

pub use answer::{approve, cancel, conclude, reject, take_up};
pub use book::{NewBooking, book};
pub use series::{NewSeries, book_series, cancel_series};

/// A booking with its zone and its venue; zone and booking locked, in this order.
struct Locked {
    venue: venue::Model,
    zone: zone::Model,
    booking: booking::Model,
}

/// A booking that the viewer may see, locked after its zone.
async fn lock(work: &Work, id: Uuid) -> Result<Locked> {
    let seen = booking::Entity::find_by_id(id).filter(visible_to(work.viewer())).one(work.read()).await?.ok_or(AppError::NotFound)?;
    lock_seen(work, &seen).await
}

async fn lock_seen(work: &Work, seen: &booking::Model) -> Result<Locked> {
    let zone = lock_zone(work.read(), seen.zone_id).await?;
    let venue = find_venue(work.read(), seen.venue_id).await?;
    let booking = booking::Entity::find_by_id(seen.id).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)?;
    Ok(Locked { venue, zone, booking })
}

/// Where the rights of whoever booked are asked for.
async fn party(work: &Work, booking: &booking::Model) -> Result<Scope> {
    match (booking.unit_id, booking.community_id) {
        (Some(unit), _) => Ok(Scope::Unit(unit)),
        (None, Some(community)) => Ok(crate::areas::entity::find(work.read(), community).await?.scope()),
        (None, None) => Err(AppError::internal("a booking is for a unit or for a community")),
    }
}

/// Moves a locked booking to a state; what it held goes to those who wait if it no longer lives.
async fn move_to(permit: &Permit, locked: &Locked, status: BookingStatus, reason: Option<&str>) -> Result<()> {
    let booking = &locked.booking;
    put(permit, booking, status, reason).await?;
    if booking.status.is_live() && !status.is_live() {
        waiting::promote(permit, &locked.zone, (booking.held_from, booking.held_until)).await?;
    }
    Ok(())
}

/// Writes and journals the new state of a locked booking.
async fn put(permit: &Permit, booking: &booking::Model, status: BookingStatus, reason: Option<&str>) -> Result<()> {
    let work = permit.work();
    let row = booking::ActiveModel {
        id: Set(booking.id),
        status: Set(status),
        reason: Set(reason.map(str::to_owned)),
        next_step_at: Set((status == BookingStatus::Approved).then(|| over(work, booking))),
        ..Default::default()
    };
    booking::Entity::update(row).exec(permit.write()).await?;
    record(permit, booking, status, reason);
    Ok(())
}

fn record(permit: &Permit, booking: &booking::Model, status: BookingStatus, reason: Option<&str>) {
    let kind = match status {
        BookingStatus::Approved => ChangeKind::BookingApproved,
        BookingStatus::Completed => ChangeKind::BookingCompleted,
        BookingStatus::Rejected => ChangeKind::BookingRejected,
        BookingStatus::Cancelled => ChangeKind::BookingCancelled,
        BookingStatus::NoShow => ChangeKind::BookingNoShow,
        _ => ChangeKind::BookingExpired,
    };
    // What was taken for everybody to see no longer is.
    let hides = booking.status.is_live() && !BookingStatus::TAKEN.contains(&status);
    let detail = serde_json::json!({ "from": booking.status.code(), "to": status.code(), "reason": reason });
    permit.record(Entry::new(kind, booking.node(), Some(booking.district_id)).hides(hides).with(detail));
}

/// When a booking that stands is taken to have taken place, unless its owner says otherwise before.
fn over(work: &Work, booking: &booking::Model) -> chrono::DateTime<chrono::Utc> {
    work.calendar().deadline(booking.ends_at, 1)
}

/// Takes the step that is due for a locked booking, if one still is.
pub(super) async fn pass(work: &Work, id: Uuid) -> Result<()> {
    let Some(seen) = booking::Entity::find_by_id(id).one(work.read()).await? else { return Ok(()) };
    let locked = lock_seen(work, &seen).await?;
    let permit = work.permit(crate::auth::Permission::AnswerBooking, &locked.venue.scope(), None)?;
    match super::rules::due(&locked.booking, work.now()) {
        Some(status) => move_to(&permit, &locked, status, None).await,
        None => Ok(()),
    }
}
