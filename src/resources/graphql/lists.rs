//! Lists of pledges: the resource list, and those of a unit.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use sea_orm::Select;
use sea_orm::sea_query::Expr;
use uuid::Uuid;

use super::ResourcePledgeConnection;
use crate::areas::graphql::area;
use crate::calendar::shanghai_day;
use crate::decimal::Decimal;
use crate::error::AppError;
use crate::graphql::paging::{Key, Page, PageArgs, Sort, alike, page, pages};
use crate::graphql::{Loaders, Source, key_of, request};
use crate::ids::NodeKind;
use crate::resources::entity::{self, Filter, pledge};
use crate::resources::rules::{NeedCategory, PledgeStatus, ResourceForm};
use crate::search;

/// Which pledges to list.
#[derive(InputObject, Default)]
pub struct PledgeFilter {
    /// Only these states.
    status: Option<Vec<PledgeStatus>>,
    /// Only these categories.
    category: Option<Vec<NeedCategory>>,
    /// Only these forms.
    form: Option<Vec<ResourceForm>>,
    /// Only those of this unit.
    unit: Option<ID>,
    /// Only those that serve this area: they serve all, or name it or an area above it.
    area: Option<ID>,
    /// Only listed ones of which at least so much is available, the inexhaustible ones among them.
    available_at_least: Option<Decimal>,
    /// Only pledges whose title and description hold all of these words.
    search: Option<String>,
}

/// In which order pledges are listed.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PledgeOrder {
    /// Latest pledged first.
    Newest,
    /// Latest confirmed first.
    ConfirmedLatest,
    /// Those whose last day is nearest first, those without one last.
    ExpiresSoonest,
    /// Best match first; latest pledged where nothing is searched for.
    Relevance,
}

/// A filter and an order, read.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Wanted {
    filter: Filter,
    search: Option<String>,
    district: Option<Uuid>,
    order: Option<PledgeOrder>,
}

impl Wanted {
    async fn read(ctx: &Context<'_>, filter: Option<PledgeFilter>, order: Option<PledgeOrder>) -> Result<Wanted> {
        let filter = filter.unwrap_or_default();
        search::check(filter.search.as_deref())?;
        let area = match key_of(NodeKind::Area, &filter.area)? {
            Some(id) => Some(area(ctx, id).await?.0),
            None => None,
        };
        Ok(Wanted {
            filter: Filter {
                status: filter.status,
                category: filter.category,
                form: filter.form,
                unit: key_of(NodeKind::Unit, &filter.unit)?,
                serving: area.as_ref().map(|area| area.ancestry()),
                available_at_least: filter.available_at_least.map(Decimal::to_thousandths),
            },
            search: filter.search,
            district: area.map(|area| area.district_id),
            order,
        })
    }

    fn select(&self, source: &Source) -> crate::error::Result<(Select<pledge::Entity>, Sort)> {
        let column = |column| Expr::col((pledge::Entity, column));
        let select = entity::list(&source.viewer, shanghai_day(source.now()), &self.filter);
        let (select, relevance) =
            search::narrow(select, NodeKind::Pledge, column(pledge::Column::Id), self.district, self.search.as_deref())?;
        let sort = match (self.order, relevance) {
            (None | Some(PledgeOrder::Relevance), Some(sort)) => sort,
            (Some(PledgeOrder::ConfirmedLatest), _) => Sort {
                name: "CONFIRMED_LATEST",
                keys: vec![Key::Day(column(pledge::Column::ConfirmedOn))],
                descending: true,
                id: column(pledge::Column::Id),
            },
            (Some(PledgeOrder::ExpiresSoonest), _) => Sort {
                name: "EXPIRES_SOONEST",
                keys: vec![Key::Day(Expr::cust("COALESCE(pledges.valid_until, '9999-12-31')"))],
                descending: false,
                id: column(pledge::Column::Id),
            },
            _ => Sort::newest((pledge::Entity, pledge::Column::Id)),
        };
        Ok((select, sort))
    }
}

#[derive(Default)]
pub struct PledgeQuery;

#[Object]
impl PledgeQuery {
    /// Resource pledges: the list, and whatever else the viewer may see.
    #[allow(clippy::too_many_arguments)]
    async fn pledges(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which pledges; all where absent.")] filter: Option<PledgeFilter>,
        #[graphql(desc = "In which order; RELEVANCE where `search` is given, else NEWEST.")] order_by: Option<PledgeOrder>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<ResourcePledgeConnection> {
        let request = request(ctx);
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let (select, sort) = Wanted::read(ctx, filter, order_by).await?.select(request)?;
        Ok(page(&request.conn, select, &sort, &args).await?.into())
    }
}

/// A page of the pledges of a unit.
pub async fn pledges_of(
    ctx: &Context<'_>,
    unit: Uuid,
    filter: Option<PledgeFilter>,
    order: Option<PledgeOrder>,
    args: PageArgs,
) -> Result<ResourcePledgeConnection> {
    let key = PledgesPage { unit, wanted: Wanted::read(ctx, filter, order).await?, args };
    Ok(request(ctx).loader.load_one(key).await?.unwrap_or_default().into())
}

/// The same page of the pledges of many units.
#[derive(Clone, PartialEq, Eq, Hash)]
struct PledgesPage {
    unit: Uuid,
    wanted: Wanted,
    args: PageArgs,
}

impl Loader<PledgesPage> for Loaders {
    type Value = Page<pledge::Model>;
    type Error = AppError;

    async fn load(&self, keys: &[PledgesPage]) -> std::result::Result<HashMap<PledgesPage, Page<pledge::Model>>, AppError> {
        let mut found = HashMap::new();
        for keys in alike(keys, |key| (&key.wanted, &key.args)) {
            let (select, sort) = keys[0].wanted.select(&self.0)?;
            let parents = keys.iter().map(|key| key.unit);
            let mut by_unit = pages(&self.0.conn, select, pledge::Column::UnitId, parents, &sort, &keys[0].args).await?;
            found.extend(keys.into_iter().map(|key| (key.clone(), by_unit.remove(&key.unit).unwrap_or_default())));
        }
        Ok(found)
    }
}
