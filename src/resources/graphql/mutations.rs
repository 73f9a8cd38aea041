//! The verbs of a pledge as mutations.

use async_graphql::{Context, ID, InputObject, Object, Result};

use super::{PledgeKey, ResourcePledge};
use crate::date::{Date, day};
use crate::decimal::Decimal;
use crate::graphql::{key, keys_of, mutate, payload};
use crate::ids::NodeKind;
use crate::resources::actions;
use crate::resources::rules::{Change, NeedCategory, Offer, ResourceForm};

payload!(PledgeResourcePayload, ResourcePledge, PledgeKey, "pledgeResource");
payload!(ResubmitPledgePayload, ResourcePledge, PledgeKey, "resubmitPledge");
payload!(ListPledgePayload, ResourcePledge, PledgeKey, "listPledge");
payload!(ReturnPledgePayload, ResourcePledge, PledgeKey, "returnPledge");
payload!(PausePledgePayload, ResourcePledge, PledgeKey, "pausePledge");
payload!(ResumePledgePayload, ResourcePledge, PledgeKey, "resumePledge");
payload!(RenewPledgePayload, ResourcePledge, PledgeKey, "renewPledge");
payload!(WithdrawPledgePayload, ResourcePledge, PledgeKey, "withdrawPledge");

/// A new pledge.
#[derive(InputObject)]
struct PledgeResourceInput {
    /// The unit that gives it.
    unit: ID,
    /// In which form it is given.
    form: ResourceForm,
    /// What it is about.
    category: NeedCategory,
    /// The title, at most 60 characters.
    title: String,
    /// What it is, at most 2000 characters.
    description: Option<String>,
    /// What quantities of it are counted in: 袋, 次, 小时, 元; at most 12 characters.
    measure: String,
    /// How much there is in all, above zero; absent: inexhaustible.
    total: Option<Decimal>,
    /// How much can be given on one occasion, at most.
    per_session: Option<Decimal>,
    /// When in the week it can be had, at most 200 characters.
    weekly_hours: Option<String>,
    /// For whom it is meant, at most 200 characters.
    audience: Option<String>,
    /// What whoever asks for it must see to, at most 500 characters.
    conditions: Option<String>,
    /// The last day on which it can be asked for, today or later; absent: open.
    valid_until: Option<Date>,
    /// The areas that it serves, each with all below it, at most 50; absent or empty: all.
    areas: Option<Vec<ID>>,
}

/// A returned pledge and what is changed in it; what is absent stays as it was.
#[derive(InputObject)]
struct ResubmitPledgeInput {
    /// The pledge.
    id: ID,
    /// In which form it is given.
    form: Option<ResourceForm>,
    /// What it is about.
    category: Option<NeedCategory>,
    /// The title, at most 60 characters.
    title: Option<String>,
    /// What it is, at most 2000 characters; empty: nothing.
    description: Option<String>,
    /// What quantities of it are counted in, at most 12 characters.
    measure: Option<String>,
    /// How much there is in all, above zero.
    total: Option<Decimal>,
    /// How much can be given on one occasion, at most.
    per_session: Option<Decimal>,
    /// When in the week it can be had, at most 200 characters; empty: not said.
    weekly_hours: Option<String>,
    /// For whom it is meant, at most 200 characters; empty: not said.
    audience: Option<String>,
    /// What whoever asks for it must see to, at most 500 characters; empty: nothing.
    conditions: Option<String>,
    /// The last day on which it can be asked for, today or later.
    valid_until: Option<Date>,
    /// The areas that it serves, each with all below it, at most 50; empty: all.
    areas: Option<Vec<ID>>,
}

#[derive(Default)]
pub struct PledgeMutation;

#[Object]
impl PledgeMutation {
    /// Pledges a resource for a unit. The result is SUBMITTED, or LISTED where no review applies.
    async fn pledge_resource(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new pledge.")] input: PledgeResourceInput,
    ) -> Result<PledgeResourcePayload> {
        let unit = key(NodeKind::Unit, &input.unit)?;
        let offer = Offer {
            areas: keys_of(NodeKind::Area, &input.areas)?.unwrap_or_default(),
            form: input.form,
            category: input.category,
            title: input.title,
            description: input.description,
            measure: input.measure,
            total: input.total.map(Decimal::to_thousandths),
            per_session: input.per_session.map(Decimal::to_thousandths),
            weekly_hours: input.weekly_hours,
            audience: input.audience,
            conditions: input.conditions,
            valid_until: day(input.valid_until),
        };
        let outcome = mutate(ctx, |work| {
            let offer = offer.clone();
            async move { actions::pledge_resource(&work, unit, offer).await }
        });
        PledgeResourcePayload::of(ctx, outcome.await?).await
    }

    /// Changes a returned pledge and hands it in again. The result is SUBMITTED, or LISTED where no review applies.
    async fn resubmit_pledge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pledge and what is changed in it.")] input: ResubmitPledgeInput,
    ) -> Result<ResubmitPledgePayload> {
        let id = key(NodeKind::Pledge, &input.id)?;
        let change = Change {
            areas: keys_of(NodeKind::Area, &input.areas)?,
            form: input.form,
            category: input.category,
            title: input.title,
            description: input.description,
            measure: input.measure,
            total: input.total.map(Decimal::to_thousandths),
            per_session: input.per_session.map(Decimal::to_thousandths),
            weekly_hours: input.weekly_hours,
            audience: input.audience,
            conditions: input.conditions,
            valid_until: day(input.valid_until),
        };
        let outcome = mutate(ctx, |work| {
            let change = change.clone();
            async move { actions::resubmit(&work, id, change).await }
        });
        ResubmitPledgePayload::of(ctx, outcome.await?).await
    }

    /// Puts a submitted pledge on the resource list. Who submitted it cannot.
    async fn list_pledge(&self, ctx: &Context<'_>, #[graphql(desc = "The pledge.")] id: ID) -> Result<ListPledgePayload> {
        let id = key(NodeKind::Pledge, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::list(&work, id).await });
        ListPledgePayload::of(ctx, outcome.await?).await
    }

    /// Sends a submitted pledge back to its unit, which may change it and hand it in again.
    async fn return_pledge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pledge.")] id: ID,
        #[graphql(desc = "Why, for the unit; at most 500 characters.")] reason: String,
    ) -> Result<ReturnPledgePayload> {
        let id = key(NodeKind::Pledge, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { actions::return_(&work, id, &reason).await }
        });
        ReturnPledgePayload::of(ctx, outcome.await?).await
    }

    /// Takes a listed pledge off the list for a while: no new requests, and what is held for matches lives on.
    async fn pause_pledge(&self, ctx: &Context<'_>, #[graphql(desc = "The pledge.")] id: ID) -> Result<PausePledgePayload> {
        let id = key(NodeKind::Pledge, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::pause(&work, id).await });
        PausePledgePayload::of(ctx, outcome.await?).await
    }

    /// Puts a paused pledge back on the list.
    async fn resume_pledge(&self, ctx: &Context<'_>, #[graphql(desc = "The pledge.")] id: ID) -> Result<ResumePledgePayload> {
        let id = key(NodeKind::Pledge, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::resume(&work, id).await });
        ResumePledgePayload::of(ctx, outcome.await?).await
    }

    /// Confirms that a pledge still stands; what had expired, or was hidden because nobody confirmed it, is on the list again.
    async fn renew_pledge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pledge.")] id: ID,
        #[graphql(desc = "The new last day, today or later; the one it has where absent, which must not have passed.")] valid_until: Option<
            Date,
        >,
    ) -> Result<RenewPledgePayload> {
        let id = key(NodeKind::Pledge, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::renew(&work, id, day(valid_until)).await });
        RenewPledgePayload::of(ctx, outcome.await?).await
    }

    /// Takes a pledge back for good: no new requests, and what is held for matches lives on.
    async fn withdraw_pledge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pledge.")] id: ID,
        #[graphql(desc = "Why; at most 500 characters.")] reason: String,
    ) -> Result<WithdrawPledgePayload> {
        let id = key(NodeKind::Pledge, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { actions::withdraw(&work, id, &reason).await }
        });
        WithdrawPledgePayload::of(ctx, outcome.await?).await
    }
}
