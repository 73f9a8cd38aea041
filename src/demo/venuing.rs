//! Shared venues: the district opens them, and through the year communities and units book them.

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::content::scenes::{KUNBO, SHENNONG, SHUANGHUI, TAOYUAN};
use super::content::venues::{CANCELS, CO_BUILDINGS, REJECTS, SERVICES, STATIONS, ZONES, ZoneTemplate};
use super::world::{Event, World};
use crate::auth::Viewer;
use crate::bookings;
use crate::bookings::actions::{NewBooking, approve, book, cancel, conclude, reject};
use crate::bookings::rules::BookingStatus;
use crate::calendar::start_of;
use crate::error::{AppError, Result};
use crate::venues::actions::{NewVenue, NewZone, ServiceDetails, add_service, add_venue, add_zone};
use crate::venues::entity::co_building;
use crate::venues::rules::co_building::CoBuildingStatus;
use crate::venues::rules::hours::{Closure, Opening};
use crate::venues::rules::{Point, VenueKind, ZoneTerms};

/// As many as the newspaper counts: one centre for each street and each community, the rest stations.
const VENUES: usize = 174;
const BOOKINGS_A_YEAR: usize = 2_600;
const BUSY_AT_LAST: usize = 110;
/// So many centres of communities are asked for then.
const BUSIEST: usize = 3;
/// So many venues are known all over the district.
const KNOWN: usize = 24;
/// A point in the middle of the district, in millionths of a degree.
const MIDDLE: (i64, i64) = (43_166_000, 124_409_000);
/// How far ahead people book, in working days.
const AHEAD: (u32, u32) = (1, 15);

/// A venue with its five zones, one for each template.
pub(super) struct Venue {
    pub id: Uuid,
    /// Its community; none for a street's own.
    pub community: Option<usize>,
    pub street: usize,
    pub zones: Vec<Uuid>,
}

fn week() -> Vec<Opening> {
    let workday = (1..=5).map(|weekday| Opening { weekday, opens: 8 * 60, closes: 20 * 60 });
    let weekend = (6..=7).map(|weekday| Opening { weekday, opens: 9 * 60, closes: 17 * 60 });
    workday.chain(weekend).collect()
}

pub(super) async fn open(world: &mut World) -> Result<()> {
    for street in 0..world.streets.len() {
        let name = format!("{}党群服务中心", super::content::STREETS[street].name);
        add(world, name, VenueKind::Centre, street, None).await?;
    }
    for community in 0..world.communities.len() {
        let (name, street) = (world.communities[community].name, world.communities[community].street);
        add(world, format!("{name}党群服务中心"), VenueKind::Centre, street, Some(community)).await?;
    }
    let mut number = 0;
    while world.venues.len() < VENUES {
        let community = number % world.communities.len();
        let (name, street) = (world.communities[community].name, world.communities[community].street);
        let station = STATIONS[number / world.communities.len()];
        add(world, format!("{name}{station}"), VenueKind::Station, street, Some(community)).await?;
        number += 1;
    }
    Ok(())
}

async fn add(world: &mut World, name: String, kind: VenueKind, street: usize, community: Option<usize>) -> Result<()> {
    let area = community.map_or(world.streets[street].id, |community| world.communities[community].id);
    let mut off = || i64::from(world.dice.within((0, 80_000))) - 40_000;
    let point = Point { latitude: MIDDLE.0 + off(), longitude: MIDDLE.1 + off() };
    let place = super::content::STREETS[street].name;
    let new = &NewVenue {
        area,
        unit: None,
        name,
        kind,
        address: Some(format!("{}{place}", super::content::DISTRICT_NAME)),
        point: Some(point),
        hours: week(),
        closures: if kind == VenueKind::Centre { vec![inspection(world.end, world.venues.len())] } else { Vec::new() },
    };
    let owner = owner(world, street, community);
    let venue = world.act(&owner, |work| async move { add_venue(&work, new).await }).await?;
    let mut zones = Vec::new();
    for template in ZONES {
        let new = &zone(venue, kind, template);
        zones.push(world.act(&owner, |work| async move { add_zone(&work, new).await }).await?);
    }
    let first = world.dice.below(SERVICES.len());
    for template in SERVICES.iter().cycle().skip(first).take(3) {
        let details = &ServiceDetails {
            kind: template.kind,
            name: template.name.to_owned(),
            provider: Some(template.provider.to_owned()),
            hours: Some(template.hours.to_owned()),
            how_to_ask: Some(template.how_to_ask.to_owned()),
            fee: Some(crate::decimal::Decimal::whole(0)),
        };
        world.act(&owner, |work| async move { add_service(&work, venue, details).await }).await?;
    }
    world.venues.push(Venue { id: venue, community, street, zones });
    Ok(())
}

/// A Saturday of the weeks after the fill on which a centre is closed.
fn inspection(end: NaiveDate, number: usize) -> Closure {
    let weeks = 2 + number as u64 % 5;
    let day = end.iter_days().find(|day| day.weekday() == Weekday::Sat).unwrap_or(end) + Days::new(7 * weeks);
    Closure { first_day: day, last_day: day, reason: Some("消防设施年检".to_owned()) }
}

fn zone(venue: Uuid, kind: VenueKind, template: &ZoneTemplate) -> NewZone {
    NewZone {
        venue,
        name: template.name.to_owned(),
        kind: template.kind,
        equipment: Some(template.equipment.to_owned()),
        hours: None,
        closures: Vec::new(),
        approval: template.approval,
        terms: ZoneTerms {
            // A centre has half as much room again as a station.
            capacity: Some(if kind == VenueKind::Centre { template.capacity * 3 / 2 } else { template.capacity }),
            buffer_before: 0,
            buffer_after: template.after,
            lead_days: 90,
            longest_minutes: 240,
        },
    }
}

pub(super) fn owner(world: &World, street: usize, community: Option<usize>) -> Viewer {
    match community {
        Some(community) => world.communities[community].secretary.clone(),
        None => world.streets[street].officer.clone(),
    }
}

impl World {
    /// Draws who books and builds on which day of the year.
    pub fn plan_venues(&mut self, days: &[NaiveDate]) {
        for _ in 0..BOOKINGS_A_YEAR {
            let day = days[self.dice.below(days.len())];
            let venue = if self.dice.percent(30) { self.dice.below(KNOWN) } else { self.dice.below(self.venues.len()) };
            self.on(day, Event::Book(venue));
        }
        // At the end of the year more is asked for than anybody has answered yet.
        for _ in 0..BUSY_AT_LAST {
            let (day, venue) = (days[days.len() - 1 - self.dice.below(2)], self.streets.len() + self.dice.below(BUSIEST));
            self.on(day, Event::Book(venue));
        }
        for number in 0..=CO_BUILDINGS.len() {
            let last = if number == CO_BUILDINGS.len() { days.len() - 20 } else { number * days.len() / 8 + 5 };
            self.on(days[last], Event::CoBuild(number));
        }
    }

    /// A unit and a community build a station together: proposed, agreed to, begun, in use; the last two are still under way at the end.
    pub async fn co_build(&mut self, number: usize) -> Result<()> {
        use crate::venues::actions::co_building::{Proposal, propose, step};
        use crate::venues::rules::co_building::Step;
        let (form, description, yuan) = CO_BUILDINGS[number % CO_BUILDINGS.len()];
        if number >= self.co_buildings.len() {
            let (unit, community) = match number {
                0 => (self.unit(SHENNONG), self.community(TAOYUAN)),
                1 => (self.unit(KUNBO), self.community(SHUANGHUI)),
                _ => {
                    let community = self.dice.below(self.communities.len());
                    (self.communities[community].paired[0], community)
                }
            };
            let venue = self.venues.iter().rposition(|venue| venue.community == Some(community)).unwrap_or_default();
            let until = self.today() + Days::new(3 * 365);
            let value = crate::decimal::Decimal::whole(yuan);
            let new = &Proposal {
                venue: self.venues[venue].id,
                unit: self.units[unit].id,
                form,
                description: description.to_owned(),
                value,
                until: Some(until),
            };
            let who = self.units[unit].representative.clone();
            let id = self.act(&who, |work| async move { propose(&work, new).await }).await?;
            self.co_buildings.push((id, unit, venue));
            self.later((2, 6), Event::CoBuild(number));
            return Ok(());
        }
        let (id, _, venue) = self.co_buildings[number];
        let found = co_building::Entity::find_by_id(id).one(&self.conn).await?.ok_or(AppError::NotFound)?;
        let next = match found.status {
            CoBuildingStatus::Proposed => Step::Agree,
            CoBuildingStatus::Agreed => Step::Start,
            _ => Step::PutInUse,
        };
        let venue = &self.venues[venue];
        let owner = owner(self, venue.street, venue.community);
        self.act(&owner, |work| async move { step(&work, id, next, None).await }).await?;
        if next != Step::PutInUse {
            self.later((5, 20), Event::CoBuild(number));
        }
        Ok(())
    }

    /// Somebody books a zone for one of the next days: mostly the community itself, else one of its units or a neighbour.
    pub async fn book(&mut self, venue: usize) -> Result<()> {
        let number = self.dice.below(ZONES.len());
        let (street, home, zone) = (self.venues[venue].street, self.venues[venue].community, self.venues[venue].zones[number]);
        let template = &ZONES[number];
        let community = home.unwrap_or_else(|| self.dice.below(self.communities.len()));
        let paired: Vec<usize> = self.communities[community].paired.iter().copied().filter(|unit| self.units[*unit].active).collect();
        let (unit, area, who) = match self.dice.below(100) {
            0..30 if !paired.is_empty() => {
                let unit = paired[self.dice.below(paired.len())];
                (Some(self.units[unit].id), None, self.units[unit].representative.clone())
            }
            30..45 => {
                let other = self.dice.below(self.communities.len());
                (None, Some(self.communities[other].id), self.communities[other].secretary.clone())
            }
            _ if home.is_none() => (None, Some(self.streets[street].id), self.streets[street].officer.clone()),
            _ => (None, Some(self.communities[community].id), self.communities[community].secretary.clone()),
        };
        let days = self.dice.within(AHEAD);
        let day = self.calendar.add_working_days(self.today(), days);
        let starts = start_of(day) + TimeDelta::minutes(i64::from(17 + self.dice.within((0, 17))) * 30);
        let length = [60, 90, 120, 180][self.dice.below(4)];
        let purpose = self.dice.one(template.purposes).unwrap_or("社区活动");
        let headcount = self.dice.within((5, template.capacity.unsigned_abs()));
        let new = &NewBooking {
            zone,
            time: (starts, starts + TimeDelta::minutes(length)),
            purpose: purpose.to_owned(),
            headcount: i32::try_from(headcount).ok(),
            unit,
            community: area,
            wait: self.dice.percent(50),
            activity: false,
            promised_by: None,
        };
        let booked = self.act(&who, |work| async move { book(&work, new).await }).await;
        let id = match booked {
            Ok(id) => id,
            // Taken: another time, perhaps.
            Err(AppError::Refused(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.bookings.push((id, venue, who));
        let booking = self.bookings.len() - 1;
        self.later((0, 2), Event::AnswerBooking(booking));
        if self.dice.percent(6) {
            self.later((1, days.max(1)), Event::DropBooking(booking));
        }
        if day + Days::new(1) < self.end && self.dice.percent(3) {
            self.at(starts + TimeDelta::minutes(length + 20), Event::Missed(booking));
        }
        Ok(())
    }

    async fn load_booking(&self, booking: usize) -> Result<bookings::Model> {
        let found = bookings::Entity::find_by_id(self.bookings[booking].0).one(&self.conn).await?;
        found.ok_or(AppError::NotFound)
    }

    /// The owner answers most requests the same day or the next.
    pub async fn answer_booking(&mut self, booking: usize) -> Result<()> {
        let found = self.load_booking(booking).await?;
        if found.status != BookingStatus::Requested || self.dice.percent(4) {
            return Ok(());
        }
        let (id, venue) = (found.id, &self.venues[self.bookings[booking].1]);
        let owner = owner(self, venue.street, venue.community);
        if found.next_step_at.is_some_and(|lapsed| lapsed <= self.now()) || owner.account_id() == Some(found.requested_by) {
            return Ok(());
        }
        if self.dice.percent(6) {
            let why = self.dice.one(REJECTS).unwrap_or_default();
            self.act(&owner, |work| async move { reject(&work, id, why).await }).await?;
        } else {
            self.act(&owner, |work| async move { approve(&work, id).await }).await?;
        }
        Ok(())
    }

    /// Who booked gives it up again.
    pub async fn drop_booking(&mut self, booking: usize) -> Result<()> {
        let found = self.load_booking(booking).await?;
        let to_come = found.status.is_live() && self.now() < found.starts_at;
        if to_come {
            let (id, who) = (found.id, self.bookings[booking].2.clone());
            let why = self.dice.one(CANCELS).unwrap_or_default();
            self.act(&who, |work| async move { cancel(&work, id, why).await }).await?;
        }
        Ok(())
    }

    /// Nobody came.
    pub async fn miss_booking(&mut self, booking: usize) -> Result<()> {
        let found = self.load_booking(booking).await?;
        if found.status == BookingStatus::Approved && found.starts_at <= self.now() {
            let venue = &self.venues[self.bookings[booking].1];
            let (id, owner) = (found.id, owner(self, venue.street, venue.community));
            self.act(&owner, |work| async move { conclude(&work, id, BookingStatus::NoShow).await }).await?;
        }
        Ok(())
    }
}
