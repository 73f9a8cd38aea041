//! The verbs of bookings as mutations.

use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};

use super::{Booking, BookingKey, BookingSeries, SeriesKey};
use crate::bookings::actions;
use crate::bookings::rules::{BookingStatus, SeriesClash};
use crate::date::instant;
use crate::error::Result as AppResult;
use crate::graphql::{key, key_of, mutate, payload};
use crate::ids::NodeKind;

payload!(BookZonePayload, Booking, BookingKey, "bookZone");
payload!(BookSeriesPayload, BookingSeries, SeriesKey, "bookSeries");
payload!(ApproveBookingPayload, Booking, BookingKey, "approveBooking");
payload!(RejectBookingPayload, Booking, BookingKey, "rejectBooking");
payload!(CancelBookingPayload, Booking, BookingKey, "cancelBooking");
payload!(CancelSeriesPayload, BookingSeries, SeriesKey, "cancelSeries");
payload!(TakeUpBookingPayload, Booking, BookingKey, "takeUpBooking");
payload!(CompleteBookingPayload, Booking, BookingKey, "completeBooking");
payload!(MarkNoShowPayload, Booking, BookingKey, "markNoShow");

/// A zone for a time.
#[derive(InputObject)]
struct BookZoneInput {
    /// The zone.
    zone: ID,
    /// When it begins, in whole minutes.
    starts_at: DateTime<Utc>,
    /// When it ends, in whole minutes; the next booking may begin then, but for the zone's buffers.
    ends_at: DateTime<Utc>,
    /// What it is for, at most 200 characters.
    purpose: String,
    /// How many people come, at most the zone's capacity.
    headcount: Option<i32>,
    /// The unit that books; either a unit or a community.
    unit: Option<ID>,
    /// The community, street or district that books; either a unit or a community.
    community: Option<ID>,
    /// Wait for the time where it is taken: the result is WAITING then. False where absent.
    wait: Option<bool>,
    /// An activity of the community whose venue it is: requests of others that nobody has approved yet give way. False where absent.
    activity: Option<bool>,
}

/// A zone for times that recur.
#[derive(InputObject)]
struct BookSeriesInput {
    /// The zone.
    zone: ID,
    /// When the first time begins, in whole minutes.
    starts_at: DateTime<Utc>,
    /// When the first time ends; all are as long.
    ends_at: DateTime<Utc>,
    /// A recurrence rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=TU;COUNT=8; at most 60 dates.
    rule: String,
    /// What becomes of dates that clash; REFUSE where absent.
    on_clash: Option<SeriesClash>,
    /// What it is for, at most 200 characters.
    purpose: String,
    /// How many people come, at most the zone's capacity.
    headcount: Option<i32>,
    /// The unit that books; either a unit or a community.
    unit: Option<ID>,
    /// The community, street or district that books; either a unit or a community.
    community: Option<ID>,
}

impl BookZoneInput {
    fn read(self) -> AppResult<actions::NewBooking> {
        Ok(actions::NewBooking {
            zone: key(NodeKind::Zone, &self.zone)?,
            time: (instant(self.starts_at)?, instant(self.ends_at)?),
            purpose: self.purpose,
            headcount: self.headcount,
            unit: key_of(NodeKind::Unit, &self.unit)?,
            community: key_of(NodeKind::Area, &self.community)?,
            wait: self.wait.unwrap_or(false),
            activity: self.activity.unwrap_or(false),
            promised_by: None,
        })
    }
}

#[derive(Default)]
pub struct BookingMutation;

#[Object]
impl BookingMutation {
    /// Books a zone. The result is APPROVED where its owner books or asks for no approval, else REQUESTED, which holds the time until it is
    /// answered or expires.
    async fn book_zone(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The zone, the time and for whom.")] input: BookZoneInput,
    ) -> Result<BookZonePayload> {
        let new = input.read()?;
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { actions::book(&work, &new).await }
        });
        BookZonePayload::of(ctx, outcome.await?).await
    }

    /// Books a zone for times that recur: all of them or none, or all that can be had.
    async fn book_series(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The zone, the first time, the rule and for whom.")] input: BookSeriesInput,
    ) -> Result<BookSeriesPayload> {
        let first = actions::NewBooking {
            zone: key(NodeKind::Zone, &input.zone)?,
            time: (instant(input.starts_at)?, instant(input.ends_at)?),
            purpose: input.purpose,
            headcount: input.headcount,
            unit: key_of(NodeKind::Unit, &input.unit)?,
            community: key_of(NodeKind::Area, &input.community)?,
            wait: false,
            activity: false,
            promised_by: None,
        };
        let new = actions::NewSeries { first, rule: input.rule, on_clash: input.on_clash.unwrap_or(SeriesClash::Refuse) };
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { actions::book_series(&work, &new).await }
        });
        BookSeriesPayload::of(ctx, outcome.await?).await
    }

    /// Approves a request, as the owner of the venue. Who requested it cannot.
    async fn approve_booking(&self, ctx: &Context<'_>, #[graphql(desc = "The booking.")] id: ID) -> Result<ApproveBookingPayload> {
        let id = key(NodeKind::Booking, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::approve(&work, id).await });
        ApproveBookingPayload::of(ctx, outcome.await?).await
    }

    /// Turns a request down, as the owner of the venue; the time goes to who waits for it.
    async fn reject_booking(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The booking.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<RejectBookingPayload> {
        let id = key(NodeKind::Booking, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { actions::reject(&work, id, &reason).await }
        });
        RejectBookingPayload::of(ctx, outcome.await?).await
    }

    /// Gives a booking up, as who booked or as the owner of the venue; the time goes to who waits for it.
    async fn cancel_booking(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The booking.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<CancelBookingPayload> {
        let id = key(NodeKind::Booking, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { actions::cancel(&work, id, &reason).await }
        });
        CancelBookingPayload::of(ctx, outcome.await?).await
    }

    /// Gives up all bookings of a series that are still to come.
    async fn cancel_series(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The series.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<CancelSeriesPayload> {
        let id = key(NodeKind::Series, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { actions::cancel_series(&work, id, &reason).await }
        });
        CancelSeriesPayload::of(ctx, outcome.await?).await
    }

    /// Takes up a time that was waited for and came free, where the zone asks for no approval or the venue is one's own; elsewhere the owner
    /// approves.
    async fn take_up_booking(&self, ctx: &Context<'_>, #[graphql(desc = "The booking.")] id: ID) -> Result<TakeUpBookingPayload> {
        let id = key(NodeKind::Booking, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::take_up(&work, id).await });
        TakeUpBookingPayload::of(ctx, outcome.await?).await
    }

    /// Says that a booking took place, as the owner of the venue; by itself that holds from the end of the next working day.
    async fn complete_booking(&self, ctx: &Context<'_>, #[graphql(desc = "The booking.")] id: ID) -> Result<CompleteBookingPayload> {
        let id = key(NodeKind::Booking, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::conclude(&work, id, BookingStatus::Completed).await });
        CompleteBookingPayload::of(ctx, outcome.await?).await
    }

    /// Says that nobody came, as the owner of the venue, from the beginning of the booking on.
    async fn mark_no_show(&self, ctx: &Context<'_>, #[graphql(desc = "The booking.")] id: ID) -> Result<MarkNoShowPayload> {
        let id = key(NodeKind::Booking, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::conclude(&work, id, BookingStatus::NoShow).await });
        MarkNoShowPayload::of(ctx, outcome.await?).await
    }
}
