//! What can be done with needs.

use async_graphql::{Context, ID, InputObject, Object, Result};

use super::types::{CommunityNeed, NeedKey};
use crate::date::{Date, day};
use crate::decimal::Decimal;
use crate::graphql::{key, keys_of, mutate, payload};
use crate::ids::NodeKind;
use crate::matches::actions::end;
use crate::needs::actions;
use crate::needs::rules::{IntakeChannel, Urgency};
use crate::resources::rules::{NeedCategory, ResourceForm};

/// A new need.
#[derive(InputObject)]
struct PostNeedInput {
    /// The community that needs it.
    community: ID,
    /// What it is about.
    category: NeedCategory,
    /// In what form it is needed.
    form: ResourceForm,
    /// The title, at most 60 characters.
    title: String,
    /// More about it, at most 2,000 characters. No resident's name, phone or address.
    description: Option<String>,
    /// How much is wanted, above 0.
    wanted: Decimal,
    /// What the quantity counts, at most 12 characters: 袋, 次, 小时, 元.
    measure: String,
    /// How pressing it is; ROUTINE where absent.
    urgency: Option<Urgency>,
    /// The day by which it is needed; not before today.
    due_on: Option<Date>,
    /// Where it is needed, within the community; at most 100 characters.
    place: Option<String>,
    /// How it reached the community.
    channel: Option<IntakeChannel>,
    /// Whom to call; shown to the area and to units with a confirmed match.
    contact_name: Option<String>,
    /// The mobile number of the contact; encrypted at rest.
    contact_phone: Option<String>,
    /// The paired units that get the first window; all paired units where absent; straight to the open hall where there are none.
    directed_to: Option<Vec<ID>>,
    /// Whether to submit it at once; false where absent.
    submit: Option<bool>,
}

/// What is to be changed; what is absent stays as it is.
#[derive(InputObject)]
struct UpdateNeedInput {
    /// The need.
    id: ID,
    /// The title; only before publication.
    title: Option<String>,
    /// The description; only before publication.
    description: Option<String>,
    /// How much is wanted; not below what is matched already.
    wanted: Option<Decimal>,
    /// How pressing it is.
    urgency: Option<Urgency>,
    /// The day by which it is needed.
    due_on: Option<Date>,
}

payload!(PostNeedPayload, CommunityNeed, NeedKey, "postNeed");
payload!(UpdateNeedPayload, CommunityNeed, NeedKey, "updateNeed");
payload!(SubmitNeedPayload, CommunityNeed, NeedKey, "submitNeed");
payload!(PublishNeedPayload, CommunityNeed, NeedKey, "publishNeed");
payload!(ReturnNeedPayload, CommunityNeed, NeedKey, "returnNeed");
payload!(WithdrawNeedPayload, CommunityNeed, NeedKey, "withdrawNeed");
payload!(CloseNeedPayload, CommunityNeed, NeedKey, "closeNeed");

#[derive(Default)]
pub struct NeedMutation;

#[Object]
impl NeedMutation {
    /// Posts a need: a draft, or handed in for review with `submit`, and published at once where no review applies.
    async fn post_need(&self, ctx: &Context<'_>, #[graphql(desc = "The new need.")] input: PostNeedInput) -> Result<PostNeedPayload> {
        let new = actions::NewNeed {
            community: key(NodeKind::Area, &input.community)?,
            category: input.category,
            form: input.form,
            title: input.title,
            description: input.description,
            wanted: input.wanted,
            measure: input.measure,
            urgency: input.urgency.unwrap_or(Urgency::Routine),
            due_on: day(input.due_on),
            place: input.place,
            channel: input.channel,
            contact_name: input.contact_name,
            contact_phone: input.contact_phone,
            directed_to: keys_of(NodeKind::Unit, &input.directed_to)?,
            submit: input.submit.unwrap_or(false),
        };
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { actions::post(&work, &new).await }
        });
        PostNeedPayload::of(ctx, outcome.await?).await
    }

    /// Changes a need.
    async fn update_need(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to be changed.")] input: UpdateNeedInput,
    ) -> Result<UpdateNeedPayload> {
        let id = key(NodeKind::Need, &input.id)?;
        let changes = actions::Changes {
            title: input.title,
            description: input.description,
            wanted: input.wanted,
            urgency: input.urgency,
            due_on: day(input.due_on),
        };
        let outcome = mutate(ctx, |work| {
            let changes = changes.clone();
            async move { actions::update(&work, id, &changes).await }
        });
        UpdateNeedPayload::of(ctx, outcome.await?).await
    }

    /// Hands a need in for review.
    async fn submit_need(&self, ctx: &Context<'_>, #[graphql(desc = "The need.")] id: ID) -> Result<SubmitNeedPayload> {
        let id = key(NodeKind::Need, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::submit(&work, id).await });
        SubmitNeedPayload::of(ctx, outcome.await?).await
    }

    /// Publishes a submitted need: first to paired units, or straight to the open hall where there are none.
    async fn publish_need(&self, ctx: &Context<'_>, #[graphql(desc = "The need.")] id: ID) -> Result<PublishNeedPayload> {
        let id = key(NodeKind::Need, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::publish(&work, id).await });
        PublishNeedPayload::of(ctx, outcome.await?).await
    }

    /// Sends a submitted need back to its community.
    async fn return_need(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The need.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<ReturnNeedPayload> {
        let id = key(NodeKind::Need, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { actions::return_(&work, id, &reason).await }
        });
        ReturnNeedPayload::of(ctx, outcome.await?).await
    }

    /// Takes a need back; its live matches are revoked.
    async fn withdraw_need(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The need.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<WithdrawNeedPayload> {
        let id = key(NodeKind::Need, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { end::withdraw_need(&work, id, &reason).await }
        });
        WithdrawNeedPayload::of(ctx, outcome.await?).await
    }

    /// Ends a published need whose rest is no longer wanted; its live matches are revoked, and what was not met stays visible.
    async fn close_need(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The need.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<CloseNeedPayload> {
        let id = key(NodeKind::Need, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { end::close_need(&work, id, &reason).await }
        });
        CloseNeedPayload::of(ctx, outcome.await?).await
    }
}
