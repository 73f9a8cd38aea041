//! The waiting list: what is in the way of a time, and who gets one that comes free.

use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

use super::{Locked, move_to};
use crate::auth::Permit;
use crate::bookings::entity::{booking, live, waiting};
use crate::bookings::rules::{self, BookingStatus};
use crate::calendar::Span;
use crate::error::Result;
use crate::journal::{ChangeKind, Entry};
use crate::venues::entity::{find_venue, zone};
use crate::venues::rules::check_open;

/// The live bookings of a locked zone that hold anything of a span. What has expired meanwhile expires here and now, whether or not the
/// sweep has come by.
pub(super) async fn in_the_way(permit: &Permit, zone: &zone::Model, span: Span) -> Result<Vec<booking::Model>> {
    let now = permit.work().now();
    let lapsed = |booking: &booking::Model| rules::due(booking, now) == Some(BookingStatus::Expired);
    let found = live([zone.id], span.0, span.1).all(permit.write()).await?;
    if !found.iter().any(lapsed) {
        return Ok(found);
    }
    let venue = find_venue(permit.write(), zone.venue_id).await?;
    for booking in found.into_iter().filter(lapsed) {
        let locked = Locked { venue: venue.clone(), zone: zone.clone(), booking };
        move_to(permit, &locked, BookingStatus::Expired, None).await?;
    }
    Ok(live([zone.id], span.0, span.1).all(permit.write()).await?)
}

/// Gives a time of a locked zone that came free to those who wait, in the order in which they asked, as far as it reaches.
pub(super) async fn promote(permit: &Permit, zone: &zone::Model, freed: Span) -> Result<()> {
    let work = permit.work();
    let waiting = waiting(permit.write(), zone.id, freed.0, freed.1).await?;
    let (Some(from), Some(to)) = (waiting.iter().map(|one| one.held_from).min(), waiting.iter().map(|one| one.held_until).max()) else {
        return Ok(());
    };
    let venue = find_venue(permit.write(), zone.venue_id).await?;
    if check_open(&venue, Some(zone), work.today()).is_err() {
        return Ok(());
    }
    let mut taken: Vec<Span> =
        live([zone.id], from, to).all(permit.write()).await?.iter().map(|booking| (booking.held_from, booking.held_until)).collect();
    for booking in waiting {
        let held = (booking.held_from, booking.held_until);
        let is_open = rules::is_open(&venue, zone, (booking.starts_at, booking.ends_at));
        if !is_open || booking.starts_at <= work.now() || taken.iter().any(|other| rules::overlap(held, *other)) {
            continue;
        }
        taken.push(held);
        let day = work.now() + chrono::TimeDelta::hours(work.app().settings().promotion_hours.into());
        let row = booking::ActiveModel {
            id: Set(booking.id),
            status: Set(BookingStatus::Requested),
            promoted: Set(true),
            next_step_at: Set(Some(day.min(booking.starts_at))),
            ..Default::default()
        };
        booking::Entity::update(row).exec(permit.write()).await?;
        permit.record(Entry::new(ChangeKind::BookingPromoted, booking.node(), Some(booking.district_id)));
    }
    Ok(())
}
