//! The list of venues.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::VenueConnection;
use crate::areas::entity::within;
use crate::areas::graphql::area;
use crate::bookings::entity::live;
use crate::bookings::rules::free::{LONGEST_BUFFERS, free};
use crate::calendar::Span;
use crate::date::{Date, instant};
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::paging::{Key, PageArgs, Sort, page};
use crate::graphql::{key_of, request};
use crate::ids::NodeKind;
use crate::search;
use crate::sittings::entity::plan;
use crate::venues::entity::{self, service, venue, zone};
use crate::venues::rules::{Point, ServiceKind, VenueKind, ZoneKind};

/// Zones whose calendars are looked into for one question.
const MOST_ZONES: u64 = 5000;

/// Which venues to list.
#[derive(InputObject, Default)]
pub struct VenueFilter {
    /// Only those that lie in this area or below it.
    area: Option<ID>,
    /// Only those of this unit.
    unit: Option<ID>,
    /// Only these kinds.
    kind: Option<Vec<VenueKind>>,
    /// Only those with an open zone of one of these kinds.
    zone_kind: Option<Vec<ZoneKind>>,
    /// Only those that give a service of one of these kinds.
    service: Option<Vec<ServiceKind>>,
    /// Only those with an open zone for at least so many people.
    capacity_at_least: Option<i32>,
    /// Only those with a zone, of the kind and capacity asked for, that can be booked for all of this time.
    free: Option<FreeBetween>,
    /// Only those with an open zone of which the licence of a canteen or of day care runs out before this day.
    licence_ends_before: Option<Date>,
    /// The point that NEAREST counts from.
    near: Option<PointInput>,
    /// Only venues whose name and address hold all of these words.
    search: Option<String>,
}

/// A time that is to be free.
#[derive(InputObject)]
struct FreeBetween {
    /// From when.
    from: DateTime<Utc>,
    /// To when, at most a day later.
    to: DateTime<Utc>,
}

/// Where something lies.
#[derive(InputObject, Clone, Copy)]
pub struct PointInput {
    /// Degrees north, -90 to 90.
    latitude: f64,
    /// Degrees east, -180 to 180.
    longitude: f64,
}

impl PointInput {
    pub fn point(self) -> crate::error::Result<Point> {
        Point::of(self.latitude, self.longitude)
            .ok_or(AppError::BadInput { zh: "经纬度超出范围", en: "The point does not lie on the globe" })
    }
}

/// In which order venues are listed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum VenueOrder {
    /// By name.
    Name,
    /// Nearest to the filter's `near` first, those without a point last.
    Nearest,
    /// Best match first; by name where nothing is searched for.
    Relevance,
}

/// The square of the distance on a plane that touches the globe at the point: exact enough to order by, the same on both databases.
fn distance(from: Point) -> Expr {
    let narrowing = ((from.latitude as f64 / 1e6).to_radians().cos() * 1000.0).round() as i64;
    let (north, east) = (from.latitude, from.longitude);
    Expr::cust(format!(
        "COALESCE((\"venues\".\"latitude\" - ({north})) * (\"venues\".\"latitude\" - ({north})) \
         + ((\"venues\".\"longitude\" - ({east})) * {narrowing} / 1000) * ((\"venues\".\"longitude\" - ({east})) * {narrowing} / 1000), \
         9000000000000000000)"
    ))
}

/// The open zones that are of the kind and size asked for.
fn zones(filter: &VenueFilter, today: chrono::NaiveDate) -> Option<Condition> {
    let asked =
        [filter.zone_kind.is_some(), filter.capacity_at_least.is_some(), filter.free.is_some(), filter.licence_ends_before.is_some()];
    if asked == [false; 4] {
        return None;
    }
    let mut wanted = Condition::all().add(Condition::any().add(zone::Column::ClosedOn.is_null()).add(zone::Column::ClosedOn.gt(today)));
    if let Some(kinds) = &filter.zone_kind {
        wanted = wanted.add(zone::Column::Kind.is_in(kinds.iter().copied()));
    }
    if let Some(least) = filter.capacity_at_least {
        wanted = wanted.add(zone::Column::Capacity.gte(least));
    }
    if let Some(day) = filter.licence_ends_before {
        let ending =
            Query::select().column(plan::Column::ZoneId).from(plan::Entity).and_where(plan::Column::LicenceUntil.lt(day.0)).to_owned();
        wanted = wanted.add(zone::Column::Sittings.is_not_null()).add(zone::Column::Id.in_subquery(ending));
    }
    Some(wanted)
}

#[derive(Default)]
pub struct VenueQuery;

#[Object]
impl VenueQuery {
    /// Venues: centres, stations, posts, and what units share.
    #[allow(clippy::too_many_arguments)]
    async fn venues(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which venues; all where absent.")] filter: Option<VenueFilter>,
        #[graphql(desc = "In which order; RELEVANCE where `search` is given, else NAME.")] order_by: Option<VenueOrder>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<VenueConnection> {
        let request = request(ctx);
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let filter = filter.unwrap_or_default();
        let mut wanted = Condition::all().add(entity::visible());
        if let Some(kinds) = &filter.kind {
            wanted = wanted.add(venue::Column::Kind.is_in(kinds.iter().copied()));
        }
        if let Some(unit) = key_of(NodeKind::Unit, &filter.unit)? {
            wanted = wanted.add(venue::Column::UnitId.eq(unit));
        }
        let mut district = None;
        if let Some(id) = key_of(NodeKind::Area, &filter.area)? {
            let area = area(ctx, id).await?.0;
            district = Some(area.district_id);
            wanted = wanted.add(within(&area, venue::Column::DistrictId, venue::Column::StreetId, venue::Column::CommunityId));
        }
        if let Some(kinds) = &filter.service {
            let given = Query::select()
                .column(service::Column::VenueId)
                .from(service::Entity)
                .and_where(service::Column::Kind.is_in(kinds.iter().copied()))
                .and_where(service::Column::EndedOn.is_null())
                .to_owned();
            wanted = wanted.add(venue::Column::Id.in_subquery(given));
        }
        if let Some(zones) = zones(&filter, crate::calendar::shanghai_day(request.now())) {
            let suited = Query::select().column(zone::Column::VenueId).from(zone::Entity).cond_where(zones.clone()).to_owned();
            wanted = wanted.add(venue::Column::Id.in_subquery(suited));
            if let Some(time) = &filter.free {
                let ids = with_free_zone(ctx, wanted.clone(), zones, (instant(time.from)?, instant(time.to)?)).await?;
                wanted = wanted.add(venue::Column::Id.is_in(padded(ids)));
            }
        }
        let id = || Expr::col((venue::Entity, venue::Column::Id));
        let select = venue::Entity::find().filter(wanted);
        let (select, relevance) = search::narrow(select, NodeKind::Venue, id(), district, filter.search.as_deref())?;
        let sort = match (order_by, relevance) {
            (None | Some(VenueOrder::Relevance), Some(sort)) => sort,
            (Some(VenueOrder::Nearest), _) => {
                let near =
                    filter.near.ok_or(AppError::BadInput { zh: "按距离排序须填写 near", en: "NEAREST needs the filter's near" })?;
                Sort { name: "NEAREST", keys: vec![Key::Int(distance(near.point()?))], descending: false, id: id() }
            }
            _ => Sort { name: "NAME", keys: vec![Key::Text(Expr::col((venue::Entity, venue::Column::Name)))], descending: false, id: id() },
        };
        Ok(page(&request.conn, select, &sort, &args).await?.into())
    }
}

/// The venues of which one such zone can be booked for all of a time: zones and bookings in one statement each, the calendar as the booking
/// itself reads it.
async fn with_free_zone(ctx: &Context<'_>, venues: Condition, zones: Condition, time: Span) -> Result<Vec<Uuid>> {
    let (request, length) = (request(ctx), time.1 - time.0);
    if length <= TimeDelta::zero() || length > TimeDelta::days(1) {
        return Err(AppError::BadInput {
            zh: "空闲时段须为正，且不超过一天", en: "A free time is positive and at most a day long"
        }
        .into());
    }
    let db = &request.conn;
    let found = candidates(db, venues, zones).await?;
    if found.len() as u64 > MOST_ZONES {
        return Err(AppError::BadInput { zh: "范围过大，请先选择区域或类型", en: "Too many zones: name an area or a kind" }.into());
    }
    let mut held: std::collections::HashMap<Uuid, Vec<Span>> = std::collections::HashMap::new();
    for booking in live(found.iter().map(|(zone, _)| zone.id), time.0 - LONGEST_BUFFERS, time.1 + LONGEST_BUFFERS).all(db).await? {
        held.entry(booking.zone_id).or_default().push((booking.held_from, booking.held_until));
    }
    let is_free = |(zone, venue): &(zone::Model, venue::Model)| {
        let held = held.get(&zone.id).map(Vec::as_slice).unwrap_or_default();
        let fits = TimeDelta::minutes(zone.longest_minutes.into()) >= length;
        fits && free(venue, zone, held, time, length, request.now()) == [time]
    };
    Ok(found.iter().filter(|pair| is_free(pair)).map(|(zone, _)| zone.venue_id).collect())
}

async fn candidates(
    db: &impl sea_orm::ConnectionTrait,
    venues: Condition,
    zones: Condition,
) -> crate::error::Result<Vec<(zone::Model, venue::Model)>> {
    use sea_orm::{QueryOrder, QuerySelect};
    let of_them = Query::select().column(venue::Column::Id).from(venue::Entity).cond_where(venues).to_owned();
    let of_them = zone::Column::VenueId.in_subquery(of_them);
    let zones = zone::Entity::find().filter(zones).filter(of_them).order_by_asc(zone::Column::Id).limit(MOST_ZONES + 1).all(db).await?;
    let rows = venue::Entity::find().filter(venue::Column::Id.is_in(zones.iter().map(|zone| zone.venue_id))).all(db).await?;
    let by_id: std::collections::HashMap<Uuid, venue::Model> = rows.into_iter().map(|venue| (venue.id, venue)).collect();
    Ok(zones.into_iter().filter_map(|zone| by_id.get(&zone.venue_id).cloned().map(|venue| (zone, venue))).collect())
}
