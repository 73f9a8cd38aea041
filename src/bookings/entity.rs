//! Bookings and series as they are stored, and who may see them.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromJsonQueryResult, QueryFilter, QueryOrder, Select};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rules::BookingStatus;
use crate::areas::entity::at_or_below;
use crate::auth::Viewer;
use crate::error::Result;
use crate::ids::{GlobalId, NodeKind};
use crate::venues::entity::owned_by;
use crate::venues::rules::hours::Span;

pub mod booking {
    use sea_orm::entity::prelude::*;

    use super::super::rules::BookingStatus;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bookings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub venue_id: Uuid,
        pub zone_id: Uuid,
        pub unit_id: Option<Uuid>,
        pub community_id: Option<Uuid>,
        pub series_id: Option<Uuid>,
        pub match_id: Option<Uuid>,
        pub starts_at: DateTimeUtc,
        pub ends_at: DateTimeUtc,
        pub minutes: i32,
        pub held_from: DateTimeUtc,
        pub held_until: DateTimeUtc,
        pub purpose: String,
        pub headcount: Option<i32>,
        pub activity: bool,
        pub status: BookingStatus,
        pub reason: Option<String>,
        pub requested_by: Uuid,
        pub requested_at: DateTimeUtc,
        pub promoted: bool,
        pub next_step_at: Option<DateTimeUtc>,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

/// The times that a series left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Skipped(pub Vec<Span>);

pub mod series {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "booking_series")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub zone_id: Uuid,
        pub rule: String,
        pub skipped: super::Skipped,
        pub created_at: DateTimeUtc,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod calendar {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "calendars")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account_id: Uuid,
        pub zone_id: Option<Uuid>,
        pub digest: String,
        pub sealed_secret: String,
        pub created_at: DateTimeUtc,
        pub revoked_at: Option<DateTimeUtc>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

impl calendar::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Calendar, self.id)
    }
}

use booking::Column;

impl booking::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Booking, self.id)
    }
}

impl series::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Series, self.id)
    }
}

/// The bookings of which a viewer may know more than that the time is taken: those of its units and its areas, and those of venues that
/// lie in its areas or that its units own.
pub fn known_to(viewer: &Viewer) -> Condition {
    if viewer.is_system() {
        return Condition::all();
    }
    let (units, areas) = (viewer.units(), viewer.areas());
    let mut known = Condition::any();
    if !units.is_empty() {
        known = known.add(Column::UnitId.is_in(units.clone()));
    }
    if !areas.is_empty() {
        known = known.add(Column::CommunityId.in_subquery(at_or_below(&areas)));
    }
    if units.is_empty() && areas.is_empty() {
        // Nobody's: a condition without parts would be true.
        return Condition::all().add(Column::Id.is_null());
    }
    known.add(Column::VenueId.in_subquery(owned_by(&units, &areas)))
}

/// That a time is or was taken is public; whatever came to nothing is for those who know the booking.
pub fn visible_to(viewer: &Viewer) -> Condition {
    Condition::any().add(Column::Status.is_in(BookingStatus::TAKEN)).add(known_to(viewer))
}

/// The live bookings of some zones that hold anything of a span, in the order of their times.
pub fn live(zones: impl IntoIterator<Item = Uuid>, from: DateTime<Utc>, to: DateTime<Utc>) -> Select<booking::Entity> {
    booking::Entity::find()
        .filter(Column::ZoneId.is_in(zones))
        // As literals: what the partial index is of.
        .filter(sea_orm::sea_query::Expr::cust("\"bookings\".\"status\" IN ('REQUESTED', 'APPROVED')"))
        .filter(Column::HeldFrom.lt(to))
        .filter(Column::HeldUntil.gt(from))
        .order_by_asc(Column::HeldFrom)
}

/// Those who wait for anything of a span of a zone, in the order in which they asked.
pub async fn waiting(db: &impl ConnectionTrait, zone: Uuid, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<booking::Model>> {
    Ok(booking::Entity::find()
        .filter(Column::ZoneId.eq(zone))
        .filter(sea_orm::sea_query::Expr::cust("\"bookings\".\"status\" = 'WAITING'"))
        .filter(Column::HeldFrom.lt(to))
        .filter(Column::HeldUntil.gt(from))
        .order_by_asc(Column::Id)
        .all(db)
        .await?)
}
