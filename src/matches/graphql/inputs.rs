//! What can be done with matches.

use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};

use super::deliveries::{Delivery, DeliveryKey, Evaluation, EvaluationKey};
use super::types::{Match, MatchKey};
use crate::bookings::graphql::{Booking, BookingKey};
use crate::date::{Date, day, instant};
use crate::decimal::Decimal;
use crate::graphql::{key, key_of, mutate, payload};
use crate::ids::NodeKind;
use crate::matches::actions::{answer, apply, deliver, evaluate, picture, transfer, use_venue};
use crate::matches::rules::{Grade, MatchSide};

/// What a unit promises to a need.
#[derive(InputObject)]
struct ClaimNeedInput {
    /// The need.
    need: ID,
    /// The unit that claims.
    unit: ID,
    /// How much, at most what is unmatched.
    quantity: Decimal,
    /// The unit's pledge that it is taken from; none where absent.
    pledge: Option<ID>,
    /// How the unit means to do it, at most 500 characters.
    plan: Option<String>,
    /// The day by which it delivers; the need's due date where absent, else ten working days after the confirmation.
    promised_on: Option<Date>,
}

/// What a community asks of a pledge.
#[derive(InputObject)]
struct RequestPledgeInput {
    /// The pledge.
    pledge: ID,
    /// The community that asks.
    community: ID,
    /// How much, at most what is available.
    quantity: Decimal,
    /// The community's need that it is for; none where absent.
    need: Option<ID>,
    /// What it is for, at most 500 characters.
    purpose: String,
    /// The day by which it is needed.
    needed_on: Option<Date>,
}

/// A match to be handed on.
#[derive(InputObject)]
struct TransferMatchInput {
    /// The match.
    r#match: ID,
    /// The unit that is to take over what is outstanding.
    to_unit: ID,
    /// Why, at most 500 characters.
    reason: String,
}

/// A zone of the unit's venue for a time that a match promised.
#[derive(InputObject)]
struct BookPromisedTimeInput {
    /// The match, of form VENUE_TIME and confirmed.
    r#match: ID,
    /// The zone, of a venue that the match's unit owns.
    zone: ID,
    /// When it begins, in whole minutes.
    starts_at: DateTime<Utc>,
    /// When it ends, in whole minutes; where the match counts hours, all its bookings are at most what is outstanding.
    ends_at: DateTime<Utc>,
    /// What it is for, at most 200 characters.
    purpose: String,
    /// How many people come, at most the zone's capacity.
    headcount: Option<i32>,
}

/// What a unit says it handed over.
#[derive(InputObject)]
struct ReportDeliveryInput {
    /// The match.
    r#match: ID,
    /// The booking by which the unit's venue was used, completed and not reported before; quantity and day are at most and on the day of it.
    booking: Option<ID>,
    /// How much, at most what is outstanding.
    quantity: Decimal,
    /// The day on which it was handed over, from the confirmation to today.
    delivered_on: Date,
    /// More about it, at most 1,000 characters.
    note: Option<String>,
    /// The fair value of all of it, in yuan; for money the amount itself where absent.
    fair_value: Option<Decimal>,
    /// The hours of all of it.
    hours: Option<Decimal>,
}

/// How much of a report a community accepts.
#[derive(InputObject)]
struct AcceptDeliveryInput {
    /// The delivery.
    delivery: ID,
    /// How much is accepted, above 0 and at most what was reported; the rest is outstanding again.
    quantity: Decimal,
    /// A note, at most 1,000 characters.
    note: Option<String>,
}

/// How one side rates the other.
#[derive(InputObject)]
struct EvaluateMatchInput {
    /// The match, completed.
    r#match: ID,
    /// The grade.
    grade: Grade,
    /// In words, at most 500 characters.
    comment: Option<String>,
    /// For which side, where the viewer stands on both.
    r#as: Option<MatchSide>,
}

payload!(ClaimNeedPayload, Match, MatchKey, "claimNeed");
payload!(RequestPledgePayload, Match, MatchKey, "requestPledge");
payload!(ConfirmMatchPayload, Match, MatchKey, "confirmMatch");
payload!(RejectMatchPayload, Match, MatchKey, "rejectMatch");
payload!(CancelMatchPayload, Match, MatchKey, "cancelMatch");
payload!(TransferMatchPayload, Match, MatchKey, "transferMatch");
payload!(BookPromisedTimePayload, Booking, BookingKey, "bookPromisedTime");
payload!(ReportDeliveryPayload, Delivery, DeliveryKey, "reportDelivery");
payload!(AcceptDeliveryPayload, Delivery, DeliveryKey, "acceptDelivery");
payload!(RefuseDeliveryPayload, Delivery, DeliveryKey, "refuseDelivery");
payload!(RemovePicturePayload, Delivery, DeliveryKey, "removePicture");
payload!(EvaluateMatchPayload, Evaluation, EvaluationKey, "evaluateMatch");

#[derive(Default)]
pub struct MatchMutation;

#[Object]
impl MatchMutation {
    /// Claims a need, or a part of it, for a unit. Each call makes a new match.
    async fn claim_need(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the unit promises.")] input: ClaimNeedInput,
    ) -> Result<ClaimNeedPayload> {
        let claim = apply::Claim {
            need: key(NodeKind::Need, &input.need)?,
            unit: key(NodeKind::Unit, &input.unit)?,
            quantity: input.quantity,
            pledge: key_of(NodeKind::Pledge, &input.pledge)?,
            plan: input.plan,
            promised_on: day(input.promised_on),
        };
        let outcome = mutate(ctx, |work| {
            let claim = claim.clone();
            async move { apply::claim(&work, &claim).await }
        });
        ClaimNeedPayload::of(ctx, outcome.await?).await
    }

    /// Requests a pledge, or a part of it, for a community. Each call makes a new match.
    async fn request_pledge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the community asks for.")] input: RequestPledgeInput,
    ) -> Result<RequestPledgePayload> {
        let request = apply::Request {
            pledge: key(NodeKind::Pledge, &input.pledge)?,
            community: key(NodeKind::Area, &input.community)?,
            quantity: input.quantity,
            need: key_of(NodeKind::Need, &input.need)?,
            purpose: input.purpose,
            needed_on: day(input.needed_on),
        };
        let outcome = mutate(ctx, |work| {
            let request = request.clone();
            async move { apply::request(&work, &request).await }
        });
        RequestPledgePayload::of(ctx, outcome.await?).await
    }

    /// Confirms a match as the side that did not apply.
    async fn confirm_match(&self, ctx: &Context<'_>, #[graphql(desc = "The match.")] id: ID) -> Result<ConfirmMatchPayload> {
        let id = key(NodeKind::Match, &id)?;
        let outcome = mutate(ctx, |work| async move { answer::confirm(&work, id).await });
        ConfirmMatchPayload::of(ctx, outcome.await?).await
    }

    /// Turns a match down as the side that did not apply.
    async fn reject_match(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The match.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<RejectMatchPayload> {
        let id = key(NodeKind::Match, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { answer::reject(&work, id, &reason).await }
        });
        RejectMatchPayload::of(ctx, outcome.await?).await
    }

    /// Gives a match up; what is outstanding goes back to the need and to the pledge.
    async fn cancel_match(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The match.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
        #[graphql(name = "as", desc = "For which side, where the viewer stands on both.")] side: Option<MatchSide>,
    ) -> Result<CancelMatchPayload> {
        let id = key(NodeKind::Match, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { answer::cancel(&work, id, &reason, side).await }
        });
        CancelMatchPayload::of(ctx, outcome.await?).await
    }

    /// Proposes to hand what is outstanding on to another unit. The result is the new match; the old one goes on until it is confirmed.
    async fn transfer_match(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is handed on, and to whom.")] input: TransferMatchInput,
    ) -> Result<TransferMatchPayload> {
        let (id, unit) = (key(NodeKind::Match, &input.r#match)?, key(NodeKind::Unit, &input.to_unit)?);
        let outcome = mutate(ctx, |work| {
            let reason = input.reason.clone();
            async move { transfer::propose(&work, id, unit, &reason).await }
        });
        TransferMatchPayload::of(ctx, outcome.await?).await
    }

    /// Books a zone of the unit's venue for the community to which a match has promised it, as either side. It stands at once, and is given up
    /// with the match.
    async fn book_promised_time(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The match, the zone and the time.")] input: BookPromisedTimeInput,
    ) -> Result<BookPromisedTimePayload> {
        let new = use_venue::PromisedTime {
            exchange: key(NodeKind::Match, &input.r#match)?,
            zone: key(NodeKind::Zone, &input.zone)?,
            time: (instant(input.starts_at)?, instant(input.ends_at)?),
            purpose: input.purpose,
            headcount: input.headcount,
        };
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { use_venue::book_promised(&work, &new).await }
        });
        BookPromisedTimePayload::of(ctx, outcome.await?).await
    }

    /// Reports what a unit handed over.
    async fn report_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was handed over, and when.")] input: ReportDeliveryInput,
    ) -> Result<ReportDeliveryPayload> {
        let report = deliver::Report {
            exchange: key(NodeKind::Match, &input.r#match)?,
            booking: key_of(NodeKind::Booking, &input.booking)?,
            quantity: input.quantity,
            delivered_on: input.delivered_on.into(),
            note: input.note,
            fair_value: input.fair_value,
            hours: input.hours,
        };
        let outcome = mutate(ctx, |work| {
            let report = report.clone();
            async move { deliver::report(&work, &report).await }
        });
        ReportDeliveryPayload::of(ctx, outcome.await?).await
    }

    /// Accepts a delivery in whole or in part; its value goes into the ledger of contributions.
    async fn accept_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How much is accepted.")] input: AcceptDeliveryInput,
    ) -> Result<AcceptDeliveryPayload> {
        let id = key(NodeKind::Delivery, &input.delivery)?;
        let outcome = mutate(ctx, |work| {
            let note = input.note.clone();
            async move { deliver::accept(&work, id, input.quantity, note.as_deref()).await }
        });
        AcceptDeliveryPayload::of(ctx, outcome.await?).await
    }

    /// Refuses a delivery: all of it is outstanding again, and the promised day does not move.
    async fn refuse_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The delivery.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<RefuseDeliveryPayload> {
        let id = key(NodeKind::Delivery, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { deliver::refuse(&work, id, &reason).await }
        });
        RefuseDeliveryPayload::of(ctx, outcome.await?).await
    }

    /// Removes a picture, by either side and at any time; the result is the delivery.
    async fn remove_picture(&self, ctx: &Context<'_>, #[graphql(desc = "The picture.")] id: ID) -> Result<RemovePicturePayload> {
        let id = key(NodeKind::Picture, &id)?;
        RemovePicturePayload::of(ctx, mutate(ctx, |work| async move { picture::remove(&work, id).await }).await?).await
    }

    /// Rates the other side of a completed match, once; sealed until both sides have, or the time is over.
    async fn evaluate_match(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The grade, and for which side.")] input: EvaluateMatchInput,
    ) -> Result<EvaluateMatchPayload> {
        let id = key(NodeKind::Match, &input.r#match)?;
        let outcome = mutate(ctx, |work| {
            let comment = input.comment.clone();
            async move { evaluate::evaluate(&work, id, input.grade, comment.as_deref(), input.r#as).await }
        });
        EvaluateMatchPayload::of(ctx, outcome.await?).await
    }
}
