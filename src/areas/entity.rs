//! Areas and holidays as they are stored.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::auth::Scope;
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};

pub mod area {
    use sea_orm::entity::prelude::*;

    use super::super::rules::AreaLevel;

    /// `lineage` holds the keys of all areas from the district down to this one, each followed by a slash.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "areas")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub code: String,
        pub name: String,
        pub level: AreaLevel,
        pub parent_id: Option<Uuid>,
        pub district_id: Uuid,
        pub lineage: String,
        pub valid_from: Date,
        pub valid_to: Option<Date>,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod holiday {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "holidays")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub day: Date,
        pub year: i32,
        pub working: bool,
        pub name: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

impl area::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Area, self.id)
    }

    /// The areas from the district down to this one.
    pub fn ancestry(&self) -> Vec<Uuid> {
        ancestry(&self.lineage)
    }

    /// Where rights on this area are asked for.
    pub fn scope(&self) -> Scope {
        Scope::Areas(self.ancestry())
    }

    pub fn lineage_of(parent: Option<&area::Model>, id: Uuid) -> String {
        format!("{}{}/", parent.map(|parent| parent.lineage.as_str()).unwrap_or_default(), id.simple())
    }

    pub fn is_current(&self, day: chrono::NaiveDate) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }
}

/// The areas that a lineage names, from the district down.
pub fn ancestry(lineage: &str) -> Vec<Uuid> {
    lineage.split('/').filter_map(|key| Uuid::try_parse(key).ok()).collect()
}

/// The community of a record with the street and the district that it was made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub district: Uuid,
    pub street: Uuid,
    pub community: Uuid,
}

impl Place {
    pub fn scope(self) -> Scope {
        Scope::Areas(vec![self.community, self.street, self.district])
    }
}

/// Areas are public.
pub fn visible() -> Condition {
    Condition::all()
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<area::Model> {
    area::Entity::find_by_id(id).one(db).await?.ok_or(AppError::NotFound)
}

/// The condition that a column of a record's table names an area at or below `area`, whose own columns are by level.
pub fn within<C: ColumnTrait>(area: &area::Model, district: C, street: C, community: C) -> Condition {
    use super::rules::AreaLevel;
    match area.level {
        AreaLevel::District => Condition::all().add(district.eq(area.id)),
        AreaLevel::Street => Condition::all().add(street.eq(area.id)),
        AreaLevel::Community => Condition::all().add(community.eq(area.id)),
        // Records are made in communities: below them there are none.
        _ => Condition::all().add(Expr::cust("1").eq(0)),
    }
}

/// Areas at or below one.
pub fn below(area: &area::Model) -> Condition {
    Condition::all().add(area::Column::Lineage.starts_with(&area.lineage))
}

/// The keys of the areas at or below any of some.
pub fn at_or_below(areas: &[Uuid]) -> SelectStatement {
    let below = |any: Condition, area: &Uuid| any.add(area::Column::Lineage.contains(format!("{}/", area.simple())));
    Query::select().column(area::Column::Id).from(area::Entity).cond_where(areas.iter().fold(Condition::any(), below)).to_owned()
}

/// All areas of the given levels that are in force on a day.
pub async fn current(db: &impl ConnectionTrait, code: &str, day: chrono::NaiveDate) -> Result<Option<area::Model>> {
    Ok(area::Entity::find()
        .filter(area::Column::Code.eq(code))
        .filter(area::Column::ValidFrom.lte(day))
        .filter(Condition::any().add(area::Column::ValidTo.is_null()).add(area::Column::ValidTo.gte(day)))
        .one(db)
        .await?)
}
