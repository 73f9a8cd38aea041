//! Statistics as the API shows them: each figure, and the rows behind it.

use async_graphql::{ComplexObject, Context, ID, Object, Result, SimpleObject};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition, QueryFilter};

use super::figures::{self, Period};
use super::parts::{self, AreaFigures, MonthFigures, UnitKindFigures};
use crate::areas::graphql::{GovernanceArea, area};
use crate::areas::rules::AreaLevel;
use crate::bookings::entity::{booking, known_to};
use crate::bookings::graphql::BookingConnection;
use crate::contributions::entity::{contribution, visible_to as contributions_visible_to};
use crate::contributions::graphql::ContributionConnection;
use crate::date::Date;
use crate::decimal::Decimal;
use crate::error::AppError;
use crate::graphql::paging::{PageArgs, Sort, page};
use crate::graphql::{key_of, request};
use crate::ids::NodeKind;
use crate::matches::entity::{exchange, visible_to as matches_visible_to};
use crate::matches::graphql::MatchConnection;
use crate::matches::rules::{Grade, MatchStatus};
use crate::needs::entity::need;
use crate::needs::graphql::CommunityNeedConnection;
use crate::needs::rules::NeedStatus;
use crate::resources::rules::NeedCategory;
use crate::units::entity::unit;
use crate::units::graphql::MemberUnitConnection;
use crate::units::rules::UnitKind;
use crate::venues::entity::{venue, zone};
use crate::venues::graphql::VenueConnection;
use crate::venues::rules::ZoneKind;

/// A share of fewer than this many answers is not told.
pub(super) const FEWEST: i64 = 5;
const GOOD: [Grade; 2] = [Grade::Excellent, Grade::Good];
const ALL: [Grade; 4] = [Grade::Excellent, Grade::Good, Grade::Fair, Grade::Poor];

/// The figures of an area and a period.
pub struct Statistics(Period);

/// How many needs of the period are in a state.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct NeedsInState {
    /// The state.
    status: NeedStatus,
    /// How many there are.
    count: i64,
    #[graphql(skip)]
    period: Period,
}

/// How many needs of the period are of a category.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct NeedsOfCategory {
    /// The category.
    category: NeedCategory,
    /// How many there are.
    count: i64,
    #[graphql(skip)]
    period: Period,
}

/// How many matches of the period are in a state.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct MatchesInState {
    /// The state.
    status: MatchStatus,
    /// How many there are.
    count: i64,
    #[graphql(skip)]
    period: Period,
}

/// How many matches of the period are for needs of a category.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct MatchesOfCategory {
    /// The category.
    category: NeedCategory,
    /// How many there are.
    count: i64,
    #[graphql(skip)]
    period: Period,
}

/// The cells that may be told: those of enough rows, and those of which the viewer sees every row anyway.
fn told<V: PartialEq>(counts: Vec<(V, i64)>, seen: &[(V, i64)]) -> impl Iterator<Item = (V, i64)> {
    counts.into_iter().filter(|cell| cell.1 >= FEWEST || seen.contains(cell))
}

/// How zones of a kind were used.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct ZoneUse {
    /// The kind of zone.
    kind: ZoneKind,
    /// How many bookings took place.
    bookings: i64,
    /// How many hours they lasted.
    hours: Decimal,
    /// How many people were expected at them, where that was said.
    headcount: i64,
    #[graphql(skip)]
    period: Period,
}

fn of_kind(kind: Option<UnitKind>) -> Condition {
    Condition::all().add_option(kind.map(|kind| unit::Column::Kind.eq(kind)))
}

/// A page of the bookings behind a figure, as far as the viewer may know them.
async fn bookings(ctx: &Context<'_>, select: sea_orm::Select<booking::Entity>, args: PageArgs) -> Result<BookingConnection> {
    let sort = Sort::newest((booking::Entity, booking::Column::Id));
    let select = select.filter(known_to(&request(ctx).viewer));
    Ok(page(&request(ctx).conn, select, &sort, &args).await?.into())
}

/// A page of the needs behind a figure.
async fn needs(ctx: &Context<'_>, select: sea_orm::Select<need::Entity>, args: PageArgs) -> Result<CommunityNeedConnection> {
    let sort = Sort::newest((need::Entity, need::Column::Id));
    Ok(page(&request(ctx).conn, select, &sort, &args).await?.into())
}

/// A page of the matches behind a figure, as far as the viewer may see them.
async fn matches(ctx: &Context<'_>, select: sea_orm::Select<exchange::Entity>, args: PageArgs) -> Result<MatchConnection> {
    let sort = Sort::newest((exchange::Entity, exchange::Column::Id));
    let select = select.filter(matches_visible_to(&request(ctx).viewer));
    Ok(page(&request(ctx).conn, select, &sort, &args).await?.into())
}

/// Defines the field `rows` of a figure.
macro_rules! rows {
    ($figure:ident, $page:ident -> $connection:ident, |$self:ident, $viewer:ident, $now:ident| $select:expr) => {
        #[ComplexObject]
        impl $figure {
            /// The rows that were counted, newest first, as far as the viewer may see them.
            async fn rows(
                &self,
                ctx: &Context<'_>,
                #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
                #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
                #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
                #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
            ) -> Result<$connection> {
                let ($self, $viewer, $now) = (self, &request(ctx).viewer, request(ctx).now());
                $page(ctx, $select, PageArgs::new(ctx, first, after, last, before)?).await
            }
        }
    };
}

rows!(NeedsInState, needs -> CommunityNeedConnection, |figure, viewer, now| {
    figure.period.needs(viewer, now).filter(need::Column::Status.eq(figure.status))
});
rows!(NeedsOfCategory, needs -> CommunityNeedConnection, |figure, viewer, now| {
    figure.period.needs(viewer, now).filter(need::Column::Category.eq(figure.category))
});
rows!(MatchesInState, matches -> MatchConnection, |figure, viewer, now| {
    figure.period.matches(viewer, now).filter(exchange::Column::Status.eq(figure.status))
});
rows!(MatchesOfCategory, matches -> MatchConnection, |figure, viewer, now| {
    figure.period.matches(viewer, now).filter(exchange::Column::Category.eq(figure.category))
});

rows!(ZoneUse, bookings -> BookingConnection, |figure, _viewer, _now| {
    let of_kind = Query::select().column(zone::Column::Id).from(zone::Entity).and_where(zone::Column::Kind.eq(figure.kind)).to_owned();
    figure.period.bookings().filter(booking::Column::ZoneId.in_subquery(of_kind))
});

/// A percentage with at most three places; nothing where there are too few to tell.
fn share(part: i64, whole: i64, fewest: i64) -> Option<Decimal> {
    (whole >= fewest.max(1)).then(|| Decimal::thousandths((part * 100_000 + whole / 2) / whole))
}

/// The figures of an area and a period, counted from recorded events.
#[Object]
impl Statistics {
    /// The area; null for the whole deployment.
    async fn area(&self) -> Option<GovernanceArea> {
        self.0.area.clone().map(GovernanceArea)
    }

    /// The first day.
    async fn from(&self) -> Date {
        Date(self.0.from)
    }

    /// The last day, included.
    async fn to(&self) -> Date {
        Date(self.0.to)
    }

    /// Needs and contributions by area of a level, in the order of their codes; areas with neither are left out.
    async fn by_area(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which areas: DISTRICT, STREET or COMMUNITY.")] level: AreaLevel,
    ) -> Result<Vec<AreaFigures>> {
        Ok(parts::by_area(ctx, &self.0, level).await?)
    }

    /// Needs and contributions by month, by the clock of Shanghai, oldest first; months with neither are left out.
    async fn by_month(&self, ctx: &Context<'_>) -> Result<Vec<MonthFigures>> {
        Ok(parts::by_month(request(ctx), &self.0).await?)
    }

    /// Units and contributions by kind of unit. What fewer than five units put in is told to those alone who see all of it.
    async fn by_unit_kind(&self, ctx: &Context<'_>) -> Result<Vec<UnitKindFigures>> {
        Ok(parts::by_unit_kind(request(ctx), &self.0).await?)
    }

    /// Units that were members of an alliance of the area on at least one day of the period.
    async fn member_units(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(figures::count(&request(ctx).conn, self.0.member_units()).await?)
    }

    /// The units behind `memberUnits`, by their key.
    async fn member_unit_rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those of this kind; all where absent.")] kind: Option<UnitKind>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<MemberUnitConnection> {
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let sort = Sort::newest((unit::Entity, unit::Column::Id));
        let select = self.0.member_units().filter(of_kind(kind));
        Ok(page(&request(ctx).conn, select, &sort, &args).await?.into())
    }

    /// The fair value that units put in, in yuan, reversals taken off.
    async fn contribution_total(&self, ctx: &Context<'_>) -> Result<Decimal> {
        let sum = figures::sum(&request(ctx).conn, self.0.contributions(), contribution::Column::Value).await?;
        Ok(Decimal::fen(sum))
    }

    /// The hours that units put in, reversals taken off.
    async fn contribution_hours(&self, ctx: &Context<'_>) -> Result<Decimal> {
        let sum = figures::sum(&request(ctx).conn, self.0.contributions(), contribution::Column::Hours).await?;
        Ok(Decimal::thousandths(sum))
    }

    /// The lines behind `contributionTotal` and `contributionHours`, newest first, as far as the viewer may see them.
    async fn contribution_rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those of units of this kind; all where absent.")] kind: Option<UnitKind>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<ContributionConnection> {
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let sort = Sort::newest((contribution::Entity, contribution::Column::Id));
        let mut select = self.0.contributions().filter(contributions_visible_to(&request(ctx).viewer));
        if kind.is_some() {
            let units = Query::select().column(unit::Column::Id).from(unit::Entity).cond_where(of_kind(kind)).to_owned();
            select = select.filter(contribution::Column::UnitId.in_subquery(units));
        }
        Ok(page(&request(ctx).conn, select, &sort, &args).await?.into())
    }

    /// Party-masses service centres and stations that were open on the last day of the period.
    async fn service_centres(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(figures::count(&request(ctx).conn, self.0.service_centres()).await?)
    }

    /// The venues behind `serviceCentres`, newest first.
    async fn service_centre_rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<VenueConnection> {
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let sort = Sort::newest((venue::Entity, venue::Column::Id));
        Ok(page(&request(ctx).conn, self.0.service_centres(), &sort, &args).await?.into())
    }

    /// The value of co-buildings of venues that came into use in the period, in yuan, reversals taken off; a part of `contributionTotal`.
    async fn co_building_value(&self, ctx: &Context<'_>) -> Result<Decimal> {
        Ok(Decimal::fen(figures::sum(&request(ctx).conn, self.0.co_built(), contribution::Column::Value).await?))
    }

    /// The lines behind `coBuildingValue`, newest first, as far as the viewer may see them.
    async fn co_building_rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<ContributionConnection> {
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let sort = Sort::newest((contribution::Entity, contribution::Column::Id));
        let select = self.0.co_built().filter(contributions_visible_to(&request(ctx).viewer));
        Ok(page(&request(ctx).conn, select, &sort, &args).await?.into())
    }

    /// How the zones of the area were used: bookings that took place in the period, by kind of zone.
    async fn zone_use(&self, ctx: &Context<'_>) -> Result<Vec<ZoneUse>> {
        let used = figures::use_by_kind(&request(ctx).conn, self.0.bookings()).await?;
        let told = |used: figures::Use| ZoneUse {
            kind: used.kind,
            bookings: used.bookings,
            hours: Decimal::thousandths(used.minutes * 1000 / 60),
            headcount: used.people,
            period: self.0.clone(),
        };
        Ok(used.into_iter().map(told).collect())
    }

    /// Needs posted in the period, by the state that they are in now.
    async fn needs_by_status(&self, ctx: &Context<'_>) -> Result<Vec<NeedsInState>> {
        let request = request(ctx);
        let select = self.0.needs(&request.viewer, request.now());
        let counts = figures::count_by(&request.conn, select, need::Column::Status).await?;
        Ok(counts.into_iter().map(|(status, count)| NeedsInState { status, count, period: self.0.clone() }).collect())
    }

    /// Needs posted in the period, by category.
    async fn needs_by_category(&self, ctx: &Context<'_>) -> Result<Vec<NeedsOfCategory>> {
        let request = request(ctx);
        let select = self.0.needs(&request.viewer, request.now());
        let counts = figures::count_by(&request.conn, select, need::Column::Category).await?;
        Ok(counts.into_iter().map(|(category, count)| NeedsOfCategory { category, count, period: self.0.clone() }).collect())
    }

    /// Matches applied for in the period, by the state that they are in now; fewer than five in a state are told to those alone who see all
    /// of them.
    async fn matches_by_status(&self, ctx: &Context<'_>) -> Result<Vec<MatchesInState>> {
        let request = request(ctx);
        let select = self.0.matches(&request.viewer, request.now());
        let counts = figures::count_by(&request.conn, select.clone(), exchange::Column::Status).await?;
        let seen = select.filter(matches_visible_to(&request.viewer));
        let seen = figures::count_by(&request.conn, seen, exchange::Column::Status).await?;
        Ok(told(counts, &seen).map(|(status, count)| MatchesInState { status, count, period: self.0.clone() }).collect())
    }

    /// Matches applied for in the period, by category; fewer than five of a category are told to those alone who see all of them.
    async fn matches_by_category(&self, ctx: &Context<'_>) -> Result<Vec<MatchesOfCategory>> {
        let request = request(ctx);
        let select = self.0.matches(&request.viewer, request.now());
        let counts = figures::count_by(&request.conn, select.clone(), exchange::Column::Category).await?;
        let seen = select.filter(matches_visible_to(&request.viewer));
        let seen = figures::count_by(&request.conn, seen, exchange::Column::Category).await?;
        Ok(told(counts, &seen).map(|(category, count)| MatchesOfCategory { category, count, period: self.0.clone() }).collect())
    }

    /// Of the promises that came to their end in the period, the percentage kept in full by the promised day; null where there were none and, to
    /// those who do not see them all, below five.
    async fn on_time_share(&self, ctx: &Context<'_>) -> Result<Option<Decimal>> {
        let request = request(ctx);
        let (viewer, now, db) = (&request.viewer, request.now(), &request.conn);
        let all = figures::count(db, self.0.kept_or_broken(viewer, now)).await?;
        let seen = figures::count(db, self.0.kept_or_broken(viewer, now).filter(matches_visible_to(viewer))).await?;
        Ok(share(figures::count(db, self.0.on_time(viewer, now)).await?, all, if seen == all { 1 } else { FEWEST }))
    }

    /// The matches behind `onTimeShare`, kept and broken, newest first, as far as the viewer may see them.
    async fn on_time_rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those kept in full by the promised day, or only the others; all where absent.")] kept: Option<bool>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<MatchConnection> {
        let (viewer, now) = (&request(ctx).viewer, request(ctx).now());
        let select = match kept {
            Some(true) => self.0.on_time(viewer, now),
            Some(false) => self.0.late(viewer, now),
            None => self.0.kept_or_broken(viewer, now),
        };
        matches(ctx, select, PageArgs::new(ctx, first, after, last, before)?).await
    }

    /// Of the communities' ratings that were released in the period, the percentage of EXCELLENT and GOOD; null below five ratings.
    async fn satisfaction(&self, ctx: &Context<'_>) -> Result<Option<Decimal>> {
        let request = request(ctx);
        let (viewer, now, db) = (&request.viewer, request.now(), &request.conn);
        let all = figures::count(db, self.0.rated(viewer, now, &ALL)).await?;
        Ok(share(figures::count(db, self.0.rated(viewer, now, &GOOD)).await?, all, FEWEST))
    }

    /// The matches behind `satisfaction`, newest first, as far as the viewer may see them.
    async fn satisfaction_rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<MatchConnection> {
        let select = self.0.rated(&request(ctx).viewer, request(ctx).now(), &ALL);
        matches(ctx, select, PageArgs::new(ctx, first, after, last, before)?).await
    }
}

#[derive(Default)]
pub struct ReportQuery;

#[Object]
impl ReportQuery {
    /// The figures of an area with all below it, or of the whole deployment, over a period of days, both included.
    async fn statistics(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "area", desc = "The area; the whole deployment where absent.")] within: Option<ID>,
        #[graphql(desc = "The first day, Asia/Shanghai.")] from: Date,
        #[graphql(desc = "The last day, included, Asia/Shanghai.")] to: Date,
    ) -> Result<Statistics> {
        if from > to {
            return Err(AppError::BadInput { zh: "起始日期不能晚于截止日期", en: "The first day cannot lie after the last" }.into());
        }
        let area = match key_of(NodeKind::Area, &within)? {
            Some(id) => Some(area(ctx, id).await?.0),
            None => None,
        };
        Ok(Statistics(Period { area, from: from.into(), to: to.into() }))
    }
}
