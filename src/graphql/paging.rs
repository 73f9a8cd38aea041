//! Relay connections: keyset cursors over a few sort keys and the id, in both directions.

use std::collections::HashMap;

use async_graphql::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{
    Alias, Asterisk, Expr, ExprTrait, IntoColumnRef, JoinType, Order, OverStatement, Query, SelectStatement, SimpleExpr, WindowStatement,
};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryResult, QueryTrait, Select};
use uuid::Uuid;

use crate::db::{Conn, Row, padded};
use crate::error::{AppError, Result};

const DEFAULT_SIZE: u64 = 20;
const LARGEST_SIZE: i32 = 100;
/// Longer than any cursor of ours: a name of 80 characters and a key fit.
const LONGEST_CURSOR: usize = 1000;

/// The paging arguments of a list, checked, and what the document asks of its pages beside the rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageArgs {
    first: Option<u64>,
    after: Option<String>,
    last: Option<u64>,
    before: Option<String>,
    total: bool,
    cursors: bool,
    ends: bool,
}

impl PageArgs {
    pub fn new(
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<PageArgs> {
        let size = |value: Option<i32>| match value {
            None => Ok(None),
            Some(1..=LARGEST_SIZE) => Ok(value.map(|size| size as u64)),
            Some(_) => Err(AppError::BadInput { zh: "first 和 last 须在 1 至 100 之间", en: "first and last take 1 to 100" }),
        };
        if [&after, &before].into_iter().flatten().any(|cursor| cursor.len() > LONGEST_CURSOR) {
            return Err(AppError::BadInput {
                zh: "游标无效，或不属于此排序", en: "The cursor is not one of this list and order"
            });
        }
        let asked = ctx.look_ahead();
        let (total, cursors, ends) = (asked.field("totalCount").exists(), asked.field("edges").exists(), asked.field("pageInfo").exists());
        Ok(PageArgs { first: size(first)?, after, last: size(last)?, before, total, cursors, ends })
    }
}

/// One sort key before the id.
#[derive(Clone, Debug)]
pub enum Key {
    Int(SimpleExpr),
    Day(SimpleExpr),
    Instant(SimpleExpr),
    Text(SimpleExpr),
}

/// An order: a name that cursors carry, keys that all run in one direction, the id last.
#[derive(Clone, Debug)]
pub struct Sort {
    pub name: &'static str,
    pub keys: Vec<Key>,
    pub descending: bool,
    pub id: SimpleExpr,
}

impl Sort {
    pub fn newest(id: impl IntoColumnRef) -> Sort {
        Sort { name: "NEWEST", keys: Vec::new(), descending: true, id: Expr::col(id) }
    }

    fn columns(&self) -> Vec<SimpleExpr> {
        let keys = self.keys.iter().map(|key| match key {
            Key::Int(expr) | Key::Day(expr) | Key::Instant(expr) | Key::Text(expr) => expr.clone(),
        });
        keys.chain([self.id.clone()]).collect()
    }

    fn read(&self, row: &QueryResult) -> Result<String> {
        let mut parts = vec![serde_json::json!(self.name)];
        for (n, key) in self.keys.iter().enumerate() {
            let column = format!("sort_{n}");
            parts.push(match key {
                Key::Int(_) => serde_json::json!(row.try_get::<i64>("", &column)?),
                Key::Day(_) => serde_json::json!(row.try_get::<NaiveDate>("", &column)?),
                Key::Instant(_) => serde_json::json!(row.try_get::<DateTime<Utc>>("", &column)?),
                Key::Text(_) => serde_json::json!(row.try_get::<String>("", &column)?),
            });
        }
        parts.push(serde_json::json!(row.try_get::<Uuid>("", "sort_id")?));
        Ok(URL_SAFE_NO_PAD.encode(serde_json::Value::Array(parts).to_string()))
    }

    fn parse(&self, cursor: &str) -> Result<Vec<SimpleExpr>> {
        let wrong =
            || AppError::BadInput { zh: "游标无效，或不属于此排序", en: "The cursor is not one of this list and order" };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
        let parts: Vec<serde_json::Value> = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        if parts.len() != self.keys.len() + 2 || parts[0] != self.name {
            return Err(wrong());
        }
        let mut values = Vec::new();
        for (key, part) in self.keys.iter().zip(&parts[1..]) {
            values.push(match key {
                Key::Int(_) => Expr::value(part.as_i64().ok_or_else(wrong)?),
                Key::Day(_) => Expr::value(part.as_str().and_then(crate::date::parse).ok_or_else(wrong)?),
                Key::Instant(_) => Expr::value(part.as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok()).ok_or_else(wrong)?),
                Key::Text(_) => Expr::value(part.as_str().filter(|text| !text.contains('\0')).ok_or_else(wrong)?.to_owned()),
            });
        }
        let id = parts.last().and_then(|part| part.as_str()).and_then(|text| Uuid::try_parse(text).ok()).ok_or_else(wrong)?;
        values.push(Expr::value(id));
        Ok(values)
    }
}

/// A page of rows, each with its cursor where the document asks for it.
#[derive(Clone, Debug)]
pub struct Page<M> {
    pub rows: Vec<(String, M)>,
    pub has_next: bool,
    pub has_previous: bool,
    pub total: Option<i64>,
}

impl<M> Page<M> {
    /// The same page of something else.
    pub fn map<N>(self, of: impl Fn(M) -> N) -> Page<N> {
        let Page { rows, has_next, has_previous, total } = self;
        Page { rows: rows.into_iter().map(|(cursor, row)| (cursor, of(row))).collect(), has_next, has_previous, total }
    }
}

impl<M> Default for Page<M> {
    fn default() -> Self {
        Page { rows: Vec::new(), has_next: false, has_previous: false, total: Some(0) }
    }
}

/// What one page reads: the bounds, the direction and one row more than asked for.
struct Plan {
    query: SelectStatement,
    limit: u64,
    backward: bool,
}

fn plan(mut query: SelectStatement, sort: &Sort, args: &PageArgs) -> Result<Plan> {
    for (n, key) in sort.keys.iter().enumerate() {
        let (Key::Int(expr) | Key::Day(expr) | Key::Instant(expr) | Key::Text(expr)) = key;
        query.expr_as(expr.clone(), Alias::new(format!("sort_{n}")));
    }
    query.expr_as(sort.id.clone(), Alias::new("sort_id"));
    for (cursor, is_after) in [(&args.after, true), (&args.before, false)] {
        if let Some(cursor) = cursor {
            let (columns, values) = (Expr::tuple(sort.columns()), Expr::tuple(sort.parse(cursor)?));
            query.and_where(if is_after == sort.descending { columns.lt(values) } else { columns.gt(values) });
        }
    }
    let backward = args.first.is_none() && args.last.is_some();
    let limit = args.first.or(args.last).unwrap_or(DEFAULT_SIZE);
    Ok(Plan { query, limit, backward })
}

impl Plan {
    fn order(&self, sort: &Sort) -> Order {
        if sort.descending == self.backward { Order::Asc } else { Order::Desc }
    }

    fn finish<M: Row>(&self, rows: &[QueryResult], sort: &Sort, args: &PageArgs) -> Result<Page<M>> {
        let more = rows.len() as u64 > self.limit;
        let rows = &rows[..rows.len().min(self.limit as usize)];
        let cursor = |n| args.cursors || (args.ends && (n == 0 || n + 1 == rows.len() || args.last.is_some()));
        let mut rows = rows
            .iter()
            .enumerate()
            .map(|(n, row)| Ok((if cursor(n) { sort.read(row)? } else { String::new() }, M::read(row)?)))
            .collect::<Result<Vec<_>>>()?;
        if self.backward {
            rows.reverse();
        }
        let (mut has_next, mut has_previous) = if self.backward {
            (args.before.is_some(), more)
        } else {
            (more || (args.before.is_some() && args.first.is_none()), args.after.is_some())
        };
        if args.first.is_some()
            && let Some(last) = args.last
            && rows.len() as u64 > last
        {
            rows.drain(..rows.len() - last as usize);
            has_previous = true;
        }
        if self.backward && args.before.is_none() {
            has_next = false;
        }
        Ok(Page { rows, has_next, has_previous, total: None })
    }
}

/// Reads one page of a list, and counts the whole list where the document asks for that.
pub async fn page<E: EntityTrait<Model: Row>>(conn: &Conn, select: Select<E>, sort: &Sort, args: &PageArgs) -> Result<Page<E::Model>> {
    let all = select.into_query();
    let mut plan = plan(all.clone(), sort, args)?;
    let order = plan.order(sort);
    for column in sort.columns() {
        plan.query.order_by_expr(column, order.clone());
    }
    plan.query.limit(plan.limit + 1);
    let rows = conn.query_all(&plan.query).await?;
    let mut page = plan.finish(&rows, sort, args)?;
    if args.total {
        let mut counted = all;
        counted.clear_selects().clear_order_by().expr(Expr::cust("1"));
        let count =
            Query::select().expr_as(Expr::cust("COUNT(*)"), Alias::new("n")).from_subquery(counted, Alias::new("counted")).to_owned();
        let row = conn.query_one(&count).await?.ok_or_else(|| AppError::internal("a count came back empty"))?;
        page.total = Some(row.try_get_by_index(0)?);
    }
    Ok(page)
}

/// Reads the same page of many lists at once, one per parent: `parent` is the column that says whose row it is.
pub async fn pages<E: EntityTrait<Model: Row>>(
    conn: &Conn,
    select: Select<E>,
    parent: E::Column,
    parents: impl IntoIterator<Item = Uuid>,
    sort: &Sort,
    args: &PageArgs,
) -> Result<HashMap<Uuid, Page<E::Model>>> {
    let parents = padded(parents);
    let parent = || Expr::col((E::default(), parent));
    let mut all = select.into_query();
    all.expr_as(parent(), Alias::new("parent"));
    let mut plan = plan(all.clone(), sort, args)?;
    let order = plan.order(sort);
    let query = if conn.get_database_backend() == DbBackend::Postgres {
        // Each list by its index, and no further than its page; the lists stay in their order.
        for column in sort.columns() {
            plan.query.order_by_expr(column, order.clone());
        }
        plan.query.and_where(parent().eq(Expr::col((Alias::new("parents"), Alias::new("column1"))))).limit(plan.limit + 1);
        Query::select()
            .column((Alias::new("listed"), Asterisk))
            .from_values(parents.iter().copied(), Alias::new("parents"))
            .join_lateral(JoinType::InnerJoin, plan.query.clone(), Alias::new("listed"), Expr::cust("TRUE"))
            .to_owned()
    } else {
        let mut window = WindowStatement::new();
        window.add_partition_by(parent());
        for column in sort.columns() {
            window.order_by_expr(column, order.clone());
        }
        plan.query.and_where(parent().is_in(parents.iter().copied()));
        plan.query.expr_window_as(Expr::cust("ROW_NUMBER()"), window, Alias::new("place"));
        Query::select()
            .column(Asterisk)
            .from_subquery(plan.query.clone(), Alias::new("numbered"))
            .and_where(Expr::col(Alias::new("place")).lte((plan.limit + 1) as i64))
            .order_by(Alias::new("place"), Order::Asc)
            .to_owned()
    };
    let mut groups: HashMap<Uuid, Vec<QueryResult>> = HashMap::new();
    for row in conn.query_all(&query).await? {
        groups.entry(row.try_get("", "parent")?).or_default().push(row);
    }
    let mut pages = HashMap::new();
    for (key, rows) in groups {
        pages.insert(key, plan.finish(&rows, sort, args)?);
    }
    if args.total {
        all.and_where(parent().is_in(parents)).clear_order_by();
        let count = Query::select()
            .column(Alias::new("parent"))
            .expr(Expr::cust("COUNT(*)"))
            .from_subquery(all, Alias::new("counted"))
            .group_by_col(Alias::new("parent"))
            .to_owned();
        for row in conn.query_all(&count).await? {
            let page: &mut Page<E::Model> = pages.entry(row.try_get_by_index(0)?).or_default();
            page.total = Some(row.try_get_by_index(1)?);
        }
        for page in pages.values_mut() {
            page.total.get_or_insert(0);
        }
    }
    Ok(pages)
}

/// Groups the keys of a nested list by what they share: keys of one field of the document differ in nothing but the parent, so that each
/// such field is one statement.
pub fn alike<'a, K, G: Eq + std::hash::Hash>(keys: &'a [K], shared: impl Fn(&'a K) -> G) -> Vec<Vec<&'a K>> {
    let mut groups: HashMap<G, Vec<&K>> = HashMap::new();
    for key in keys {
        groups.entry(shared(key)).or_default().push(key);
    }
    groups.into_values().collect()
}

/// Defines the connection and edge types of a node.
macro_rules! connection {
    ($node:ident, $connection:ident, $edge:ident, $what:literal) => {
        #[doc = concat!("A page of ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $connection {
            /// The page's items, each with its cursor.
            edges: Vec<$edge>,
            /// The page's items alone.
            nodes: Vec<$crate::graphql::eager::Eager<$node>>,
            /// Where the page begins and ends, and whether there is more.
            page_info: $crate::graphql::paging::PageInfo,
            /// How many items the whole list has; counted only when asked for.
            total_count: i64,
        }

        #[doc = concat!("One item of a page of ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $edge {
            /// The item's place in the list, for `after` and `before`.
            cursor: String,
            /// The item.
            node: $crate::graphql::eager::Eager<$node>,
        }

        impl<M> From<$crate::graphql::paging::Page<M>> for $connection
        where
            $node: From<M>,
        {
            fn from(page: $crate::graphql::paging::Page<M>) -> Self {
                let page_info = $crate::graphql::paging::PageInfo::of(&page);
                let total_count = page.total.unwrap_or_default();
                let edge = |(cursor, row)| $edge { cursor, node: $crate::graphql::eager::Eager($node::from(row)) };
                let edges: Vec<_> = page.rows.into_iter().map(edge).collect();
                $connection { nodes: edges.iter().map(|edge| edge.node.clone()).collect(), edges, page_info, total_count }
            }
        }
    };
}
pub(crate) use connection;

/// Where a page begins and ends.
#[derive(async_graphql::SimpleObject)]
pub struct PageInfo {
    /// Whether items follow this page.
    pub has_next_page: bool,
    /// Whether items precede this page.
    pub has_previous_page: bool,
    /// The cursor of the first item; null where the page is empty.
    pub start_cursor: Option<String>,
    /// The cursor of the last item; null where the page is empty.
    pub end_cursor: Option<String>,
}

impl PageInfo {
    pub fn of<M>(page: &Page<M>) -> Self {
        PageInfo {
            has_next_page: page.has_next,
            has_previous_page: page.has_previous,
            start_cursor: page.rows.first().map(|(cursor, _)| cursor.clone()),
            end_cursor: page.rows.last().map(|(cursor, _)| cursor.clone()),
        }
    }
}
