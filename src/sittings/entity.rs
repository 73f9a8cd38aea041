//! Plans and reservations as they are stored, and who may see them.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait};
use uuid::Uuid;

use crate::areas::entity::at_or_below;
use crate::auth::Viewer;
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};
use crate::venues::entity::owned_by;

pub mod plan {
    use sea_orm::entity::prelude::*;

    use super::super::rules::PriceBands;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "sitting_plans")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub zone_id: Uuid,
        pub district_id: Uuid,
        pub seats: i32,
        pub price_bands: PriceBands,
        pub sponsor: Option<String>,
        pub sponsored: i32,
        pub sponsored_left: i32,
        pub licence: String,
        pub licence_until: Date,
        pub warn_on: Option<Date>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod reservation {
    use sea_orm::entity::prelude::*;

    use super::super::rules::ReservationStatus;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "reservations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub venue_id: Uuid,
        pub zone_id: Uuid,
        pub community_id: Uuid,
        pub starts_at: DateTimeUtc,
        pub ends_at: DateTimeUtc,
        pub price_band: String,
        pub price: i64,
        pub places: i32,
        pub sponsored: i32,
        pub status: ReservationStatus,
        pub reason: Option<String>,
        pub reserved_by: Uuid,
        pub reserved_at: DateTimeUtc,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

impl reservation::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Reservation, self.id)
    }
}

/// The reservations of a viewer's areas, and those at venues that lie there or that the viewer's units own.
pub fn visible_to(viewer: &Viewer) -> Condition {
    use reservation::Column;
    if viewer.is_system() {
        return Condition::all();
    }
    let (units, areas) = (viewer.units(), viewer.areas());
    if units.is_empty() && areas.is_empty() {
        // Nobody's: a condition without parts would be true.
        return Condition::all().add(Column::Id.is_null());
    }
    let visible = Condition::any().add(Column::VenueId.in_subquery(owned_by(&units, &areas)));
    if areas.is_empty() { visible } else { visible.add(Column::CommunityId.in_subquery(at_or_below(&areas))) }
}

/// What is planned for a zone.
pub async fn find_plan(db: &impl ConnectionTrait, zone: Uuid) -> Result<plan::Model> {
    plan::Entity::find_by_id(zone).one(db).await?.ok_or(AppError::NotFound)
}
