//! Booking a zone once.

use sea_orm::EntityTrait;
use uuid::Uuid;

use super::{over, put, waiting};
use crate::areas;
use crate::areas::rules::{check_keeps_records, text};
use crate::auth::{Permission, Permit, Scope};
use crate::bookings::entity::{booking, live};
use crate::bookings::rules::free::{LONGEST_BUFFERS, LONGEST_LOOK, bookable, free, next_times};
use crate::bookings::rules::{self, BookingStatus};
use crate::calendar::Span;
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};
use crate::journal::{ChangeKind, Entry};
use crate::refusal::{Reason, Refusal};
use crate::units::entity::hold_unit;
use crate::venues::entity::{find_venue, find_zone, lock_zone, venue, zone};
use crate::work::Work;

/// A zone for a time, for a unit or for a community.
#[derive(Clone)]
pub struct NewBooking {
    pub zone: Uuid,
    pub time: Span,
    pub purpose: String,
    pub headcount: Option<i32>,
    pub unit: Option<Uuid>,
    pub community: Option<Uuid>,
    /// Wait for the time where it is taken.
    pub wait: bool,
    /// An activity of the community whose venue it is, before which pending requests of others give way.
    pub activity: bool,
    /// The match by which the unit that owns the venue has promised the time to the community: either of them books it, at once.
    pub promised_by: Option<Uuid>,
}

/// Who books what: everything that is asked before the calendar.
pub(super) struct Asked {
    pub permit: Permit,
    pub venue: venue::Model,
    pub zone: zone::Model,
    pub purpose: String,
    /// Whether the venue is the party's own.
    pub own: bool,
}

pub(super) async fn ask(work: &Work, new: &NewBooking) -> Result<Asked> {
    let seen = find_zone(work.read(), new.zone).await?;
    let venue = find_venue(work.read(), seen.venue_id).await?;
    let (scope, node) = match (new.unit, new.community) {
        (Some(unit), None) => {
            let unit = hold_unit(work.read(), unit).await?;
            let permit = work.permit(Permission::BookZone, &Scope::Unit(unit.id), Some(unit.node()));
            if permit.is_ok() && !unit.active {
                return Err(Refusal::from(Reason::NotAMember).at_input("unit").into());
            }
            (Scope::Unit(unit.id), unit.node())
        }
        (None, Some(community)) => {
            let area = areas::entity::find(work.read(), community).await?;
            // A match keeps the community that it was made with.
            if !area.is_current(work.today()) && new.promised_by.is_none() {
                return Err(Refusal::from(Reason::AreaNotCurrent).at_input("community").into());
            }
            check_keeps_records(area.level, "community")?;
            (area.scope(), area.node())
        }
        _ => return Err(Refusal::invalid("unit", "请在单位和社区中填写一项", "Name a unit or a community, one of them").into()),
    };
    let permit = match (work.permit(Permission::BookZone, &scope, Some(node)), new.promised_by.and(venue.unit_id)) {
        (Err(refused), Some(host)) => work.permit(Permission::BookZone, &Scope::Unit(host), Some(node)).map_err(|_| refused)?,
        (permit, _) => permit?,
    };
    let own = rules::is_own(&venue, new.unit, new.community);
    if new.activity && !(own && new.community.is_some()) {
        let (zh, en) = ("只有本社区自己的阵地才能登记为社区活动", "Only the community whose venue it is can book it for an activity");
        return Err(Refusal::invalid("activity", zh, en).into());
    }
    let zone = lock_zone(work.read(), seen.id).await?;
    rules::check_headcount(&zone, new.headcount)?;
    let purpose = text("purpose", &new.purpose, 200)?.ok_or_else(|| Refusal::invalid("purpose", "请填写用途", "Say what it is for"))?;
    Ok(Asked { permit, venue, zone, purpose, own })
}

impl Asked {
    /// The booking as it is written if nothing is in its way.
    pub fn model(&self, new: &NewBooking, time: Span, series: Option<Uuid>) -> Result<booking::Model> {
        let work = self.permit.work();
        let (held_from, held_until) = rules::held(&self.zone, time);
        let at_once = self.own || !self.zone.approval || new.promised_by.is_some();
        let mut model = booking::Model {
            id: work.new_key(),
            district_id: self.venue.district_id,
            venue_id: self.venue.id,
            zone_id: self.zone.id,
            unit_id: new.unit,
            community_id: new.community,
            series_id: series,
            match_id: new.promised_by,
            starts_at: time.0,
            ends_at: time.1,
            minutes: i32::try_from((time.1 - time.0).num_minutes()).unwrap_or(i32::MAX),
            held_from,
            held_until,
            purpose: self.purpose.clone(),
            headcount: new.headcount,
            activity: new.activity,
            status: if at_once { BookingStatus::Approved } else { BookingStatus::Requested },
            reason: None,
            requested_by: self.permit.account().ok_or_else(|| AppError::internal("the service itself books nothing"))?,
            requested_at: work.now(),
            promoted: false,
            next_step_at: None,
        };
        let expires = || work.working_days(work.app().settings().booking_days).min(time.0);
        model.next_step_at = Some(if at_once { over(work, &model) } else { expires() });
        Ok(model)
    }

    /// The refusal of a time that is taken: what is in the way and what is free instead.
    pub async fn taken(&self, time: Span, clashes: &[booking::Model]) -> Result<Refusal> {
        let work = self.permit.work();
        let look = (time.0, (time.0 + chrono::TimeDelta::days(LONGEST_LOOK)).min(bookable(&self.zone, work.now()).1));
        let held = live([self.zone.id], look.0 - LONGEST_BUFFERS, look.1 + LONGEST_BUFFERS).all(work.read()).await?;
        let held: Vec<Span> = held.iter().map(|booking| (booking.held_from, booking.held_until)).collect();
        let length = time.1 - time.0;
        let free = next_times(&free(&self.venue, &self.zone, &held, look, length, work.now()), length);
        let refusal = Refusal::from(Reason::TimeTaken { free }).at_input("startsAt");
        Ok(clashes.iter().fold(refusal, |refusal, booking| refusal.about(booking.node())))
    }
}

pub(super) fn journal(permit: &Permit, booking: &booking::Model) {
    let kind = match booking.status {
        BookingStatus::Approved => ChangeKind::BookingApproved,
        BookingStatus::Waiting => ChangeKind::BookingWaiting,
        _ => ChangeKind::BookingRequested,
    };
    let party =
        booking.unit_id.map(|id| GlobalId::new(NodeKind::Unit, id)).or(booking.community_id.map(|id| GlobalId::new(NodeKind::Area, id)));
    let detail = serde_json::json!({ "for": party.map(|id| id.to_string()), "startsAt": booking.starts_at, "endsAt": booking.ends_at });
    permit.record(Entry::new(kind, booking.node(), Some(booking.district_id)).with(detail));
}

/// Books a zone: APPROVED where the owner says so or is who books, else REQUESTED; WAITING where the time is taken and the caller waits.
pub async fn book(work: &Work, new: &NewBooking) -> Result<Uuid> {
    let asked = ask(work, new).await?;
    rules::check_time(&asked.venue, &asked.zone, new.time, work.now())?;
    if !rules::is_open(&asked.venue, &asked.zone, new.time) {
        return Err(Refusal::from(Reason::OutsideOpeningHours).at_input("startsAt").into());
    }
    let mut model = asked.model(new, new.time, None)?;
    let clashes = waiting::in_the_way(&asked.permit, &asked.zone, (model.held_from, model.held_until)).await?;
    let gives_way = |booking: &booking::Model| {
        let outside = booking.unit_id.is_some() || booking.community_id != new.community;
        booking.status == BookingStatus::Requested && outside
    };
    let outranks = new.activity && clashes.iter().all(gives_way);
    if outranks {
        for booking in &clashes {
            put(&asked.permit, booking, BookingStatus::Rejected, Some("让位于社区活动")).await?;
        }
    } else if !clashes.is_empty() {
        if !new.wait {
            return Err(asked.taken(new.time, &clashes).await?.into());
        }
        model.status = BookingStatus::Waiting;
        model.next_step_at = Some(new.time.0);
    }
    let id = model.id;
    journal(&asked.permit, &model);
    booking::Entity::insert(booking::ActiveModel::from(model)).exec_without_returning(asked.permit.write()).await?;
    // Only now, so that nobody who waits gets what the activity takes.
    for booking in clashes.iter().filter(|_| outranks) {
        waiting::promote(&asked.permit, &asked.zone, (booking.held_from, booking.held_until)).await?;
    }
    Ok(id)
}
