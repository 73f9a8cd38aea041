//! What is planned for a zone, and its sittings.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::calendar::shanghai_day;
use crate::date::Date;
use crate::db::padded;
use crate::decimal::Decimal;
use crate::error::AppError;
use crate::graphql::paging::alike;
use crate::graphql::{Loaders, request};
use crate::sittings::entity::{plan as table, reservation};
use crate::sittings::rules::{self, LicenceStatus, ReservationStatus};
use crate::venues::entity::zone;
use crate::venues::graphql::{Opening, shown, venue};

/// What a canteen or a day-care place offers at each of its sittings.
#[derive(Clone)]
pub struct SittingPlan {
    plan: table::Model,
    hours: Vec<Opening>,
}

/// What a canteen or a day-care place offers at each of its sittings.
#[Object]
impl SittingPlan {
    /// The sittings of the week; none on the days on which the zone or its venue is closed.
    async fn hours(&self) -> &[Opening] {
        &self.hours
    }

    /// How many people have room at each.
    async fn seats(&self) -> i32 {
        self.plan.seats
    }

    /// What a place costs whom.
    async fn price_bands(&self) -> Vec<PriceBand> {
        let shown = |band: &rules::PriceBand| PriceBand { name: band.name.clone(), price: Decimal::fen(band.price) };
        self.plan.price_bands.0.iter().map(shown).collect()
    }

    /// Who pays for the sponsored places.
    async fn sponsor(&self) -> Option<&str> {
        self.plan.sponsor.as_deref()
    }

    /// How many places are sponsored in all.
    async fn sponsored_places(&self) -> i32 {
        self.plan.sponsored
    }

    /// How many of the sponsored places are left.
    async fn sponsored_left(&self) -> i32 {
        self.plan.sponsored_left
    }

    /// The number of the licence or of the registration.
    async fn licence(&self) -> &str {
        &self.plan.licence
    }

    /// The last day on which it holds.
    async fn licence_until(&self) -> Date {
        Date(self.plan.licence_until)
    }

    /// How long it still holds.
    async fn licence_status(&self, ctx: &Context<'_>) -> LicenceStatus {
        rules::licence_status(&self.plan, shanghai_day(request(ctx).now()))
    }
}

/// What a place costs somebody.
#[derive(SimpleObject, Clone)]
struct PriceBand {
    /// For whom.
    name: String,
    /// In yuan.
    price: Decimal,
}

/// One sitting.
#[derive(SimpleObject, Clone)]
pub struct Sitting {
    /// When it begins; what a reservation names.
    starts_at: DateTime<Utc>,
    /// When it ends.
    ends_at: DateTime<Utc>,
    /// How many people have room.
    seats: i32,
    /// How many places can still be reserved: none once it has begun, further ahead than the zone's days, or after the licence has run out.
    seats_left: i32,
}

/// What is planned for a zone, if it has sittings.
pub async fn plan(ctx: &Context<'_>, zone: &zone::Model) -> Result<Option<SittingPlan>> {
    let Some(hours) = &zone.sittings else { return Ok(None) };
    let plan = request(ctx).loader.load_one(PlanKey(zone.id)).await?.ok_or(AppError::NotFound)?;
    Ok(Some(SittingPlan { plan, hours: shown(hours) }))
}

/// The sittings of a zone that begin in a span.
pub async fn sittings_of(ctx: &Context<'_>, zone: &zone::Model, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Sitting>> {
    let Some(SittingPlan { plan, .. }) = plan(ctx, zone).await? else { return Ok(Vec::new()) };
    let venue = venue(ctx, zone.venue_id).await?;
    let now = request(ctx).now();
    let reservable = |starts| rules::check_time(&venue.0, zone, &plan, starts, now).is_ok();
    let taken = request(ctx).loader.load_one(TakenIn { zone: zone.id, from, to }).await?.unwrap_or_default();
    let sitting = |(starts_at, ends_at)| {
        let left = i64::from(plan.seats) - taken.get(&starts_at).copied().unwrap_or(0);
        let left = i32::try_from(left).unwrap_or(0).clamp(0, plan.seats);
        Sitting { starts_at, ends_at, seats: plan.seats, seats_left: if reservable(starts_at) { left } else { 0 } }
    };
    Ok(crate::venues::rules::sittings(&venue.0, zone, from, to).into_iter().map(sitting).collect())
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct PlanKey(Uuid);

impl Loader<PlanKey> for Loaders {
    type Value = table::Model;
    type Error = AppError;

    async fn load(&self, keys: &[PlanKey]) -> std::result::Result<HashMap<PlanKey, table::Model>, AppError> {
        let zones = keys.iter().map(|key| key.0);
        let rows = table::Entity::find().filter(table::Column::ZoneId.is_in(zones)).all(&self.0.conn).await?;
        Ok(rows.into_iter().map(|row| (PlanKey(row.zone_id), row)).collect())
    }
}

/// How many places are kept at the sittings of a zone that begin in a span.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct TakenIn {
    zone: Uuid,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Loader<TakenIn> for Loaders {
    type Value = HashMap<DateTime<Utc>, i64>;
    type Error = AppError;

    async fn load(&self, keys: &[TakenIn]) -> std::result::Result<HashMap<TakenIn, Self::Value>, AppError> {
        use reservation::Column;
        let mut found: HashMap<TakenIn, Self::Value> = HashMap::new();
        for keys in alike(keys, |key| (key.from, key.to)) {
            let (from, to) = (keys[0].from, keys[0].to);
            let sums = reservation::Entity::find()
                .select_only()
                .columns([Column::ZoneId, Column::StartsAt])
                .column_as(Expr::col(Column::Places).sum(), "places")
                .filter(Column::ZoneId.is_in(padded(keys.iter().map(|key| key.zone))))
                .filter(Column::StartsAt.gte(from))
                .filter(Column::StartsAt.lt(to))
                .filter(Column::Status.eq(ReservationStatus::Reserved))
                .group_by(Column::ZoneId)
                .group_by(Column::StartsAt)
                .into_tuple::<(Uuid, DateTime<Utc>, i64)>()
                .all(&self.0.conn)
                .await?;
            for (zone, starts_at, places) in sums {
                found.entry(TakenIn { zone, from, to }).or_default().insert(starts_at, places);
            }
        }
        Ok(found)
    }
}
