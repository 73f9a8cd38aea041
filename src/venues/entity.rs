//! Venues, zones and services as they are stored.

use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QuerySelect};
use uuid::Uuid;

use crate::auth::Scope;
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};

pub mod venue {
    use sea_orm::entity::prelude::*;

    use super::super::rules::VenueKind;
    use super::super::rules::hours::{Closures, Openings};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "venues")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub street_id: Option<Uuid>,
        pub community_id: Option<Uuid>,
        pub area_id: Uuid,
        pub unit_id: Option<Uuid>,
        pub name: String,
        pub kind: VenueKind,
        pub address: Option<String>,
        pub latitude: Option<i64>,
        pub longitude: Option<i64>,
        pub hours: Openings,
        pub closures: Closures,
        pub opened_on: Date,
        pub closed_on: Option<Date>,
        pub created_at: DateTimeUtc,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod zone {
    use sea_orm::entity::prelude::*;

    use super::super::rules::ZoneKind;
    use super::super::rules::hours::{Closures, Openings};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "zones")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub venue_id: Uuid,
        pub name: String,
        pub kind: ZoneKind,
        pub capacity: Option<i32>,
        pub equipment: Option<String>,
        pub hours: Option<Openings>,
        pub closures: Closures,
        pub buffer_before: i32,
        pub buffer_after: i32,
        pub lead_days: i32,
        pub longest_minutes: i32,
        pub approval: bool,
        pub sittings: Option<Openings>,
        pub closed_on: Option<Date>,
        pub created_at: DateTimeUtc,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod service {
    use sea_orm::entity::prelude::*;

    use super::super::rules::ServiceKind;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "venue_services")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub venue_id: Uuid,
        pub kind: ServiceKind,
        pub name: String,
        pub provider: Option<String>,
        pub hours: Option<String>,
        pub how_to_ask: Option<String>,
        pub fee: Option<i64>,
        pub ended_on: Option<Date>,
        pub created_at: DateTimeUtc,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod co_building {
    use sea_orm::entity::prelude::*;

    use super::super::rules::co_building::{CoBuildingForm, CoBuildingStatus};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "co_buildings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub venue_id: Uuid,
        pub unit_id: Uuid,
        pub form: CoBuildingForm,
        pub description: String,
        pub value: i64,
        pub since: Option<Date>,
        pub until: Option<Date>,
        pub proposed_by_unit: bool,
        pub proposed_by: Uuid,
        pub status: CoBuildingStatus,
        pub reason: Option<String>,
        pub created_at: DateTimeUtc,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

impl co_building::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::CoBuilding, self.id)
    }
}

impl venue::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Venue, self.id)
    }

    /// The areas that it lies in, from the smallest up.
    pub fn areas(&self) -> Vec<Uuid> {
        [self.community_id, self.street_id, Some(self.district_id)].into_iter().flatten().collect()
    }

    /// Where its owner's rights are asked for.
    pub fn scope(&self) -> Scope {
        self.unit_id.map_or_else(|| Scope::Areas(self.areas()), Scope::Unit)
    }
}

impl zone::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Zone, self.id)
    }
}

impl service::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Service, self.id)
    }
}

/// The keys of the venues that some units own or that lie in some areas.
pub fn owned_by(units: &[Uuid], areas: &[Uuid]) -> SelectStatement {
    use venue::Column;
    let in_areas = |column: Column| column.is_in(areas.iter().copied());
    let by_area = [Column::CommunityId, Column::StreetId, Column::DistrictId].map(in_areas);
    let owned = by_area.into_iter().fold(Condition::any().add(Column::UnitId.is_in(units.iter().copied())), Condition::add);
    Query::select().column(Column::Id).from(venue::Entity).cond_where(owned).to_owned()
}

/// Venues, zones and services are public.
pub fn visible() -> Condition {
    Condition::all()
}

pub async fn find_venue(db: &impl ConnectionTrait, id: Uuid) -> Result<venue::Model> {
    venue::Entity::find_by_id(id).one(db).await?.ok_or(AppError::NotFound)
}

/// The venue, held until the transaction ends; before its zones.
pub async fn lock_venue(db: &impl ConnectionTrait, id: Uuid) -> Result<venue::Model> {
    let held = venue::Entity::find_by_id(id).lock(sea_orm::sea_query::LockType::NoKeyUpdate);
    held.one(db).await?.ok_or(AppError::NotFound)
}

/// The zone, held until the transaction ends: whoever books it waits here.
pub async fn lock_zone(db: &impl ConnectionTrait, id: Uuid) -> Result<zone::Model> {
    let held = zone::Entity::find_by_id(id).lock(sea_orm::sea_query::LockType::NoKeyUpdate);
    held.one(db).await?.ok_or(AppError::NotFound)
}

pub async fn find_zone(db: &impl ConnectionTrait, id: Uuid) -> Result<zone::Model> {
    zone::Entity::find_by_id(id).one(db).await?.ok_or(AppError::NotFound)
}
