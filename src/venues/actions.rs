//! Verbs of venues: add and change venues, zones and services; close and end them.

pub mod co_building;

use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, QuerySelect};
use uuid::Uuid;

use super::entity::{find_venue, find_zone, lock_venue, service, venue, zone};
use super::rules::hours::{Closure, Closures, Opening, Openings};
use super::rules::{self, Point, ServiceKind, VenueKind, ZoneKind, ZoneTerms};
use crate::areas;
use crate::areas::rules::{check_current, check_keeps_records, check_name};
use crate::auth::{Permission, Permit};
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::ids::GlobalId;
use crate::journal::ChangeKind;
use crate::refusal::Refusal;
use crate::search;
use crate::units::entity::find_unit;
use crate::work::Work;

/// A new venue.
#[derive(Clone)]
pub struct NewVenue {
    pub area: Uuid,
    pub unit: Option<Uuid>,
    pub name: String,
    pub kind: VenueKind,
    pub address: Option<String>,
    pub point: Option<Point>,
    pub hours: Vec<Opening>,
    pub closures: Vec<Closure>,
}

pub async fn add_venue(work: &Work, new: &NewVenue) -> Result<Uuid> {
    let area = areas::entity::find(work.read(), new.area).await?;
    if let Some(unit) = new.unit {
        find_unit(work.read(), unit).await?;
    }
    check_keeps_records(area.level, "area")?;
    // From the district down.
    let above = area.ancestry();
    let model = venue::Model {
        id: work.new_key(),
        district_id: area.district_id,
        street_id: above.get(1).copied(),
        community_id: above.get(2).copied(),
        area_id: area.id,
        unit_id: new.unit,
        name: String::new(),
        kind: new.kind,
        address: None,
        latitude: new.point.map(|point| point.latitude),
        longitude: new.point.map(|point| point.longitude),
        hours: Openings::check(new.hours.clone())?,
        closures: Closures::check(new.closures.clone())?,
        opened_on: work.today(),
        closed_on: None,
        created_at: work.now(),
    };
    let permit = work.permit(Permission::ManageVenue, &model.scope(), Some(area.node()))?;
    if (new.kind == VenueKind::UnitOwned) != new.unit.is_some() {
        return Err(
            Refusal::invalid("kind", "单位阵地须注明所属单位，其他阵地不填单位", "UNIT_OWNED goes with a unit, and only that").into()
        );
    }
    check_current(&area, "area", work.today())?;
    let model =
        venue::Model { name: check_name("name", &new.name)?, address: rules::check_text("address", new.address.as_deref())?, ..model };
    venue::Entity::insert(venue::ActiveModel::from(model.clone())).exec_without_returning(permit.write()).await?;
    search::add(&permit, model.node(), Some(model.district_id), &model.name, model.address.as_deref()).await?;
    permit.journal(ChangeKind::VenueAdded, model.node(), Some(model.district_id));
    Ok(model.id)
}

/// The venue, locked, and the right of its owner over something in it.
async fn lock_own(work: &Work, id: Uuid, node: GlobalId) -> Result<(venue::Model, Permit)> {
    let venue = lock_venue(work.read(), id).await?;
    let permit = work.permit(Permission::ManageVenue, &venue.scope(), Some(node))?;
    Ok((venue, permit))
}

/// What is to be changed in a venue; what is absent stays.
#[derive(Clone)]
pub struct VenueChange {
    pub name: Option<String>,
    pub address: Option<String>,
    pub point: Option<Point>,
    pub hours: Option<Vec<Opening>>,
    pub closures: Option<Vec<Closure>>,
}

pub async fn change_venue(work: &Work, id: Uuid, change: &VenueChange) -> Result<Uuid> {
    let seen = find_venue(work.read(), id).await?;
    let (venue, permit) = lock_own(work, id, seen.node()).await?;
    rules::check_open(&venue, None, work.today())?;
    let mut changed = venue.clone();
    if let Some(name) = &change.name {
        changed.name = check_name("name", name)?;
    }
    if change.address.is_some() {
        changed.address = rules::check_text("address", change.address.as_deref())?;
    }
    if let Some(point) = change.point {
        (changed.latitude, changed.longitude) = (Some(point.latitude), Some(point.longitude));
    }
    if let Some(hours) = &change.hours {
        changed.hours = Openings::check(hours.clone())?;
    }
    if let Some(closures) = &change.closures {
        changed.closures = Closures::check(closures.clone())?;
    }
    if changed == venue {
        return Ok(id);
    }
    let node = venue.node();
    search::index(&permit, node, Some(changed.district_id), &changed.name, changed.address.as_deref()).await?;
    let row = venue::ActiveModel {
        id: Set(id),
        name: Set(changed.name),
        address: Set(changed.address),
        latitude: Set(changed.latitude),
        longitude: Set(changed.longitude),
        hours: Set(changed.hours),
        closures: Set(changed.closures),
        ..Default::default()
    };
    venue::Entity::update(row).exec(permit.write()).await?;
    permit.journal(ChangeKind::VenueChanged, node, Some(venue.district_id));
    Ok(id)
}

/// A venue takes no more bookings; those that are live stay with their owner to cancel or to keep.
pub async fn close_venue(work: &Work, id: Uuid) -> Result<Uuid> {
    let seen = find_venue(work.read(), id).await?;
    let (venue, permit) = lock_own(work, id, seen.node()).await?;
    if venue.closed_on.is_none() {
        let row = venue::ActiveModel { id: Set(id), closed_on: Set(Some(work.today())), ..Default::default() };
        venue::Entity::update(row).exec(permit.write()).await?;
        permit.journal(ChangeKind::VenueClosed, venue.node(), Some(venue.district_id));
    }
    Ok(id)
}

/// A new zone of a venue.
#[derive(Clone)]
pub struct NewZone {
    pub venue: Uuid,
    pub name: String,
    pub kind: ZoneKind,
    pub equipment: Option<String>,
    pub hours: Option<Vec<Opening>>,
    pub closures: Vec<Closure>,
    pub approval: bool,
    pub terms: ZoneTerms,
}

pub async fn add_zone(work: &Work, new: &NewZone) -> Result<Uuid> {
    let seen = find_venue(work.read(), new.venue).await?;
    let (venue, permit) = lock_own(work, new.venue, seen.node()).await?;
    rules::check_open(&venue, None, work.today())?;
    let terms = new.terms.clone().check()?;
    let model = zone::Model {
        id: work.new_key(),
        district_id: venue.district_id,
        venue_id: venue.id,
        name: check_name("name", &new.name)?,
        kind: new.kind,
        capacity: terms.capacity,
        equipment: rules::check_text("equipment", new.equipment.as_deref())?,
        hours: new.hours.clone().map(Openings::check).transpose()?,
        closures: Closures::check(new.closures.clone())?,
        buffer_before: terms.buffer_before,
        buffer_after: terms.buffer_after,
        lead_days: terms.lead_days,
        longest_minutes: terms.longest_minutes,
        approval: new.approval,
        sittings: None,
        closed_on: None,
        created_at: work.now(),
    };
    let (id, node) = (model.id, model.node());
    zone::Entity::insert(zone::ActiveModel::from(model)).exec_without_returning(permit.write()).await?;
    permit.journal(ChangeKind::ZoneAdded, node, Some(venue.district_id));
    Ok(id)
}

/// What is to be changed in a zone; what is absent stays.
#[derive(Clone)]
pub struct ZoneChange {
    pub name: Option<String>,
    pub equipment: Option<String>,
    pub capacity: Option<i32>,
    /// Hours of its own; none at all: again those of its venue.
    pub hours: Option<Vec<Opening>>,
    pub closures: Option<Vec<Closure>>,
    pub buffer_before: Option<i32>,
    pub buffer_after: Option<i32>,
    pub lead_days: Option<i32>,
    pub longest_minutes: Option<i32>,
    pub approval: Option<bool>,
}

pub async fn change_zone(work: &Work, id: Uuid, change: &ZoneChange) -> Result<Uuid> {
    let seen = find_zone(work.read(), id).await?;
    let (venue, permit) = lock_own(work, seen.venue_id, seen.node()).await?;
    let zone = super::entity::lock_zone(work.read(), id).await?;
    rules::check_open(&venue, Some(&zone), work.today())?;
    let terms = ZoneTerms {
        capacity: change.capacity.or(zone.capacity),
        buffer_before: change.buffer_before.unwrap_or(zone.buffer_before),
        buffer_after: change.buffer_after.unwrap_or(zone.buffer_after),
        lead_days: change.lead_days.unwrap_or(zone.lead_days),
        longest_minutes: change.longest_minutes.unwrap_or(zone.longest_minutes),
    };
    let terms = terms.check()?;
    let hours = match &change.hours {
        Some(hours) if hours.is_empty() => None,
        Some(hours) => Some(Openings::check(hours.clone())?),
        None => zone.hours.clone(),
    };
    let changed = zone::Model {
        name: change.name.as_deref().map(|name| check_name("name", name)).transpose()?.unwrap_or_else(|| zone.name.clone()),
        equipment: match &change.equipment {
            Some(text) => rules::check_text("equipment", Some(text))?,
            None => zone.equipment.clone(),
        },
        hours,
        closures: change.closures.clone().map(Closures::check).transpose()?.unwrap_or_else(|| zone.closures.clone()),
        capacity: terms.capacity,
        buffer_before: terms.buffer_before,
        buffer_after: terms.buffer_after,
        lead_days: terms.lead_days,
        longest_minutes: terms.longest_minutes,
        approval: change.approval.unwrap_or(zone.approval),
        ..zone.clone()
    };
    if changed == zone {
        return Ok(id);
    }
    let row = zone::ActiveModel {
        id: Set(id),
        name: Set(changed.name),
        equipment: Set(changed.equipment),
        hours: Set(changed.hours),
        closures: Set(changed.closures),
        capacity: Set(changed.capacity),
        buffer_before: Set(changed.buffer_before),
        buffer_after: Set(changed.buffer_after),
        lead_days: Set(changed.lead_days),
        longest_minutes: Set(changed.longest_minutes),
        approval: Set(changed.approval),
        ..Default::default()
    };
    zone::Entity::update(row).exec(permit.write()).await?;
    permit.journal(ChangeKind::ZoneChanged, zone.node(), Some(zone.district_id));
    Ok(id)
}

/// A zone takes no more bookings.
pub async fn close_zone(work: &Work, id: Uuid) -> Result<Uuid> {
    let seen = find_zone(work.read(), id).await?;
    let (_, permit) = lock_own(work, seen.venue_id, seen.node()).await?;
    let zone = super::entity::lock_zone(work.read(), id).await?;
    if zone.closed_on.is_none() {
        let row = zone::ActiveModel { id: Set(id), closed_on: Set(Some(work.today())), ..Default::default() };
        zone::Entity::update(row).exec(permit.write()).await?;
        permit.journal(ChangeKind::ZoneClosed, zone.node(), Some(zone.district_id));
    }
    Ok(id)
}

/// What is written of a service.
#[derive(Clone)]
pub struct ServiceDetails {
    pub kind: ServiceKind,
    pub name: String,
    pub provider: Option<String>,
    pub hours: Option<String>,
    pub how_to_ask: Option<String>,
    pub fee: Option<Decimal>,
}

pub async fn add_service(work: &Work, venue: Uuid, details: &ServiceDetails) -> Result<Uuid> {
    let seen = find_venue(work.read(), venue).await?;
    let (venue, permit) = lock_own(work, venue, seen.node()).await?;
    rules::check_open(&venue, None, work.today())?;
    let fee =
        || Refusal::invalid("fee", "金额以元为单位，不得小于 0，最多两位小数", "An amount of yuan, not below 0, with at most two places");
    let model = service::Model {
        id: work.new_key(),
        district_id: venue.district_id,
        venue_id: venue.id,
        kind: details.kind,
        name: check_name("name", &details.name)?,
        provider: rules::check_text("provider", details.provider.as_deref())?,
        hours: rules::check_text("hours", details.hours.as_deref())?,
        how_to_ask: rules::check_text("howToAsk", details.how_to_ask.as_deref())?,
        fee: match details.fee {
            Some(amount) => Some(amount.to_fen().filter(|fen| *fen >= 0).ok_or_else(fee)?),
            None => None,
        },
        ended_on: None,
        created_at: work.now(),
    };
    let (id, node) = (model.id, model.node());
    service::Entity::insert(service::ActiveModel::from(model)).exec_without_returning(permit.write()).await?;
    permit.journal(ChangeKind::ServiceAdded, node, Some(venue.district_id));
    Ok(id)
}

/// A service is no longer given.
pub async fn end_service(work: &Work, id: Uuid) -> Result<Uuid> {
    let seen = service::Entity::find_by_id(id).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let (_, permit) = lock_own(work, seen.venue_id, seen.node()).await?;
    let service = service::Entity::find_by_id(id).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)?;
    if service.ended_on.is_none() {
        service::ActiveModel { id: Set(id), ended_on: Set(Some(work.today())), ..Default::default() }.update(permit.write()).await?;
        permit.journal(ChangeKind::ServiceEnded, service.node(), Some(service.district_id));
    }
    Ok(id)
}
