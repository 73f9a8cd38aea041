//! The verbs of sittings as mutations.

use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};

use super::{Reservation, ReservationKey};
use crate::date::{Date, instant};
use crate::decimal::Decimal;
use crate::graphql::{key, mutate, payload};
use crate::ids::NodeKind;
use crate::sittings::actions;
use crate::venues::graphql::{FunctionZone, Opening, ZoneKey, openings};

payload!(PlanSittingsPayload, FunctionZone, ZoneKey, "planSittings");
payload!(ReservePlacesPayload, Reservation, ReservationKey, "reservePlaces");
payload!(CancelReservationPayload, Reservation, ReservationKey, "cancelReservation");

/// What a place costs somebody.
#[derive(InputObject)]
struct PriceBandInput {
    /// For whom, at most 80 characters.
    name: String,
    /// In yuan; 0: free of charge.
    price: Decimal,
}

/// The sittings of a zone, in the place of those that were planned before.
#[derive(InputObject)]
struct PlanSittingsInput {
    /// The zone.
    zone: ID,
    /// The sittings of the week; empty: there are no more.
    hours: Vec<Opening>,
    /// How many people have room at each, 1 to 10,000.
    seats: i32,
    /// What a place costs whom, 1 to 20 of them.
    price_bands: Vec<PriceBandInput>,
    /// Who pays for sponsored places, at most 200 characters.
    sponsor: Option<String>,
    /// How many places are sponsored in all, those that were used included; 0 where absent.
    sponsored_places: Option<i32>,
    /// The number of the licence or of the registration, at most 50 characters.
    licence: String,
    /// The last day on which it holds.
    licence_until: Date,
}

/// Places at a sitting.
#[derive(InputObject)]
struct ReservePlacesInput {
    /// The zone.
    zone: ID,
    /// The community, street or district whose residents come.
    community: ID,
    /// When the sitting begins.
    starts_at: DateTime<Utc>,
    /// For whom: the name of a price band.
    price_band: String,
    /// How many places.
    places: i32,
    /// How many of them are sponsored; 0 where absent.
    sponsored: Option<i32>,
}

#[derive(Default)]
pub struct SittingMutation;

#[Object]
impl SittingMutation {
    /// Plans the sittings of a canteen or of day care, as the owner of the venue. Bookings and reservations that are there stay.
    async fn plan_sittings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The zone and all that holds at its sittings.")] input: PlanSittingsInput,
    ) -> Result<PlanSittingsPayload> {
        let new = actions::NewPlan {
            zone: key(NodeKind::Zone, &input.zone)?,
            hours: openings(input.hours),
            seats: input.seats,
            price_bands: input.price_bands.into_iter().map(|band| (band.name, band.price)).collect(),
            sponsor: input.sponsor,
            sponsored: input.sponsored_places.unwrap_or(0),
            licence: input.licence,
            licence_until: input.licence_until.into(),
        };
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { actions::plan(&work, &new).await }
        });
        PlanSittingsPayload::of(ctx, outcome.await?).await
    }

    /// Reserves places at a sitting for residents of a community, who are counted and not named.
    async fn reserve_places(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The sitting, for whom and how many.")] input: ReservePlacesInput,
    ) -> Result<ReservePlacesPayload> {
        let new = actions::NewReservation {
            zone: key(NodeKind::Zone, &input.zone)?,
            community: key(NodeKind::Area, &input.community)?,
            starts_at: instant(input.starts_at)?,
            price_band: input.price_band,
            places: input.places,
            sponsored: input.sponsored.unwrap_or(0),
        };
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { actions::reserve(&work, &new).await }
        });
        ReservePlacesPayload::of(ctx, outcome.await?).await
    }

    /// Gives a reservation up before its sitting begins, for the community or as the owner of the venue; sponsored places come back.
    async fn cancel_reservation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The reservation.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<CancelReservationPayload> {
        let id = key(NodeKind::Reservation, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { actions::cancel(&work, id, &reason).await }
        });
        CancelReservationPayload::of(ctx, outcome.await?).await
    }
}
