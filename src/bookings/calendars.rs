//! Calendars to subscribe to: the bookings of a zone or of a person as iCalendar, at an address that only its owner knows and can revoke.

use std::collections::HashMap;

use chrono::TimeDelta;
use icalendar::{Calendar, Component, Event, EventLike, EventStatus};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{booking, calendar, known_to};
use super::rules::BookingStatus;
use crate::app::App;
use crate::auth::sessions;
use crate::error::{AppError, Result};
use crate::journal::ChangeKind;
use crate::refusal::Refusal;
use crate::venues::entity::{find_zone, venue, zone};
use crate::work::Work;

/// Calendars of one account that are open at a time.
const MOST: u64 = 50;
/// How far a calendar reaches back and ahead, in days, and how many bookings it holds at most.
const BACK: i64 = 60;
const AHEAD: i64 = 366;
const MOST_EVENTS: u64 = 2000;
const PURPOSE: &str = "calendar";

/// Opens a calendar of a zone, or of what the caller booked.
pub async fn open(work: &Work, of: Option<Uuid>) -> Result<Uuid> {
    let permit = work.own()?;
    let account = permit.account().ok_or(AppError::Unauthenticated)?;
    if let Some(zone) = of {
        find_zone(work.read(), zone).await?;
    }
    let running = calendar::Entity::find().filter(calendar::Column::AccountId.eq(account)).filter(calendar::Column::RevokedAt.is_null());
    if running.count(work.read()).await? >= MOST {
        return Err(Refusal::invalid("zone", "日历订阅最多 50 个，请先撤销不用的", "At most 50 calendars; revoke some first")
            .at(&["zone"])
            .into());
    }
    let secret = sessions::new_secret();
    let model = calendar::Model {
        id: work.new_key(),
        account_id: account,
        zone_id: of,
        digest: sessions::digest(&secret),
        sealed_secret: work.app().keys().seal(PURPOSE, secret.as_bytes()),
        created_at: work.now(),
        revoked_at: None,
    };
    let (id, node) = (model.id, model.node());
    calendar::Entity::insert(calendar::ActiveModel::from(model)).exec_without_returning(permit.write()).await?;
    permit.journal(ChangeKind::CalendarOpened, node, None);
    Ok(id)
}

/// Revokes a calendar of the caller's: its address opens nothing from now on.
pub async fn revoke(work: &Work, id: Uuid) -> Result<Uuid> {
    let permit = work.own()?;
    let own = calendar::Column::AccountId.eq(permit.account().ok_or(AppError::Unauthenticated)?);
    let found = calendar::Entity::find_by_id(id).filter(own).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)?;
    if found.revoked_at.is_none() {
        calendar::ActiveModel { id: Set(id), revoked_at: Set(Some(work.now())), ..Default::default() }.update(permit.write()).await?;
        permit.journal(ChangeKind::CalendarRevoked, found.node(), None);
    }
    Ok(id)
}

/// The address of a calendar below that of the service.
pub fn address(app: &App, calendar: &calendar::Model) -> Result<String> {
    Ok(format!("/calendars/{}.ics", app.keys().open_text(PURPOSE, &calendar.sealed_secret)?))
}

/// The calendar at a secret address, as its account may know it today; nothing where there is none, or it was revoked.
pub async fn read(app: &App, secret: &str) -> Result<Option<String>> {
    let (db, now) = (app.db(), app.clock().now());
    let found = calendar::Entity::find()
        .filter(calendar::Column::Digest.eq(sessions::digest(secret)))
        .filter(calendar::Column::RevokedAt.is_null())
        .one(db)
        .await?;
    let Some(found) = found else { return Ok(None) };
    let Some(viewer) = sessions::of_account(app, found.account_id, now).await? else { return Ok(None) };
    let whose = match found.zone_id {
        Some(zone) => booking::Column::ZoneId.eq(zone),
        None => booking::Column::RequestedBy.eq(found.account_id),
    };
    let bookings = booking::Entity::find()
        .filter(whose)
        .filter(booking::Column::StartsAt.gt(now - TimeDelta::days(BACK)))
        .filter(booking::Column::StartsAt.lt(now + TimeDelta::days(AHEAD)))
        .filter(super::entity::visible_to(&viewer))
        .order_by_asc(booking::Column::StartsAt)
        .limit(MOST_EVENTS)
        .all(db)
        .await?;
    let known: Vec<Uuid> = booking::Entity::find()
        .select_only()
        .column(booking::Column::Id)
        .filter(booking::Column::Id.is_in(bookings.iter().map(|booking| booking.id)))
        .filter(known_to(&viewer))
        .into_tuple()
        .all(db)
        .await?;
    let zones = zone::Entity::find().filter(zone::Column::Id.is_in(bookings.iter().map(|booking| booking.zone_id).chain(found.zone_id)));
    let zones: HashMap<Uuid, zone::Model> = zones.all(db).await?.into_iter().map(|zone| (zone.id, zone)).collect();
    let venues = venue::Entity::find().filter(venue::Column::Id.is_in(zones.values().map(|zone| zone.venue_id)));
    let venues: HashMap<Uuid, venue::Model> = venues.all(db).await?.into_iter().map(|venue| (venue.id, venue)).collect();
    let place = |id: Uuid| {
        let zone = zones.get(&id)?;
        Some(format!("{} {}", venues.get(&zone.venue_id)?.name, zone.name))
    };
    let mut calendar = Calendar::new();
    calendar.name(&found.zone_id.and_then(place).unwrap_or_else(|| "我的预约".to_owned())).ttl(&TimeDelta::minutes(15));
    for booking in &bookings {
        calendar.push(event(booking, known.contains(&booking.id), place(booking.zone_id)));
    }
    Ok(Some(calendar.to_string()))
}

/// A booking as calendar clients keep it: its number never changes, and each further state supersedes the one before.
fn event(booking: &booking::Model, known: bool, place: Option<String>) -> Event {
    use BookingStatus::*;
    let (sequence, status) = match booking.status {
        Waiting => (0, EventStatus::Tentative),
        Requested => (1, EventStatus::Tentative),
        Approved => (2, EventStatus::Confirmed),
        Completed => (3, EventStatus::Confirmed),
        Rejected | Cancelled | Expired | NoShow => (4, EventStatus::Cancelled),
    };
    let mut event = Event::new();
    event
        .uid(&booking.node().to_string())
        .timestamp(booking.requested_at)
        .starts(booking.starts_at)
        .ends(booking.ends_at)
        .sequence(sequence)
        .status(status)
        .summary(if known { &booking.purpose } else { "已占用" });
    if known {
        event.description(booking.status.zh());
    }
    if let Some(place) = place {
        event.location(&place);
    }
    event.done()
}
