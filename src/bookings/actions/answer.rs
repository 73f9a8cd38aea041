//! Answering, giving up and concluding a booking.

use uuid::Uuid;

use super::{Locked, lock, move_to, party};
use crate::areas::rules::check_reason;
use crate::auth::{Permission, Permit};
use crate::bookings::rules::{self, BookingStatus};
use crate::error::Result;
use crate::refusal::{Reason, Refusal};
use crate::units::entity::find_unit;
use crate::work::Work;

/// A booking, locked, and the right of the venue's owner over it.
async fn lock_as_owner(work: &Work, id: Uuid) -> Result<(Locked, Permit)> {
    let locked = lock(work, id).await?;
    let permit = work.permit(Permission::AnswerBooking, &locked.venue.scope(), Some(locked.booking.node()))?;
    Ok((locked, permit))
}

pub async fn approve(work: &Work, id: Uuid) -> Result<Uuid> {
    let (locked, permit) = lock_as_owner(work, id).await?;
    if rules::approve(&locked.booking, permit.account(), work.now())? {
        move_to(&permit, &locked, BookingStatus::Approved, None).await?;
    }
    Ok(id)
}

pub async fn reject(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    let (locked, permit) = lock_as_owner(work, id).await?;
    let reason = check_reason(reason)?;
    if rules::reject(&locked.booking)? {
        move_to(&permit, &locked, BookingStatus::Rejected, Some(&reason)).await?;
    }
    Ok(id)
}

/// Gives a booking up, for whoever booked or for the owner of the venue.
pub async fn cancel(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    let locked = lock(work, id).await?;
    let permit = cancelling(work, &locked).await?;
    let reason = check_reason(reason)?;
    if rules::cancel(&locked.booking, work.now())? {
        move_to(&permit, &locked, BookingStatus::Cancelled, Some(&reason)).await?;
    }
    Ok(id)
}

/// The right of either side to give a booking up.
pub(super) async fn cancelling(work: &Work, locked: &Locked) -> Result<Permit> {
    let node = locked.booking.node();
    match work.permit(Permission::BookZone, &party(work, &locked.booking).await?, Some(node)) {
        Ok(permit) => Ok(permit),
        Err(refused) => work.permit(Permission::AnswerBooking, &locked.venue.scope(), Some(node)).map_err(|_| refused),
    }
}

/// Takes up a time that came free for whoever waited for it, where the zone asks for no approval or is their own.
pub async fn take_up(work: &Work, id: Uuid) -> Result<Uuid> {
    let locked = lock(work, id).await?;
    let permit = work.permit(Permission::BookZone, &party(work, &locked.booking).await?, Some(locked.booking.node()))?;
    if let Some(unit) = locked.booking.unit_id
        && !find_unit(work.read(), unit).await?.active
    {
        return Err(Refusal::from(Reason::NotAMember).into());
    }
    if rules::take_up(&locked.booking, &locked.venue, &locked.zone, work.now())? {
        move_to(&permit, &locked, BookingStatus::Approved, None).await?;
    }
    Ok(id)
}

/// Says that a booking took place, or that nobody came.
pub async fn conclude(work: &Work, id: Uuid, as_: BookingStatus) -> Result<Uuid> {
    let (locked, permit) = lock_as_owner(work, id).await?;
    if rules::conclude(&locked.booking, as_, work.now())? {
        move_to(&permit, &locked, as_, None).await?;
    }
    Ok(id)
}
