//! The venue itself.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::co_buildings::VenueCoBuilding;
use super::hours::{Closure, Opening, closed, shown};
use super::services::VenueService;
use super::zones::FunctionZone;
use crate::areas::graphql::{GovernanceArea, area};
use crate::auth::Permission;
use crate::calendar::shanghai_day;
use crate::date::Date;
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::paging::connection;
use crate::graphql::{Action, Can, Loaders, can, request};
use crate::units::graphql::{MemberUnit, unit};
use crate::venues::entity::{self, co_building, service, venue as table, zone};
use crate::venues::rules::{VenueKind, check_open};

/// Zones and services of one venue that are shown at most.
const MOST: usize = 100;

/// A place that is shared: a service centre, a station, a post, or a unit's own.
#[derive(Clone)]
pub struct Venue(pub Arc<table::Model>);

impl From<table::Model> for Venue {
    fn from(model: table::Model) -> Self {
        Venue(Arc::new(model))
    }
}

/// Where something lies.
#[derive(SimpleObject)]
pub struct Point {
    /// Degrees north.
    latitude: f64,
    /// Degrees east.
    longitude: f64,
}

/// A place that is shared: a service centre, a station, a post, or a unit's own.
#[Object]
impl Venue {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What sort of venue it is.
    async fn kind(&self) -> VenueKind {
        self.0.kind
    }

    /// The area that it serves; its owner where no unit owns it.
    async fn area(&self, ctx: &Context<'_>) -> Result<GovernanceArea> {
        area(ctx, self.0.area_id).await
    }

    /// The unit that owns it; null where the area does.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<MemberUnit>> {
        match self.0.unit_id {
            Some(id) => Ok(Some(unit(ctx, id).await?)),
            None => Ok(None),
        }
    }

    /// The address.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// Where it lies; null where nobody has said.
    async fn point(&self) -> Option<Point> {
        let degrees = |millionths: i64| millionths as f64 / 1e6;
        self.0.latitude.zip(self.0.longitude).map(|(north, east)| Point { latitude: degrees(north), longitude: degrees(east) })
    }

    /// The opening hours of the week.
    async fn hours(&self) -> Vec<Opening> {
        shown(&self.0.hours)
    }

    /// The days on which it is closed.
    async fn closures(&self) -> Vec<Closure> {
        closed(&self.0.closures)
    }

    /// The day from which it has been on the list.
    async fn opened_on(&self) -> Date {
        Date(self.0.opened_on)
    }

    /// The day from which it has taken no bookings; null while it does.
    async fn closed_on(&self) -> Option<Date> {
        self.0.closed_on.map(Date)
    }

    /// Its function zones, oldest first, at most 100.
    async fn zones(&self, ctx: &Context<'_>) -> Result<Vec<FunctionZone>> {
        Ok(request(ctx).loader.load_one(ZonesOf(self.0.id)).await?.unwrap_or_default())
    }

    /// Its services, oldest first, at most 100.
    async fn services(&self, ctx: &Context<'_>) -> Result<Vec<VenueService>> {
        Ok(request(ctx).loader.load_one(ServicesOf(self.0.id)).await?.unwrap_or_default())
    }

    /// What units put into building it, oldest first, at most 100.
    async fn co_buildings(&self, ctx: &Context<'_>) -> Result<Vec<VenueCoBuilding>> {
        Ok(request(ctx).loader.load_one(CoBuildingsOf(self.0.id)).await?.unwrap_or_default())
    }

    /// What the viewer may do with it: UPDATE, CLOSE, ADD_ZONE, ADD_SERVICE.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Vec<Eager<Can>> {
        let request = request(ctx);
        let may = || {
            request.viewer.may(Permission::ManageVenue, &self.0.scope())?;
            Ok(check_open(&self.0, None, shanghai_day(request.now()))?)
        };
        [Action::Update, Action::Close, Action::AddZone, Action::AddService].into_iter().map(|action| can(action, may())).collect()
    }
}

connection!(Venue, VenueConnection, VenueEdge, "venues");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VenueKey(pub Uuid);

impl Loader<VenueKey> for Loaders {
    type Value = Venue;
    type Error = AppError;

    async fn load(&self, keys: &[VenueKey]) -> std::result::Result<HashMap<VenueKey, Venue>, AppError> {
        let keys = keys.iter().map(|key| key.0);
        let rows =
            self.0.recall::<table::Entity>(|memory| &memory.venues, table::Column::Id, |row| row.id, keys, entity::visible()).await?;
        Ok(rows.into_iter().map(|(id, row)| (VenueKey(id), Venue(row))).collect())
    }
}

/// A venue that must be there: what refers to it is bound to it by a foreign key.
pub async fn venue(ctx: &Context<'_>, id: Uuid) -> Result<Venue> {
    match request(ctx).known(|memory| &memory.venues, id) {
        Some(venue) => Ok(Venue(venue)),
        None => Ok(request(ctx).loader.load_one(VenueKey(id)).await?.ok_or(AppError::NotFound)?),
    }
}

/// What belongs to a venue, by venue.
fn by_venue<K: Eq + std::hash::Hash, V>(rows: impl IntoIterator<Item = (K, V)>) -> HashMap<K, Vec<V>> {
    let mut found: HashMap<K, Vec<V>> = HashMap::new();
    for (key, value) in rows {
        let list = found.entry(key).or_default();
        if list.len() < MOST {
            list.push(value);
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ZonesOf(Uuid);

impl Loader<ZonesOf> for Loaders {
    type Value = Vec<FunctionZone>;
    type Error = AppError;

    async fn load(&self, keys: &[ZonesOf]) -> std::result::Result<HashMap<ZonesOf, Vec<FunctionZone>>, AppError> {
        let rows = zone::Entity::find()
            .filter(zone::Column::VenueId.is_in(padded(keys.iter().map(|key| key.0))))
            .order_by_asc(zone::Column::Id)
            .all(&self.0.conn)
            .await?;
        Ok(by_venue(rows.into_iter().map(|row| (ZonesOf(row.venue_id), FunctionZone(row.into())))))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ServicesOf(Uuid);

impl Loader<ServicesOf> for Loaders {
    type Value = Vec<VenueService>;
    type Error = AppError;

    async fn load(&self, keys: &[ServicesOf]) -> std::result::Result<HashMap<ServicesOf, Vec<VenueService>>, AppError> {
        let rows = service::Entity::find()
            .filter(service::Column::VenueId.is_in(padded(keys.iter().map(|key| key.0))))
            .order_by_asc(service::Column::Id)
            .all(&self.0.conn)
            .await?;
        Ok(by_venue(rows.into_iter().map(|row| (ServicesOf(row.venue_id), VenueService(row)))))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct CoBuildingsOf(Uuid);

impl Loader<CoBuildingsOf> for Loaders {
    type Value = Vec<VenueCoBuilding>;
    type Error = AppError;

    async fn load(&self, keys: &[CoBuildingsOf]) -> std::result::Result<HashMap<CoBuildingsOf, Vec<VenueCoBuilding>>, AppError> {
        let rows = co_building::Entity::find()
            .filter(co_building::Column::VenueId.is_in(padded(keys.iter().map(|key| key.0))))
            .order_by_asc(co_building::Column::Id)
            .all(&self.0.conn)
            .await?;
        Ok(by_venue(rows.into_iter().map(|row| (CoBuildingsOf(row.venue_id), VenueCoBuilding(row)))))
    }
}
