//! The verbs of venues as mutations.

use async_graphql::{Context, ID, InputObject, Object, Result};

use super::hours::{Closure, Opening, closures, openings};
use super::lists::PointInput;
use super::{FunctionZone, ServiceKey, Venue, VenueKey, VenueService, ZoneKey};
use crate::decimal::Decimal;
use crate::graphql::{key, key_of, mutate, payload};
use crate::ids::NodeKind;
use crate::venues::actions;
use crate::venues::rules::{ServiceKind, VenueKind, ZoneKind, ZoneTerms};

payload!(AddVenuePayload, Venue, VenueKey, "addVenue");
payload!(ChangeVenuePayload, Venue, VenueKey, "changeVenue");
payload!(CloseVenuePayload, Venue, VenueKey, "closeVenue");
payload!(AddZonePayload, FunctionZone, ZoneKey, "addZone");
payload!(ChangeZonePayload, FunctionZone, ZoneKey, "changeZone");
payload!(CloseZonePayload, FunctionZone, ZoneKey, "closeZone");
payload!(AddServicePayload, VenueService, ServiceKey, "addService");
payload!(EndServicePayload, VenueService, ServiceKey, "endService");

/// A new venue.
#[derive(InputObject)]
struct AddVenueInput {
    /// The district, street or community that it serves, and that owns it where no unit does.
    area: ID,
    /// The unit that owns it, for UNIT_OWNED alone.
    unit: Option<ID>,
    /// The name, at most 80 characters.
    name: String,
    /// What sort of venue it is.
    kind: VenueKind,
    /// The address, at most 200 characters.
    address: Option<String>,
    /// Where it lies.
    point: Option<PointInput>,
    /// The opening hours of the week, at most 42 spans; closed on days without any.
    hours: Vec<Opening>,
    /// The days on which it is closed, at most 60 spans.
    closures: Option<Vec<Closure>>,
}

/// A venue and what is changed in it; what is absent stays as it was.
#[derive(InputObject)]
struct ChangeVenueInput {
    /// The venue.
    id: ID,
    /// The name, at most 80 characters.
    name: Option<String>,
    /// The address, at most 200 characters; empty: none.
    address: Option<String>,
    /// Where it lies.
    point: Option<PointInput>,
    /// All opening hours of the week.
    hours: Option<Vec<Opening>>,
    /// All days on which it is closed.
    closures: Option<Vec<Closure>>,
}

/// A new zone of a venue.
#[derive(InputObject)]
struct AddZoneInput {
    /// The venue.
    venue: ID,
    /// The name, at most 80 characters.
    name: String,
    /// What it is for.
    kind: ZoneKind,
    /// How many people it holds.
    capacity: Option<i32>,
    /// What is in it, at most 200 characters.
    equipment: Option<String>,
    /// Opening hours of its own; those of its venue where absent.
    hours: Option<Vec<Opening>>,
    /// Days on which it is closed, beside those of its venue.
    closures: Option<Vec<Closure>>,
    /// Minutes kept free before each booking, 0 to 240; 0 where absent.
    buffer_before: Option<i32>,
    /// Minutes kept free after each booking, 0 to 240; 0 where absent.
    buffer_after: Option<i32>,
    /// How many days ahead it can be booked, 1 to 366; 60 where absent.
    lead_days: Option<i32>,
    /// For how many minutes at a time, 15 to 1,440; 240 where absent.
    longest_minutes: Option<i32>,
    /// Whether the owner approves each booking of somebody else's; true where absent.
    approval: Option<bool>,
}

/// A zone and what is changed in it; what is absent stays as it was.
#[derive(InputObject)]
struct ChangeZoneInput {
    /// The zone.
    id: ID,
    /// The name, at most 80 characters.
    name: Option<String>,
    /// How many people it holds.
    capacity: Option<i32>,
    /// What is in it, at most 200 characters; empty: nothing.
    equipment: Option<String>,
    /// All opening hours of its own; empty: again those of its venue.
    hours: Option<Vec<Opening>>,
    /// All days on which it is closed, beside those of its venue.
    closures: Option<Vec<Closure>>,
    /// Minutes kept free before each new booking, 0 to 240.
    buffer_before: Option<i32>,
    /// Minutes kept free after each new booking, 0 to 240.
    buffer_after: Option<i32>,
    /// How many days ahead it can be booked, 1 to 366.
    lead_days: Option<i32>,
    /// For how many minutes at a time, 15 to 1,440.
    longest_minutes: Option<i32>,
    /// Whether the owner approves each booking of somebody else's.
    approval: Option<bool>,
}

/// A new service of a venue.
#[derive(InputObject)]
struct AddServiceInput {
    /// The venue.
    venue: ID,
    /// What it is about.
    kind: ServiceKind,
    /// The name, at most 80 characters.
    name: String,
    /// Who gives it, at most 200 characters.
    provider: Option<String>,
    /// When it is given, at most 200 characters.
    hours: Option<String>,
    /// How to ask for it, at most 200 characters.
    how_to_ask: Option<String>,
    /// What it costs, in yuan; 0: free of charge.
    fee: Option<Decimal>,
}

#[derive(Default)]
pub struct VenueMutation;

#[Object]
impl VenueMutation {
    /// Adds a venue of an area or of a unit.
    async fn add_venue(&self, ctx: &Context<'_>, #[graphql(desc = "The new venue.")] input: AddVenueInput) -> Result<AddVenuePayload> {
        let new = actions::NewVenue {
            area: key(NodeKind::Area, &input.area)?,
            unit: key_of(NodeKind::Unit, &input.unit)?,
            name: input.name,
            kind: input.kind,
            address: input.address,
            point: input.point.map(PointInput::point).transpose()?,
            hours: openings(input.hours),
            closures: closures(input.closures.unwrap_or_default()),
        };
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { actions::add_venue(&work, &new).await }
        });
        AddVenuePayload::of(ctx, outcome.await?).await
    }

    /// Changes a venue. Bookings that are there stay, also where it is now closed.
    async fn change_venue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The venue and what is changed in it.")] input: ChangeVenueInput,
    ) -> Result<ChangeVenuePayload> {
        let id = key(NodeKind::Venue, &input.id)?;
        let change = actions::VenueChange {
            name: input.name,
            address: input.address,
            point: input.point.map(PointInput::point).transpose()?,
            hours: input.hours.map(openings),
            closures: input.closures.map(closures),
        };
        let outcome = mutate(ctx, |work| {
            let change = change.clone();
            async move { actions::change_venue(&work, id, &change).await }
        });
        ChangeVenuePayload::of(ctx, outcome.await?).await
    }

    /// Closes a venue for good: no new bookings; those that are live stay until they are given up or over.
    async fn close_venue(&self, ctx: &Context<'_>, #[graphql(desc = "The venue.")] id: ID) -> Result<CloseVenuePayload> {
        let id = key(NodeKind::Venue, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::close_venue(&work, id).await });
        CloseVenuePayload::of(ctx, outcome.await?).await
    }

    /// Adds a function zone to a venue.
    async fn add_zone(&self, ctx: &Context<'_>, #[graphql(desc = "The new zone.")] input: AddZoneInput) -> Result<AddZonePayload> {
        let new = actions::NewZone {
            venue: key(NodeKind::Venue, &input.venue)?,
            name: input.name,
            kind: input.kind,
            equipment: input.equipment,
            hours: input.hours.map(openings),
            closures: closures(input.closures.unwrap_or_default()),
            approval: input.approval.unwrap_or(true),
            terms: ZoneTerms {
                capacity: input.capacity,
                buffer_before: input.buffer_before.unwrap_or(0),
                buffer_after: input.buffer_after.unwrap_or(0),
                lead_days: input.lead_days.unwrap_or(60),
                longest_minutes: input.longest_minutes.unwrap_or(240),
            },
        };
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { actions::add_zone(&work, &new).await }
        });
        AddZonePayload::of(ctx, outcome.await?).await
    }

    /// Changes a function zone. Bookings that are there stay as they are.
    async fn change_zone(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The zone and what is changed in it.")] input: ChangeZoneInput,
    ) -> Result<ChangeZonePayload> {
        let id = key(NodeKind::Zone, &input.id)?;
        let change = actions::ZoneChange {
            name: input.name,
            equipment: input.equipment,
            capacity: input.capacity,
            hours: input.hours.map(openings),
            closures: input.closures.map(closures),
            buffer_before: input.buffer_before,
            buffer_after: input.buffer_after,
            lead_days: input.lead_days,
            longest_minutes: input.longest_minutes,
            approval: input.approval,
        };
        let outcome = mutate(ctx, |work| {
            let change = change.clone();
            async move { actions::change_zone(&work, id, &change).await }
        });
        ChangeZonePayload::of(ctx, outcome.await?).await
    }

    /// Closes a function zone for good: no new bookings; those that are live stay until they are given up or over.
    async fn close_zone(&self, ctx: &Context<'_>, #[graphql(desc = "The zone.")] id: ID) -> Result<CloseZonePayload> {
        let id = key(NodeKind::Zone, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::close_zone(&work, id).await });
        CloseZonePayload::of(ctx, outcome.await?).await
    }

    /// Adds a service to a venue.
    async fn add_service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new service.")] input: AddServiceInput,
    ) -> Result<AddServicePayload> {
        let venue = key(NodeKind::Venue, &input.venue)?;
        let details = actions::ServiceDetails {
            kind: input.kind,
            name: input.name,
            provider: input.provider,
            hours: input.hours,
            how_to_ask: input.how_to_ask,
            fee: input.fee,
        };
        let outcome = mutate(ctx, |work| {
            let details = details.clone();
            async move { actions::add_service(&work, venue, &details).await }
        });
        AddServicePayload::of(ctx, outcome.await?).await
    }

    /// Ends a service: it is no longer given.
    async fn end_service(&self, ctx: &Context<'_>, #[graphql(desc = "The service.")] id: ID) -> Result<EndServicePayload> {
        let id = key(NodeKind::Service, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::end_service(&work, id).await });
        EndServicePayload::of(ctx, outcome.await?).await
    }
}
