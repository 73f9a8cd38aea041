//! Pledges as they are stored, and who may see them.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, IntoColumnRef, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Select};
use uuid::Uuid;

use super::rules::{NeedCategory, PledgeStatus, ResourceForm};
use crate::areas::entity::at_or_below;
use crate::auth::Viewer;
use crate::db::is_one_of;
use crate::error::Result;
use crate::ids::{GlobalId, NodeKind};
use crate::units::entity::{alliance, membership, unit};
use crate::units::rules::MembershipStatus;

pub mod pledge {
    use sea_orm::entity::prelude::*;

    use super::super::rules::{NeedCategory, PledgeStatus, ResourceForm};

    /// `stale` and `valid_until` hide a pledge whatever its status; `areas` are read only where `serves_all` is false.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "pledges")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub unit_id: Uuid,
        pub form: ResourceForm,
        pub category: NeedCategory,
        pub title: String,
        pub description: Option<String>,
        pub measure: String,
        pub total: Option<i64>,
        pub available: Option<i64>,
        pub held: i64,
        pub given: i64,
        pub per_session: Option<i64>,
        pub weekly_hours: Option<String>,
        pub audience: Option<String>,
        pub conditions: Option<String>,
        pub status: PledgeStatus,
        pub reason: Option<String>,
        pub stale: bool,
        pub serves_all: bool,
        pub valid_until: Option<Date>,
        pub confirmed_on: Date,
        pub submitted_by: Option<Uuid>,
        pub created_at: DateTimeUtc,
    }

    crate::db::row!(Model {
        id,
        district_id,
        unit_id,
        form,
        category,
        title,
        description,
        measure,
        total,
        available,
        held,
        given,
        per_session,
        weekly_hours,
        audience,
        conditions,
        status,
        reason,
        stale,
        serves_all,
        valid_until,
        confirmed_on,
        submitted_by,
        created_at,
    });

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod pledge_area {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "pledge_areas")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub pledge_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub area_id: Uuid,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

use pledge::Column;

impl pledge::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Pledge, self.id)
    }

    /// On the resource list, as long as its unit is active and its last day has not passed.
    pub fn is_shown(&self) -> bool {
        matches!(self.status, PledgeStatus::Listed | PledgeStatus::Exhausted) && !self.stale
    }

    /// Past its last day, whether or not it has been marked so.
    pub fn is_over(&self, today: NaiveDate) -> bool {
        self.valid_until.is_some_and(|last| last < today)
    }
}

/// The condition of [`pledge::Model::is_shown`].
pub fn shown() -> Condition {
    Condition::all().add(is_one_of(Column::Status, [PledgeStatus::Listed, PledgeStatus::Exhausted])).add(Column::Stale.eq(false))
}

/// The pledges that a viewer may see: the list for everybody; all of a unit for its representatives; all but drafts for those who read the
/// unit's district or an area that hosts one of its alliances; and what one has a match with.
pub fn visible_to(viewer: &Viewer, today: NaiveDate) -> Condition {
    if viewer.is_system() {
        return Condition::all();
    }
    let (units, areas) = (viewer.units(), viewer.areas());
    let mut visible = Condition::any().add(
        shown().add(Condition::any().add(Column::ValidUntil.is_null()).add(Column::ValidUntil.gte(today))).add(Expr::exists(active_unit())),
    );
    if !areas.is_empty() {
        visible = visible.add(
            Condition::all()
                .add(Column::Status.ne(PledgeStatus::Draft))
                .add(Condition::any().add(Column::DistrictId.is_in(areas.clone())).add(Expr::exists(hosted_within(&areas)))),
        );
    }
    if !units.is_empty() {
        visible = visible.add(Column::UnitId.is_in(units.clone()));
    }
    if !areas.is_empty() || !units.is_empty() {
        visible = visible.add(Expr::exists(matched_with(&areas, &units)));
    }
    visible
}

// The subqueries look at one pledge at a time: the planner then reads a page's worth of them by key instead of whole tables.

fn active_unit() -> SelectStatement {
    Query::select()
        .expr(Expr::cust("1"))
        .from(unit::Entity)
        .and_where(unit::Column::Active.eq(true))
        .and_where(same((unit::Entity, unit::Column::Id), Column::UnitId))
        .to_owned()
}

fn hosted_within(areas: &[Uuid]) -> SelectStatement {
    Query::select()
        .expr(Expr::cust("1"))
        .from(membership::Entity)
        .inner_join(
            alliance::Entity,
            Expr::col((alliance::Entity, alliance::Column::Id)).eq(Expr::col((membership::Entity, membership::Column::AllianceId))),
        )
        .and_where(same((membership::Entity, membership::Column::UnitId), Column::UnitId))
        .and_where(membership::Column::Status.eq(MembershipStatus::Active))
        .and_where(alliance::Column::HostId.in_subquery(at_or_below(areas)))
        .to_owned()
}

/// The matches belong to a later topic: here only the columns that say who stands on them are known.
fn matched_with(areas: &[Uuid], units: &[Uuid]) -> SelectStatement {
    let column = |name: &'static str| Expr::col((Alias::new("matches"), Alias::new(name)));
    let mut party = Condition::any();
    for level in ["community_id", "street_id", "district_id"] {
        party = party.add(column(level).is_in(areas.iter().copied()));
    }
    Query::select()
        .expr(Expr::cust("1"))
        .from(Alias::new("matches"))
        .and_where(same((Alias::new("matches"), Alias::new("pledge_id")), Column::Id))
        .cond_where(party.add(column("unit_id").is_in(units.iter().copied())))
        .to_owned()
}

fn same(column: impl IntoColumnRef, of_pledge: Column) -> Expr {
    Expr::col(column).eq(Expr::col((pledge::Entity, of_pledge)))
}

/// Which pledges to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    pub status: Option<Vec<PledgeStatus>>,
    pub category: Option<Vec<NeedCategory>>,
    pub form: Option<Vec<ResourceForm>>,
    pub unit: Option<Uuid>,
    /// An area with all above it: pledges that serve it.
    pub serving: Option<Vec<Uuid>>,
    pub available_at_least: Option<i64>,
}

/// The pledges of a list, as far as the viewer may see them.
pub fn list(viewer: &Viewer, today: NaiveDate, filter: &Filter) -> Select<pledge::Entity> {
    let mut select = pledge::Entity::find().filter(visible_to(viewer, today));
    if let Some(status) = &filter.status {
        select = select.filter(is_one_of(Column::Status, status.iter().copied()));
    }
    if let Some(category) = &filter.category {
        select = select.filter(is_one_of(Column::Category, category.iter().copied()));
    }
    if let Some(form) = &filter.form {
        select = select.filter(is_one_of(Column::Form, form.iter().copied()));
    }
    if let Some(unit) = filter.unit {
        select = select.filter(Column::UnitId.eq(unit));
    }
    if let Some(areas) = &filter.serving {
        let named = Query::select()
            .expr(Expr::cust("1"))
            .from(pledge_area::Entity)
            .and_where(same((pledge_area::Entity, pledge_area::Column::PledgeId), Column::Id))
            .and_where(pledge_area::Column::AreaId.is_in(areas.iter().copied()))
            .to_owned();
        select = select.filter(Condition::any().add(Column::ServesAll.eq(true)).add(Expr::exists(named)));
    }
    if let Some(least) = filter.available_at_least {
        select = select
            .filter(is_one_of(Column::Status, [PledgeStatus::Listed]))
            .filter(Condition::any().add(Column::Available.is_null()).add(Column::Available.gte(least)));
    }
    select
}

/// Pledges whose last day has passed. In the very words of the index `pledges_to_expire`, by which SQLite finds it.
pub fn to_expire(today: NaiveDate) -> Condition {
    let open = "\"pledges\".\"status\" NOT IN ('DRAFT', 'SUBMITTED', 'RETURNED', 'EXPIRED', 'WITHDRAWN')";
    Condition::all().add(Column::ValidUntil.lt(today)).add(Expr::cust(open))
}

/// Pledges past the day by which the unit had to confirm them. In the words of `pledges_to_hide`.
pub fn to_hide(today: NaiveDate, stale_days: u32) -> Condition {
    let shown = "\"pledges\".\"stale\" = FALSE \
                 AND \"pledges\".\"status\" NOT IN ('DRAFT', 'SUBMITTED', 'RETURNED', 'PAUSED', 'EXPIRED', 'WITHDRAWN')";
    Condition::all().add(Column::ConfirmedOn.lt(today - Days::new(stale_days.into()))).add(Expr::cust(shown))
}

/// The areas that a pledge names; one that serves all names none.
pub async fn areas_of(db: &impl ConnectionTrait, pledge: Uuid) -> Result<Vec<Uuid>> {
    Ok(areas_by_pledge(db, [pledge]).await?.remove(&pledge).unwrap_or_default())
}

/// The areas that many pledges name, by pledge.
pub async fn areas_by_pledge(db: &impl ConnectionTrait, pledges: impl IntoIterator<Item = Uuid>) -> Result<HashMap<Uuid, Vec<Uuid>>> {
    let rows = pledge_area::Entity::find()
        .filter(pledge_area::Column::PledgeId.is_in(pledges))
        .order_by_asc(pledge_area::Column::AreaId)
        .all(db)
        .await?;
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        found.entry(row.pledge_id).or_default().push(row.area_id);
    }
    Ok(found)
}
