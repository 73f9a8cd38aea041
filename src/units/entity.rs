//! Units, alliances, memberships and pairings as they are stored.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::rules::MembershipStatus;
use crate::areas::entity::{ancestry, area};
use crate::auth::Scope;
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};

pub mod unit {
    use sea_orm::entity::prelude::*;

    use super::super::rules::{Track, UnitKind};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "units")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub name: String,
        pub kind: UnitKind,
        pub track: Track,
        pub credit_code: Option<String>,
        pub no_credit_code_reason: Option<String>,
        pub address: Option<String>,
        pub contact_name: Option<String>,
        pub contact_phone_sealed: Option<String>,
        pub party_secretary: Option<String>,
        pub active: bool,
        pub created_at: DateTimeUtc,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod alliance {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "alliances")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub host_id: Uuid,
        pub name: String,
        pub model: Option<String>,
        pub created_at: DateTimeUtc,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod membership {
    use sea_orm::entity::prelude::*;

    use super::super::rules::MembershipStatus;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "memberships")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub alliance_id: Uuid,
        pub unit_id: Uuid,
        pub status: MembershipStatus,
        pub since: Option<Date>,
        pub until: Option<Date>,
        pub agreement: Option<String>,
        pub reason: Option<String>,
        pub created_at: DateTimeUtc,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod pairing {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "pairings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub unit_id: Uuid,
        pub community_id: Uuid,
        pub since: Date,
        pub until: Option<Date>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

impl unit::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Unit, self.id)
    }
}

impl alliance::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Alliance, self.id)
    }
}

impl membership::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Membership, self.id)
    }
}

/// Units, alliances and memberships are public.
pub fn visible() -> Condition {
    Condition::all()
}

pub async fn find_unit(db: &impl ConnectionTrait, id: Uuid) -> Result<unit::Model> {
    unit::Entity::find_by_id(id).one(db).await?.ok_or(AppError::NotFound)
}

/// A unit whose standing must not change until the transaction ends. Readers of the standing share the lock.
pub async fn hold_unit(db: &impl ConnectionTrait, id: Uuid) -> Result<unit::Model> {
    unit::Entity::find_by_id(id).lock_shared().one(db).await?.ok_or(AppError::NotFound)
}

/// A unit whose standing is about to change. Its key does not: rows that refer to it may be written meanwhile, by those who hold what the
/// change of standing will wait for.
pub async fn lock_unit(db: &impl ConnectionTrait, id: Uuid) -> Result<unit::Model> {
    unit::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(db).await?.ok_or(AppError::NotFound)
}

pub async fn find_alliance(db: &impl ConnectionTrait, id: Uuid) -> Result<alliance::Model> {
    alliance::Entity::find_by_id(id).one(db).await?.ok_or(AppError::NotFound)
}

pub async fn find_membership(db: &impl ConnectionTrait, id: Uuid) -> Result<membership::Model> {
    membership::Entity::find_by_id(id).one(db).await?.ok_or(AppError::NotFound)
}

/// The running pairings of a community on a day, with units that are active.
pub async fn paired_units(db: &impl ConnectionTrait, community: Uuid, day: chrono::NaiveDate) -> Result<Vec<unit::Model>> {
    let running = sea_orm::sea_query::Query::select()
        .column(pairing::Column::UnitId)
        .from(pairing::Entity)
        .cond_where(running_pairing(day).add(pairing::Column::CommunityId.eq(community)))
        .to_owned();
    Ok(unit::Entity::find().filter(unit::Column::Active.eq(true)).filter(unit::Column::Id.in_subquery(running)).all(db).await?)
}

pub fn running_pairing(day: chrono::NaiveDate) -> Condition {
    Condition::all()
        .add(pairing::Column::Since.lte(day))
        .add(Condition::any().add(pairing::Column::Until.is_null()).add(pairing::Column::Until.gte(day)))
}

/// Where rights to review a unit's pledges are asked for, by unit: the areas that host its alliances, with all above them, and its own
/// district.
pub async fn review_areas(db: &impl ConnectionTrait, units: impl IntoIterator<Item = Uuid>) -> Result<HashMap<Uuid, Scope>> {
    let member = Expr::col((membership::Entity, membership::Column::UnitId))
        .eq(Expr::col((unit::Entity, unit::Column::Id)))
        .and(membership::Column::Status.eq(MembershipStatus::Active));
    let alliance = Expr::col((alliance::Entity, alliance::Column::Id)).eq(Expr::col((membership::Entity, membership::Column::AllianceId)));
    let host = Expr::col((area::Entity, area::Column::Id)).eq(Expr::col((alliance::Entity, alliance::Column::HostId)));
    let query = Query::select()
        .column((unit::Entity, unit::Column::Id))
        .column((unit::Entity, unit::Column::DistrictId))
        .column((area::Entity, area::Column::Lineage))
        .from(unit::Entity)
        .left_join(membership::Entity, member)
        .left_join(alliance::Entity, alliance)
        .left_join(area::Entity, host)
        .and_where(unit::Column::Id.is_in(units))
        .to_owned();
    let mut found: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for row in db.query_all(&query).await? {
        let (unit, district): (Uuid, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let lineage: Option<String> = row.try_get_by_index(2)?;
        let areas = found.entry(unit).or_insert_with(|| vec![district]);
        areas.extend(lineage.iter().flat_map(|lineage| ancestry(lineage)));
    }
    Ok(found.into_iter().map(|(unit, areas)| (unit, Scope::Areas(areas))).collect())
}
