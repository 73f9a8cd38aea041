//! The lists of units and of alliances.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::alliances::{AllianceConnection, AllianceFilter, AllianceOrder};
use super::units::MemberUnitConnection;
use crate::calendar::shanghai_day;
use crate::graphql::paging::{Key, PageArgs, Sort, page};
use crate::graphql::{key_of, request};
use crate::ids::NodeKind;
use crate::search;
use crate::units::entity::{self, alliance, membership, pairing, unit};
use crate::units::rules::UnitKind;

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
        let args = PageArgs::new(ctx, first, after, last, before)?;
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
                .cond_where(entity::running_pairing(shanghai_day(request.now())).add(pairing::Column::CommunityId.eq(community)))
                .to_owned();
            select = select.filter(unit::Column::Id.in_subquery(paired));
        }
        let id = || Expr::col((unit::Entity, unit::Column::Id));
        let (select, relevance) = search::narrow(select, NodeKind::Unit, id(), None, filter.search.as_deref())?;
        let sort = match (order_by, relevance) {
            (None | Some(UnitOrder::Relevance), Some(sort)) => sort,
            (Some(UnitOrder::Name), _) => {
                Sort { name: "NAME", keys: vec![Key::Text(Expr::col((unit::Entity, unit::Column::Name)))], descending: false, id: id() }
            }
            _ => Sort::newest((unit::Entity, unit::Column::Id)),
        };
        Ok(page(&request.conn, select, &sort, &args).await?.into())
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
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let filter = filter.unwrap_or_default();
        let mut select = alliance::Entity::find().filter(entity::visible());
        if let Some(host) = key_of(NodeKind::Area, &filter.host)? {
            select = select.filter(alliance::Column::HostId.eq(host));
        }
        let id = || Expr::col((alliance::Entity, alliance::Column::Id));
        let (select, relevance) = search::narrow(select, NodeKind::Alliance, id(), None, filter.search.as_deref())?;
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
        Ok(page(&request.conn, select, &sort, &args).await?.into())
    }
}
