//! The figures of the parts of a whole: areas, months, kinds of units.

use std::collections::BTreeSet;

use async_graphql::{Context, SimpleObject};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Iterable, QueryFilter, QueryTrait};
use uuid::Uuid;

use super::figures::{self, Period, PutIn};
use super::graphql::FEWEST;
use crate::areas::graphql::{AreaKey, GovernanceArea};
use crate::areas::rules::AreaLevel;
use crate::contributions::entity::{contribution, visible_to};
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::graphql::{Request, request};
use crate::needs::entity::need;
use crate::units::entity::unit;
use crate::units::rules::UnitKind;

/// What was asked for, and what was put in, in one area.
#[derive(SimpleObject)]
pub struct AreaFigures {
    /// The area.
    area: GovernanceArea,
    /// Needs posted, as far as the viewer may see them.
    needs: i64,
    /// The fair value that units put in, in yuan, reversals taken off.
    contribution_total: Decimal,
    /// The hours that units put in, reversals taken off.
    contribution_hours: Decimal,
}

/// What was asked for, and what was put in, in one month, as far as it lies in the period.
#[derive(SimpleObject)]
pub struct MonthFigures {
    /// The month: `2025-03`.
    month: String,
    /// Needs posted, as far as the viewer may see them.
    needs: i64,
    /// The fair value that units put in, in yuan, reversals taken off.
    contribution_total: Decimal,
    /// The hours that units put in, reversals taken off.
    contribution_hours: Decimal,
}

/// How many units of a kind there were, and what they put in.
#[derive(SimpleObject)]
pub struct UnitKindFigures {
    /// The kind of unit.
    kind: UnitKind,
    /// Units that were members of an alliance of the area on at least one day of the period.
    member_units: i64,
    /// The fair value that they put in, in yuan, reversals taken off; null where it would tell of too few units.
    contribution_total: Option<Decimal>,
    /// The hours that they put in, reversals taken off; null where it would tell of too few units.
    contribution_hours: Option<Decimal>,
}

/// The figures of a value; none where it has no row.
fn of<V: PartialEq, F: Copy + Default>(rows: &[(V, F)], value: &V) -> F {
    rows.iter().find(|row| row.0 == *value).map(|row| row.1).unwrap_or_default()
}

pub(super) async fn by_area(ctx: &Context<'_>, period: &Period, level: AreaLevel) -> Result<Vec<AreaFigures>> {
    let (request, told) = (request(ctx), "区划层级须为 DISTRICT、STREET 或 COMMUNITY");
    let (of_need, of_line) = match level {
        AreaLevel::District => (need::Column::DistrictId, contribution::Column::DistrictId),
        AreaLevel::Street => (need::Column::StreetId, contribution::Column::StreetId),
        AreaLevel::Community => (need::Column::CommunityId, contribution::Column::CommunityId),
        _ => return Err(AppError::BadInput { zh: told, en: "The level is DISTRICT, STREET or COMMUNITY" }),
    };
    let needs = period.needs(&request.viewer, request.now());
    let needs = figures::count_by::<_, _, Uuid>(&request.conn, needs, of_need).await?;
    let lines = period.contributions().into_query();
    let lines = figures::put_in_by::<Uuid>(&request.conn, lines, Expr::col(of_line.as_column_ref())).await?;
    let keys: BTreeSet<Uuid> = needs.iter().map(|row| row.0).chain(lines.iter().map(|row| row.0)).collect();
    let areas = request.loader.load_many(keys.into_iter().map(AreaKey)).await?;
    let mut areas: Vec<_> = areas.into_values().collect();
    areas.sort_by(|one, other| one.0.code.cmp(&other.0.code));
    let figures = areas.into_iter().map(|area| {
        let (needs, put_in) = (of(&needs, &area.0.id), of(&lines, &area.0.id));
        AreaFigures { area, needs, contribution_total: Decimal::fen(put_in.value), contribution_hours: Decimal::thousandths(put_in.hours) }
    });
    Ok(figures.collect())
}

pub(super) async fn by_month(request: &Request, period: &Period) -> Result<Vec<MonthFigures>> {
    let needs = period.needs(&request.viewer, request.now()).into_query();
    let month = figures::month_of(&request.conn, need::Column::CreatedAt);
    let needs = figures::by::<String, 1>(&request.conn, needs, month, [Expr::cust("COUNT(*)")]).await?;
    let month = figures::month_of(&request.conn, contribution::Column::RecordedOn);
    let lines = figures::put_in_by::<String>(&request.conn, period.contributions().into_query(), month).await?;
    let months: BTreeSet<&String> = needs.iter().map(|row| &row.0).chain(lines.iter().map(|row| &row.0)).collect();
    let figures = months.into_iter().map(|month| {
        let ([needs], put_in) = (of(&needs, month), of(&lines, month));
        MonthFigures {
            month: month.clone(),
            needs,
            contribution_total: Decimal::fen(put_in.value),
            contribution_hours: Decimal::thousandths(put_in.hours),
        }
    });
    Ok(figures.collect())
}

pub(super) async fn by_unit_kind(request: &Request, period: &Period) -> Result<Vec<UnitKindFigures>> {
    let kind = || Expr::col((unit::Entity, unit::Column::Kind));
    let units = figures::count_by::<_, _, UnitKind>(&request.conn, period.member_units(), unit::Column::Kind).await?;
    let lines = figures::put_in_by(&request.conn, period.of_units(period.contributions()), kind()).await?;
    let seen = period.contributions().filter(visible_to(&request.viewer));
    let seen = figures::put_in_by::<UnitKind>(&request.conn, period.of_units(seen), kind()).await?;
    let kinds = UnitKind::iter().filter(|kind| units.iter().any(|row| row.0 == *kind) || lines.iter().any(|row| row.0 == *kind));
    let mut cells: Vec<_> =
        kinds.map(|kind| (kind, of(&lines, &kind))).map(|(kind, put_in)| (kind, put_in, of(&seen, &kind) == put_in)).collect();
    let is_few = |cell: &(UnitKind, PutIn, bool)| cell.1.units < FEWEST && !cell.2;
    // One that is left out alone would be the rest of the whole.
    let few: Vec<UnitKind> = cells.iter().filter(|cell| is_few(cell)).map(|cell| cell.0).collect();
    let next = cells.iter().filter(|cell| !is_few(cell) && !cell.2).min_by_key(|cell| cell.1.units).map(|cell| cell.0);
    let kept_back: Vec<UnitKind> = if few.len() == 1 { few.into_iter().chain(next).collect() } else { few };
    let figures = cells.drain(..).map(|(kind, put_in, _)| {
        let put_in = Some(put_in).filter(|_| !kept_back.contains(&kind));
        UnitKindFigures {
            kind,
            member_units: of(&units, &kind),
            contribution_total: put_in.map(|put_in| Decimal::fen(put_in.value)),
            contribution_hours: put_in.map(|put_in| Decimal::thousandths(put_in.hours)),
        }
    });
    Ok(figures.collect())
}
