//! How each figure is counted.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryTrait, Select};

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
    one(db, select, Expr::cust("COUNT(*)")).await
}

/// The sum of a column of whole numbers over a selection.
pub async fn sum<E: EntityTrait>(db: &impl ConnectionTrait, select: Select<E>, column: impl ColumnTrait) -> Result<i64> {
    // PostgreSQL sums big integers as decimals.
    one(db, select, Func::coalesce([Expr::col(column.as_column_ref()).sum(), Expr::val(0)]).cast_as("BIGINT")).await
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
    let kind = (zone::Entity, zone::Column::Kind);
    let sum = |column| Func::coalesce([Expr::col((booking::Entity, column)).sum(), Expr::val(0)]).cast_as("BIGINT");
    let mut query: SelectStatement = bookings.into_query();
    query
        .clear_selects()
        .inner_join(zone::Entity, Expr::col((zone::Entity, zone::Column::Id)).equals((booking::Entity, booking::Column::ZoneId)))
        .column(kind)
        .expr(Expr::cust("COUNT(*)"))
        .expr(sum(booking::Column::Minutes))
        .expr(sum(booking::Column::Headcount))
        .group_by_col(kind)
        .order_by(kind, sea_orm::Order::Asc);
    let rows = db.query_all(&query).await?;
    let read = |row: &sea_orm::QueryResult| {
        Ok(Use {
            kind: row.try_get_by_index(0)?,
            bookings: row.try_get_by_index(1)?,
            minutes: row.try_get_by_index(2)?,
            people: row.try_get_by_index(3)?,
        })
    };
    rows.iter().map(read).collect()
}

/// How many rows of a selection have each value of a column, in the order of the values.
pub async fn count_by<E, C, V>(db: &impl ConnectionTrait, select: Select<E>, column: C) -> Result<Vec<(V, i64)>>
where
    E: EntityTrait,
    C: ColumnTrait,
    V: sea_orm::TryGetable,
{
    let mut query: SelectStatement = select.into_query();
    query
        .clear_selects()
        .expr_as(Expr::col(column.as_column_ref()), Alias::new("value"))
        .expr(Expr::cust("COUNT(*)"))
        .group_by_col(column.as_column_ref())
        .order_by(column.as_column_ref(), sea_orm::Order::Asc);
    let rows = db.query_all(&query).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}
