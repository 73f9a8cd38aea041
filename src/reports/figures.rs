//! How each figure is counted.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, IntoColumnRef, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ColumnType, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryResult, QueryTrait, Select, TryGetable,
};

use crate::areas::entity::{area, within};
use crate::auth::Viewer;
use crate::bookings::entity::booking;
use crate::bookings::rules::BookingStatus;
use crate::calendar::start_of;
use crate::contributions::entity::contribution;
use crate::error::{AppError, Result};
use crate::matches::entity::{delivery, evaluation, exchange};
use crate::matches::rules::{Grade, MatchSide, MatchStatus};
use crate::needs::entity::{need, visible_to as needs_visible_to};
use crate::units::entity::{alliance, membership, unit};
use crate::venues::entity::{venue, zone};
use crate::venues::rules::{VenueKind, ZoneKind};

/// An area, or the whole deployment, and a period of days, both included.
#[derive(Clone)]
pub struct Period {
    pub area: Option<Arc<area::Model>>,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl Period {
    fn instants(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (start_of(self.from), start_of(self.to.succ_opt().unwrap_or(self.to)))
    }

    fn during<C: ColumnTrait>(&self, column: C) -> Condition {
        let (from, to) = self.instants();
        Condition::all().add(column.gte(from)).add(column.lt(to))
    }

    fn place<C: ColumnTrait>(&self, district: C, street: C, community: C) -> Condition {
        self.area.as_ref().map_or(Condition::all(), |area| within(area, district, street, community))
    }

    /// Units that were members of an alliance hosted in the area on at least one day of the period.
    pub fn member_units(&self) -> Select<unit::Entity> {
        let mut hosted = Query::select();
        hosted
            .column((membership::Entity, membership::Column::UnitId))
            .from(membership::Entity)
            .and_where(Expr::col((membership::Entity, membership::Column::Since)).lte(self.to))
            .cond_where(
                Condition::any()
                    .add(Expr::col((membership::Entity, membership::Column::Until)).is_null())
                    .add(Expr::col((membership::Entity, membership::Column::Until)).gte(self.from)),
            );
        if let Some(area) = &self.area {
            hosted
                .inner_join(
                    alliance::Entity,
                    Expr::col((alliance::Entity, alliance::Column::Id)).equals((membership::Entity, membership::Column::AllianceId)),
                )
                .inner_join(area::Entity, Expr::col((area::Entity, area::Column::Id)).equals((alliance::Entity, alliance::Column::HostId)))
                .cond_where(Condition::all().add(area::Column::Lineage.starts_with(&area.lineage)));
        }
        unit::Entity::find().filter(unit::Column::Id.in_subquery(hosted))
    }

    /// Ledger lines recorded in the period.
    pub fn contributions(&self) -> Select<contribution::Entity> {
        use contribution::Column;
        contribution::Entity::find().filter(Column::RecordedOn.gte(self.from)).filter(Column::RecordedOn.lte(self.to)).filter(self.place(
            Column::DistrictId,
            Column::StreetId,
            Column::CommunityId,
        ))
    }

    /// The same with the units that put it in.
    pub fn of_units(&self, lines: Select<contribution::Entity>) -> SelectStatement {
        let mut lines = lines.into_query();
        let of_line = (contribution::Entity, contribution::Column::UnitId);
        lines.inner_join(unit::Entity, Expr::col((unit::Entity, unit::Column::Id)).equals(of_line));
        lines
    }

    /// Those of them that co-buildings of venues came to.
    pub fn co_built(&self) -> Select<contribution::Entity> {
        self.contributions().filter(contribution::Column::CoBuildingId.is_not_null())
    }

    /// Party-masses service centres and stations that were open on the last day of the period.
    pub fn service_centres(&self) -> Select<venue::Entity> {
        use venue::Column;
        venue::Entity::find()
            .filter(Column::Kind.is_in([VenueKind::Centre, VenueKind::Station]))
            .filter(Column::OpenedOn.lte(self.to))
            .filter(Condition::any().add(Column::ClosedOn.is_null()).add(Column::ClosedOn.gt(self.to)))
            .filter(self.place(Column::DistrictId, Column::StreetId, Column::CommunityId))
    }

    /// Bookings of zones in the area that took place in the period.
    pub fn bookings(&self) -> Select<booking::Entity> {
        let mut there = Query::select();
        there.column(venue::Column::Id).from(venue::Entity).cond_where(self.place(
            venue::Column::DistrictId,
            venue::Column::StreetId,
            venue::Column::CommunityId,
        ));
        booking::Entity::find()
            .filter(booking::Column::Status.eq(BookingStatus::Completed))
            .filter(self.during(booking::Column::StartsAt))
            .filter(booking::Column::VenueId.in_subquery(there))
    }

    /// Needs posted in the period that the viewer may see.
    pub fn needs(&self, viewer: &Viewer, now: DateTime<Utc>) -> Select<need::Entity> {
        use need::Column;
        need::Entity::find()
            .filter(self.during(Column::CreatedAt))
            .filter(self.place(Column::DistrictId, Column::StreetId, Column::CommunityId))
            .filter(needs_visible_to(viewer, now))
    }

    /// Matches applied for in the period, except on needs that the viewer may not see.
    pub fn matches(&self, viewer: &Viewer, now: DateTime<Utc>) -> Select<exchange::Entity> {
        self.open_matches(viewer, now).filter(self.during(exchange::Column::AppliedAt))
    }

    fn open_matches(&self, viewer: &Viewer, now: DateTime<Utc>) -> Select<exchange::Entity> {
        use exchange::Column;
        let seen = Query::select().column(need::Column::Id).from(need::Entity).cond_where(needs_visible_to(viewer, now)).to_owned();
        exchange::Entity::find()
            .filter(self.place(Column::DistrictId, Column::StreetId, Column::CommunityId))
            .filter(Condition::any().add(Column::NeedId.is_null()).add(Column::NeedId.in_subquery(seen)))
    }

    /// Promises that came to their end in the period: completed ones, and confirmed ones that timed out.
    pub fn kept_or_broken(&self, viewer: &Viewer, now: DateTime<Utc>) -> Select<exchange::Entity> {
        use exchange::Column;
        let completed = Condition::all().add(Column::Status.eq(MatchStatus::Completed)).add(self.during(Column::CompletedAt));
        let (from, to) = (self.from, self.to);
        let timed_out = Condition::all()
            .add(Column::Status.eq(MatchStatus::TimedOut))
            .add(Column::ConfirmedAt.is_not_null())
            .add(Column::PromisedOn.gte(from))
            .add(Column::PromisedOn.lte(to));
        self.open_matches(viewer, now).filter(Condition::any().add(completed).add(timed_out))
    }

    /// Of these, the others.
    pub fn late(&self, viewer: &Viewer, now: DateTime<Utc>) -> Select<exchange::Entity> {
        let mut kept = self.on_time(viewer, now).into_query();
        kept.clear_selects().column((exchange::Entity, exchange::Column::Id));
        self.kept_or_broken(viewer, now).filter(exchange::Column::Id.not_in_subquery(kept))
    }

    /// Of these, the ones of which everything accepted was handed over by the promised day.
    pub fn on_time(&self, viewer: &Viewer, now: DateTime<Utc>) -> Select<exchange::Entity> {
        let late = Query::select()
            .expr(Expr::cust("1"))
            .from(delivery::Entity)
            .and_where(Expr::col((delivery::Entity, delivery::Column::MatchId)).equals((exchange::Entity, exchange::Column::Id)))
            .and_where(Expr::col((delivery::Entity, delivery::Column::Accepted)).gt(0))
            .and_where(
                Expr::col((delivery::Entity, delivery::Column::DeliveredOn))
                    .gt(Expr::col((exchange::Entity, exchange::Column::PromisedOn))),
            )
            .to_owned();
        self.kept_or_broken(viewer, now)
            .filter(exchange::Column::Status.eq(MatchStatus::Completed))
            .filter(exchange::Column::Returned.eq(0))
            .filter(Expr::exists(late).not())
    }

    /// Matches that a community rated, by the day on which the rating could first be read.
    pub fn rated(&self, viewer: &Viewer, now: DateTime<Utc>, grades: &[Grade]) -> Select<exchange::Entity> {
        use evaluation::Column;
        let rated = Query::select()
            .column(Column::MatchId)
            .from(evaluation::Entity)
            .cond_where(self.during(Column::ReleasedAt))
            .and_where(Column::Side.eq(MatchSide::Community))
            .and_where(Column::Grade.is_in(grades.iter().copied()))
            .to_owned();
        self.open_matches(viewer, now).filter(exchange::Column::Id.in_subquery(rated))
    }
}

/// How many rows a selection has.
pub async fn count<E: EntityTrait>(db: &impl ConnectionTrait, select: Select<E>) -> Result<i64> {
    one(db, select, count_all()).await
}

/// The sum of a column of whole numbers over a selection.
pub async fn sum<E: EntityTrait>(db: &impl ConnectionTrait, select: Select<E>, column: impl ColumnTrait) -> Result<i64> {
    one(db, select, sum_of(column.as_column_ref())).await
}

async fn one<E: EntityTrait>(db: &impl ConnectionTrait, select: Select<E>, figure: Expr) -> Result<i64> {
    let mut query = select.into_query();
    query.clear_selects().expr(figure);
    let row = db.query_one(&query).await?.ok_or_else(|| AppError::internal("a figure came back empty"))?;
    Ok(row.try_get_by_index(0)?)
}

/// How often, how long and by how many people zones of a kind were used.
pub struct Use {
    pub kind: ZoneKind,
    pub bookings: i64,
    pub minutes: i64,
    pub people: i64,
}

/// The use of zones by their kind, in the order of the kinds.
pub async fn use_by_kind(db: &impl ConnectionTrait, bookings: Select<booking::Entity>) -> Result<Vec<Use>> {
    let mut query: SelectStatement = bookings.into_query();
    query.inner_join(zone::Entity, Expr::col((zone::Entity, zone::Column::Id)).equals((booking::Entity, booking::Column::ZoneId)));
    let figures = [count_all(), sum_of((booking::Entity, booking::Column::Minutes)), sum_of((booking::Entity, booking::Column::Headcount))];
    let rows = by(db, query, Expr::col((zone::Entity, zone::Column::Kind)), figures).await?;
    Ok(rows.into_iter().map(|(kind, [bookings, minutes, people])| Use { kind, bookings, minutes, people }).collect())
}

/// How many rows of a selection have each value of a column, in the order of the values.
pub async fn count_by<E, C, V>(db: &impl ConnectionTrait, select: Select<E>, column: C) -> Result<Vec<(V, i64)>>
where
    E: EntityTrait,
    C: ColumnTrait,
    V: TryGetable,
{
    let rows = by(db, select.into_query(), Expr::col(column.as_column_ref()), [count_all()]).await?;
    Ok(rows.into_iter().map(|(value, [count])| (value, count)).collect())
}

/// What ledger lines come to.
#[derive(Clone, Copy, Default, PartialEq)]
pub struct PutIn {
    pub units: i64,
    /// In fen.
    pub value: i64,
    /// In thousandths.
    pub hours: i64,
}

/// What the ledger lines of each value come to, in the order of the values.
pub async fn put_in_by<V: TryGetable>(db: &impl ConnectionTrait, lines: SelectStatement, value: Expr) -> Result<Vec<(V, PutIn)>> {
    use contribution::{Column, Entity};
    let units = Expr::col((Entity, Column::UnitId)).count_distinct();
    let rows = by(db, lines, value, [units, sum_of((Entity, Column::Value)), sum_of((Entity, Column::Hours))]).await?;
    Ok(rows.into_iter().map(|(of, [units, value, hours])| (of, PutIn { units, value, hours })).collect())
}

/// The month of a day or, by the clock of Shanghai, of an instant: `2025-03`.
pub fn month_of(db: &impl ConnectionTrait, column: impl ColumnTrait) -> Expr {
    let (table, name) = (column.entity_name(), column.to_string());
    let is_instant = matches!(column.def().get_column_type(), ColumnType::TimestampWithTimeZone);
    // Written out: an expression with bound values is another one where it is grouped by.
    Expr::cust(match (db.get_database_backend(), is_instant) {
        (DbBackend::Postgres, true) => format!("to_char(\"{table}\".\"{name}\" AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')"),
        (DbBackend::Postgres, false) => format!("to_char(\"{table}\".\"{name}\", 'YYYY-MM')"),
        (_, true) => format!("strftime('%Y-%m', \"{table}\".\"{name}\", '+8 hours')"),
        (_, false) => format!("substr(\"{table}\".\"{name}\", 1, 7)"),
    })
}

fn count_all() -> Expr {
    Expr::cust("COUNT(*)")
}

fn sum_of(column: impl IntoColumnRef) -> Expr {
    // PostgreSQL sums big integers as decimals.
    Func::coalesce([Expr::col(column).sum(), Expr::val(0)]).cast_as("BIGINT")
}

/// Figures of a selection for each value of an expression, in the order of the values.
pub async fn by<V: TryGetable, const N: usize>(
    db: &impl ConnectionTrait,
    mut query: SelectStatement,
    value: Expr,
    figures: [Expr; N],
) -> Result<Vec<(V, [i64; N])>> {
    query.clear_selects().expr_as(value.clone(), Alias::new("value"));
    for figure in figures {
        query.expr(figure);
    }
    query.add_group_by([value.clone()]).order_by_expr(value, Order::Asc);
    let read = |row: &QueryResult| {
        let mut told = [0; N];
        for (place, figure) in told.iter_mut().enumerate() {
            *figure = row.try_get_by_index(place + 1)?;
        }
        Ok((row.try_get_by_index(0)?, told))
    };
    db.query_all(&query).await?.iter().map(read).collect()
}
