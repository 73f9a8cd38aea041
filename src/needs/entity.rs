//! Needs and their directions as they are stored, and who may see them.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::rules::{NeedStatus, Publication};
use crate::areas::Place;
use crate::auth::Viewer;
use crate::calendar::shanghai_day;
use crate::db::is_one_of;
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};
use crate::units::entity::{pairing, running_pairing, unit};
use crate::work::Work;

pub mod need {
    use sea_orm::entity::prelude::*;

    use super::super::rules::{IntakeChannel, NeedStatus, Publication, Urgency};
    use crate::resources::rules::{NeedCategory, ResourceForm};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "needs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub street_id: Uuid,
        pub community_id: Uuid,
        pub category: NeedCategory,
        pub form: ResourceForm,
        pub title: String,
        pub description: Option<String>,
        pub measure: String,
        pub wanted: i64,
        pub unmatched: i64,
        pub promised: i64,
        pub delivered: i64,
        pub accepted: i64,
        pub urgency: Urgency,
        pub due_on: Option<Date>,
        pub place: Option<String>,
        pub channel: Option<IntakeChannel>,
        pub contact_name: Option<String>,
        pub contact_phone_sealed: Option<String>,
        pub status: NeedStatus,
        pub publication: Publication,
        pub reopened: bool,
        pub reason: Option<String>,
        pub directed_until: Option<DateTimeUtc>,
        pub next_step_at: Option<DateTimeUtc>,
        pub escalated_to_id: Option<Uuid>,
        pub submitted_by: Option<Uuid>,
        pub created_at: DateTimeUtc,
    }

    crate::db::row!(Model {
        id,
        district_id,
        street_id,
        community_id,
        category,
        form,
        title,
        description,
        measure,
        wanted,
        unmatched,
        promised,
        delivered,
        accepted,
        urgency,
        due_on,
        place,
        channel,
        contact_name,
        contact_phone_sealed,
        status,
        publication,
        reopened,
        reason,
        directed_until,
        next_step_at,
        escalated_to_id,
        submitted_by,
        created_at,
    });

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod direction {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "need_directions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub need_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub unit_id: Uuid,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

impl need::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Need, self.id)
    }

    pub fn at(&self) -> Place {
        Place { district: self.district_id, street: self.street_id, community: self.community_id }
    }
}

/// Needs that the viewer may see: published ones are public unless withdrawn; before that and in its window a need is its area's, the units'
/// that it is directed to, and the units' that stand on a match with it.
pub fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
    use need::Column;
    if viewer.is_system() {
        return Condition::all();
    }
    let window_over = Condition::all().add(Column::Publication.eq(Publication::Directed)).add(Column::DirectedUntil.lte(now));
    let public = Condition::all()
        .add(Column::Status.ne(NeedStatus::Withdrawn))
        .add(Condition::any().add(is_one_of(Column::Publication, [Publication::Open, Publication::Escalated])).add(window_over));
    let mut visible = Condition::any().add(public);
    let areas = viewer.areas();
    if !areas.is_empty() {
        visible = visible
            .add(Column::CommunityId.is_in(areas.clone()))
            .add(Column::StreetId.is_in(areas.clone()))
            .add(Column::DistrictId.is_in(areas));
    }
    let units = viewer.units();
    if !units.is_empty() {
        let directed = standing_directions(&units, shanghai_day(now)).column((direction::Entity, direction::Column::NeedId)).to_owned();
        let matched = Query::select()
            .column(Alias::new("need_id"))
            .from(Alias::new("matches"))
            .and_where(Expr::col(Alias::new("unit_id")).is_in(units))
            .and_where(Expr::col(Alias::new("need_id")).is_not_null())
            // A proposal to take over that came to nothing leaves nothing to look at.
            .cond_where(
                Condition::any()
                    .add(Expr::col(Alias::new("transfer_of_id")).is_null())
                    .add(Expr::col(Alias::new("confirmed_at")).is_not_null())
                    .add(Expr::col(Alias::new("status")).eq("APPLIED")),
            )
            .to_owned();
        visible = visible
            .add(Condition::all().add(Column::Publication.eq(Publication::Directed)).add(Column::Id.in_subquery(directed)))
            .add(Column::Id.in_subquery(matched));
    }
    visible
}

/// Directions to some units that still stand: the unit is active and paired with the need's community.
pub fn standing_directions(units: &[Uuid], day: NaiveDate) -> SelectStatement {
    let of = |column| Expr::col((direction::Entity, column));
    Query::select()
        .from(direction::Entity)
        .inner_join(need::Entity, Expr::col((need::Entity, need::Column::Id)).eq(of(direction::Column::NeedId)))
        .inner_join(unit::Entity, Expr::col((unit::Entity, unit::Column::Id)).eq(of(direction::Column::UnitId)))
        .inner_join(
            pairing::Entity,
            Expr::col((pairing::Entity, pairing::Column::UnitId))
                .eq(of(direction::Column::UnitId))
                .and(Expr::col((pairing::Entity, pairing::Column::CommunityId)).eq(Expr::col((need::Entity, need::Column::CommunityId)))),
        )
        .and_where(of(direction::Column::UnitId).is_in(units.iter().copied()))
        .and_where(Expr::col((unit::Entity, unit::Column::Active)).eq(true))
        .cond_where(running_pairing(day))
        .to_owned()
}

/// Whether a need is directed to a unit, and that still stands.
pub async fn is_directed(db: &impl ConnectionTrait, need: Uuid, unit: Uuid, day: NaiveDate) -> Result<bool> {
    let query = standing_directions(&[unit], day)
        .column((direction::Entity, direction::Column::NeedId))
        .and_where(Expr::col((direction::Entity, direction::Column::NeedId)).eq(need))
        .limit(1)
        .to_owned();
    Ok(db.query_one(&query).await?.is_some())
}

/// The need, if the viewer may see it.
pub async fn find(work: &Work, id: Uuid) -> Result<need::Model> {
    let found = need::Entity::find_by_id(id).filter(visible_to(work.viewer(), work.now())).one(work.read()).await?;
    found.ok_or(AppError::NotFound)
}

/// The need, locked, if the viewer may see it: after its unit, before pledge, match and delivery.
pub async fn lock(work: &Work, id: Uuid) -> Result<need::Model> {
    let found = need::Entity::find_by_id(id).filter(visible_to(work.viewer(), work.now())).lock_exclusive().one(work.read()).await?;
    found.ok_or(AppError::NotFound)
}

/// The units that a need is directed to.
pub async fn directions(db: &impl ConnectionTrait, need: Uuid) -> Result<Vec<Uuid>> {
    let rows = direction::Entity::find().filter(direction::Column::NeedId.eq(need)).all(db).await?;
    Ok(rows.into_iter().map(|row| row.unit_id).collect())
}
