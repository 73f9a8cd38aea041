//! The list of matches.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use super::types::MatchConnection;
use crate::areas::entity::within;
use crate::areas::graphql::area;
use crate::db::is_one_of;
use crate::graphql::paging::{Key, PageArgs, Sort, page};
use crate::graphql::{key_of, request};
use crate::ids::NodeKind;
use crate::matches::entity::{exchange, visible_to, waits_for};
use crate::matches::rules::{MatchSide, MatchStatus};

/// Which matches to list.
#[derive(InputObject, Default)]
pub struct MatchFilter {
    /// Only these states.
    status: Option<Vec<MatchStatus>>,
    /// Only matches of this unit.
    unit: Option<ID>,
    /// Only matches of this community.
    community: Option<ID>,
    /// Only matches with this need.
    need: Option<ID>,
    /// Only matches with this pledge.
    pledge: Option<ID>,
    /// Only matches in communities of this area, with all below it.
    area: Option<ID>,
    /// Only matches for which another unit should be found, or only the others.
    reassign: Option<bool>,
    /// Only matches in which this side is next: to confirm or reject, to hand over, to accept or refuse, to rate.
    waits_for: Option<MatchSide>,
}

/// In which order matches are listed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum MatchOrder {
    /// Latest applied for first.
    Newest,
    /// Soonest promised first; those without a day last.
    PromisedSoonest,
}

#[derive(Default)]
pub struct MatchQuery;

#[Object]
impl MatchQuery {
    /// Matches that the viewer may see: those of its units and its areas.
    #[allow(clippy::too_many_arguments)]
    async fn matches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which matches; all where absent.")] filter: Option<MatchFilter>,
        #[graphql(desc = "In which order; NEWEST where absent.")] order_by: Option<MatchOrder>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<MatchConnection> {
        let request = request(ctx);
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let filter = filter.unwrap_or_default();
        let mut wanted = Condition::all().add(visible_to(&request.viewer));
        if let Some(status) = filter.status {
            wanted = wanted.add(is_one_of(exchange::Column::Status, status));
        }
        if let Some(reassign) = filter.reassign {
            // Of one that is handed over whole there is nothing to find a unit for.
            let waits = Condition::all().add(exchange::Column::Reassign.eq(true)).add(exchange::Column::Outstanding.gt(0));
            wanted = wanted.add(if reassign { waits } else { waits.not() });
        }
        if let Some(side) = filter.waits_for {
            wanted = wanted.add(waits_for(side));
        }
        if let Some(id) = key_of(NodeKind::Area, &filter.area)? {
            let area = area(ctx, id).await?.0;
            wanted = wanted.add(within(&area, exchange::Column::DistrictId, exchange::Column::StreetId, exchange::Column::CommunityId));
        }
        for (column, id) in [
            (exchange::Column::UnitId, key_of(NodeKind::Unit, &filter.unit)?),
            (exchange::Column::CommunityId, key_of(NodeKind::Area, &filter.community)?),
            (exchange::Column::NeedId, key_of(NodeKind::Need, &filter.need)?),
            (exchange::Column::PledgeId, key_of(NodeKind::Pledge, &filter.pledge)?),
        ] {
            if let Some(id) = id {
                wanted = wanted.add(column.eq(id));
            }
        }
        let sort = match order_by {
            Some(MatchOrder::PromisedSoonest) => Sort {
                name: "PROMISED_SOONEST",
                keys: vec![Key::Day(Expr::cust("COALESCE(\"matches\".\"promised_on\", '9999-12-31')"))],
                descending: false,
                id: Expr::col((exchange::Entity, exchange::Column::Id)),
            },
            _ => Sort::newest((exchange::Entity, exchange::Column::Id)),
        };
        Ok(page(&request.conn, exchange::Entity::find().filter(wanted), &sort, &args).await?.into())
    }
}
