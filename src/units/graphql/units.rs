//! Member units and the list of them.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::alliances::{AllianceConnection, AllianceFilter, AllianceOrder, Membership};
use crate::areas::graphql::{AreaKey, GovernanceArea};
use crate::calendar::shanghai_day;
use crate::error::AppError;
use crate::graphql::paging::{Key, PageArgs, Sort, connection, page};
use crate::graphql::{Loaders, key_of, request, wants_total};
use crate::ids::NodeKind;
use crate::search;
use crate::units::entity::{self, alliance, membership, pairing, unit};
use crate::units::rules::{Track, UnitKind};

/// An organisation that pledges resources and claims needs.
#[derive(Clone)]
pub struct MemberUnit(pub unit::Model);

impl From<unit::Model> for MemberUnit {
    fn from(model: unit::Model) -> Self {
        MemberUnit(model)
    }
}

connection!(MemberUnit, MemberUnitConnection, MemberUnitEdge, "member units");

/// An organisation that pledges resources and claims needs.
#[Object]
impl MemberUnit {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What sort of organisation it is.
    async fn kind(&self) -> UnitKind {
        self.0.kind
    }

    /// Which line of party building it belongs to.
    async fn track(&self) -> Track {
        self.0.track
    }

    /// The unified social credit code; null where it has none.
    async fn credit_code(&self) -> Option<&str> {
        self.0.credit_code.as_deref()
    }

    /// The address.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// Its memberships in alliances, newest first.
    async fn memberships(&self, ctx: &Context<'_>) -> Result<Vec<Membership>> {
        Ok(request(ctx).loader.load_one(MembershipsOf(self.0.id)).await?.unwrap_or_default())
    }

    /// The communities that it is paired with today.
    async fn paired_areas(&self, ctx: &Context<'_>) -> Result<Vec<GovernanceArea>> {
        let areas = request(ctx).loader.load_one(PairedAreas(self.0.id)).await?.unwrap_or_default();
        let mut found = request(ctx).loader.load_many(areas.iter().map(|area| AreaKey(*area))).await?;
        Ok(areas.into_iter().filter_map(|area| found.remove(&AreaKey(area))).collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnitKey(pub Uuid);

impl Loader<UnitKey> for Loaders {
    type Value = MemberUnit;
    type Error = AppError;

    async fn load(&self, keys: &[UnitKey]) -> std::result::Result<HashMap<UnitKey, MemberUnit>, AppError> {
        let ids = keys.iter().map(|key| key.0);
        let rows = unit::Entity::find()
            .filter(unit::Column::Id.is_in(ids))
            .filter(entity::visible())
            .all(&self.0.conn.get())
            .await?;
        Ok(rows.into_iter().map(|row| (UnitKey(row.id), MemberUnit(row))).collect())
    }
}

/// A unit that must be there: what refers to it is bound to it by a foreign key.
pub async fn unit(ctx: &Context<'_>, id: Uuid) -> Result<MemberUnit> {
    Ok(request(ctx).loader.load_one(UnitKey(id)).await?.ok_or(AppError::NotFound)?)
}

/// All memberships of a unit, newest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct MembershipsOf(Uuid);

impl Loader<MembershipsOf> for Loaders {
    type Value = Vec<Membership>;
    type Error = AppError;

    async fn load(&self, keys: &[MembershipsOf]) -> std::result::Result<HashMap<MembershipsOf, Vec<Membership>>, AppError> {
        let rows = membership::Entity::find()
            .filter(membership::Column::UnitId.is_in(keys.iter().map(|key| key.0)))
            .order_by_desc(membership::Column::Id)
            .all(&self.0.conn.get())
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(MembershipsOf(row.unit_id)).or_default().push(Membership(row));
        }
        Ok(found)
    }
}

/// The communities that a unit is paired with today.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct PairedAreas(Uuid);

impl Loader<PairedAreas> for Loaders {
    type Value = Vec<Uuid>;
    type Error = AppError;

    async fn load(&self, keys: &[PairedAreas]) -> std::result::Result<HashMap<PairedAreas, Vec<Uuid>>, AppError> {
        let rows = pairing::Entity::find()
            .filter(pairing::Column::UnitId.is_in(keys.iter().map(|key| key.0)))
            .filter(entity::running_pairing(shanghai_day(self.0.now)))
            .order_by_asc(pairing::Column::Id)
            .all(&self.0.conn.get())
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(PairedAreas(row.unit_id)).or_default().push(row.community_id);
        }
        Ok(found)
    }
}

/// Which units to list.
#[derive(InputObject, Default)]
pub struct UnitFilter {
    /// Only these kinds.
    kind: Option<Vec<UnitKind>>,
    /// Only active members of this alliance.
    alliance: Option<ID>,
    /// Only units that are paired with this community today.
    paired_with: Option<ID>,
    /// Only units whose name holds all of these words.
    search: Option<String>,
}

/// In which order units are listed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum UnitOrder {
    /// By name.
    Name,
    /// Latest added first.
    Newest,
    /// Best match first; latest added where nothing is searched for.
    Relevance,
}

#[derive(Default)]
pub struct UnitQuery;

#[Object]
impl UnitQuery {
    /// Member units.
    #[allow(clippy::too_many_arguments)]
    async fn units(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which units; all where absent.")] filter: Option<UnitFilter>,
        #[graphql(desc = "In which order; RELEVANCE where `search` is given, else NEWEST.")] order_by: Option<UnitOrder>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<MemberUnitConnection> {
        let request = request(ctx);
        let args = PageArgs::new(first, after, last, before)?;
        let filter = filter.unwrap_or_default();
        let mut select = unit::Entity::find().filter(entity::visible());
        if let Some(kinds) = filter.kind {
            select = select.filter(unit::Column::Kind.is_in(kinds));
        }
        if let Some(alliance) = key_of(NodeKind::Alliance, &filter.alliance)? {
            let members = Query::select()
                .column(membership::Column::UnitId)
                .from(membership::Entity)
                .and_where(membership::Column::AllianceId.eq(alliance))
                .and_where(membership::Column::Status.eq(crate::units::rules::MembershipStatus::Active))
                .to_owned();
            select = select.filter(unit::Column::Id.in_subquery(members));
        }
        if let Some(community) = key_of(NodeKind::Area, &filter.paired_with)? {
            let paired = Query::select()
                .column(pairing::Column::UnitId)
                .from(pairing::Entity)
                .cond_where(entity::running_pairing(shanghai_day(request.now)).add(pairing::Column::CommunityId.eq(community)))
                .to_owned();
            select = select.filter(unit::Column::Id.in_subquery(paired));
        }
        let id = || Expr::col((unit::Entity, unit::Column::Id));
        let (select, relevance) = search::narrow(select, NodeKind::Unit, id(), filter.search.as_deref());
        let sort = match (order_by, relevance) {
            (None | Some(UnitOrder::Relevance), Some(sort)) => sort,
            (Some(UnitOrder::Name), _) => Sort {
                name: "NAME",
                keys: vec![Key::Text(Expr::col((unit::Entity, unit::Column::Name)))],
                descending: false,
                id: id(),
            },
            _ => Sort::newest((unit::Entity, unit::Column::Id)),
        };
        Ok(page(&request.conn, select, &sort, &args, wants_total(ctx)).await?.into())
    }

    /// Alliances.
    #[allow(clippy::too_many_arguments)]
    async fn alliances(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which alliances; all where absent.")] filter: Option<AllianceFilter>,
        #[graphql(desc = "In which order; RELEVANCE where `search` is given, else NEWEST.")] order_by: Option<AllianceOrder>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<AllianceConnection> {
        let request = request(ctx);
        let args = PageArgs::new(first, after, last, before)?;
        let filter = filter.unwrap_or_default();
        let mut select = alliance::Entity::find().filter(entity::visible());
        if let Some(host) = key_of(NodeKind::Area, &filter.host)? {
            select = select.filter(alliance::Column::HostId.eq(host));
        }
        let id = || Expr::col((alliance::Entity, alliance::Column::Id));
        let (select, relevance) = search::narrow(select, NodeKind::Alliance, id(), filter.search.as_deref());
        let sort = match (order_by, relevance) {
            (None | Some(AllianceOrder::Relevance), Some(sort)) => sort,
            (Some(AllianceOrder::Name), _) => Sort {
                name: "NAME",
                keys: vec![Key::Text(Expr::col((alliance::Entity, alliance::Column::Name)))],
                descending: false,
                id: id(),
            },
            _ => Sort::newest((alliance::Entity, alliance::Column::Id)),
        };
        Ok(page(&request.conn, select, &sort, &args, wants_total(ctx)).await?.into())
    }
}
