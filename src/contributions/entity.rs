//! Ledger lines as they are stored, and who may see them.

use sea_orm::{ColumnTrait, Condition};

use self::contribution::Column;
use crate::areas::Place;
use crate::auth::Viewer;
use crate::ids::{GlobalId, NodeKind};

pub mod contribution {
    use sea_orm::entity::prelude::*;

    use crate::resources::rules::ResourceForm;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "contributions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub street_id: Uuid,
        pub community_id: Uuid,
        pub unit_id: Uuid,
        pub delivery_id: Option<Uuid>,
        pub form: ResourceForm,
        pub value: i64,
        pub hours: Option<i64>,
        pub recorded_on: Date,
        pub reverses_id: Option<Uuid>,
        pub reason: Option<String>,
        pub co_building_id: Option<Uuid>,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

impl contribution::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Contribution, self.id)
    }

    pub fn at(&self) -> Place {
        Place { district: self.district_id, street: self.street_id, community: self.community_id }
    }
}

/// Single lines are the unit's and the area's; the public sees sums.
pub fn visible_to(viewer: &Viewer) -> Condition {
    if viewer.is_system() {
        return Condition::all();
    }
    let areas = viewer.areas();
    Condition::any()
        .add(Column::UnitId.is_in(viewer.units()))
        .add(Column::CommunityId.is_in(areas.clone()))
        .add(Column::StreetId.is_in(areas.clone()))
        .add(Column::DistrictId.is_in(areas))
}
