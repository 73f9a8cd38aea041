//! The list of needs.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use super::types::CommunityNeedConnection;
use crate::areas::entity::within;
use crate::areas::graphql::area;
use crate::date::{Date, day};
use crate::db::is_one_of;
use crate::graphql::paging::{Key, PageArgs, Sort, page};
use crate::graphql::{key_of, request};
use crate::ids::NodeKind;
use crate::needs::entity::{need, visible_to};
use crate::needs::rules::{NeedStatus, Urgency};
use crate::resources::rules::{NeedCategory, ResourceForm};
use crate::search;

/// Which needs to list.
#[derive(InputObject, Default)]
pub struct NeedFilter {
    /// Only these states.
    status: Option<Vec<NeedStatus>>,
    /// Only these categories.
    category: Option<Vec<NeedCategory>>,
    /// Only these forms.
    form: Option<Vec<ResourceForm>>,
    /// Only needs of this area, with all below it.
    area: Option<ID>,
    /// Only these urgencies.
    urgency: Option<Vec<Urgency>>,
    /// Only needs that are due before this day.
    due_before: Option<Date>,
    /// Only needs whose title or description holds all of these words.
    search: Option<String>,
}

/// In which order needs are listed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum NeedOrder {
    /// Latest posted first.
    Newest,
    /// Soonest due first; those without a day last.
    DueSoonest,
    /// Most urgent first, then soonest due.
    MostUrgent,
    /// Best match first; latest posted where nothing is searched for.
    Relevance,
}

/// The day by which a need sorts where it has none.
fn due() -> Expr {
    Expr::cust("COALESCE(\"needs\".\"due_on\", '9999-12-31')")
}

#[derive(Default)]
pub struct NeedQuery;

#[Object]
impl NeedQuery {
    /// Needs that the viewer may see.
    #[allow(clippy::too_many_arguments)]
    async fn needs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which needs; all where absent.")] filter: Option<NeedFilter>,
        #[graphql(desc = "In which order; RELEVANCE where `search` is given, else NEWEST.")] order_by: Option<NeedOrder>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<CommunityNeedConnection> {
        let request = request(ctx);
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let filter = filter.unwrap_or_default();
        let mut wanted = visible_to(&request.viewer, request.now());
        wanted = Condition::all().add(wanted);
        if let Some(status) = filter.status {
            wanted = wanted.add(in_states(&status, request.now()));
        }
        if let Some(categories) = filter.category {
            wanted = wanted.add(is_one_of(need::Column::Category, categories));
        }
        if let Some(forms) = filter.form {
            wanted = wanted.add(is_one_of(need::Column::Form, forms));
        }
        if let Some(urgency) = filter.urgency {
            wanted = wanted.add(need::Column::Urgency.is_in(urgency));
        }
        if let Some(day) = day(filter.due_before) {
            wanted = wanted.add(need::Column::DueOn.lt(day));
        }
        let mut district = None;
        if let Some(id) = key_of(NodeKind::Area, &filter.area)? {
            let area = area(ctx, id).await?.0;
            district = Some(area.district_id);
            wanted = wanted.add(within(&area, need::Column::DistrictId, need::Column::StreetId, need::Column::CommunityId));
        }
        let id = || Expr::col((need::Entity, need::Column::Id));
        let select = need::Entity::find().filter(wanted);
        let (select, relevance) = search::narrow(select, NodeKind::Need, id(), district, filter.search.as_deref())?;
        let urgency = || Key::Int(Expr::col((need::Entity, need::Column::Urgency)).cast_as("BIGINT"));
        let sort = match (order_by, relevance) {
            (None | Some(NeedOrder::Relevance), Some(sort)) => sort,
            (Some(NeedOrder::DueSoonest), _) => Sort { name: "DUE_SOONEST", keys: vec![Key::Day(due())], descending: false, id: id() },
            (Some(NeedOrder::MostUrgent), _) => {
                Sort { name: "MOST_URGENT", keys: vec![urgency(), Key::Day(due())], descending: false, id: id() }
            }
            _ => Sort::newest((need::Entity, need::Column::Id)),
        };
        Ok(page(&request.conn, select, &sort, &args).await?.into())
    }
}

/// A window that is over counts as open, whether or not the sweep has come by.
fn in_states(status: &[NeedStatus], now: chrono::DateTime<chrono::Utc>) -> Condition {
    use need::Column;
    let mut states = Condition::any();
    let mut status = status.to_vec();
    status.sort_unstable();
    status.dedup();
    for status in &status {
        let over = Condition::all().add(Column::Status.eq(NeedStatus::PublishedDirected)).add(Column::DirectedUntil.lte(now));
        states = match status {
            NeedStatus::PublishedOpen => states.add(Column::Status.eq(*status)).add(over),
            NeedStatus::PublishedDirected => {
                states.add(Condition::all().add(Column::Status.eq(*status)).add(Column::DirectedUntil.gt(now)))
            }
            _ => states.add(Column::Status.eq(*status)),
        };
    }
    if states.is_empty() { states.add(Expr::cust("1 = 0")) } else { states }
}
