//! Webhooks as the API shows them.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::actions::{self, NewWebhook};
use super::entity::{message, messages_visible_to, visible_to, webhook};
use super::rules::{AttemptFailure, MessageStatus, PauseReason, WebhookStatus};
use crate::auth::graphql::without_headers;
use crate::clients::graphql::{ClientKey, PartnerClient};
use crate::db::{is_one_of, padded};
use crate::error::AppError;
use crate::graphql::paging::{Page, PageArgs, Sort, alike, connection, pages};
use crate::graphql::{Loaders, key, mutate, payload, request};
use crate::ids::NodeKind;
use crate::journal::ChangeKind;
use crate::journal::feed;

/// An address that changes are sent to, signed as Standard Webhooks has it.
#[derive(Clone)]
pub struct Webhook(webhook::Model);

/// An address that changes are sent to, signed as Standard Webhooks has it.
#[Object]
impl Webhook {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The client that it belongs to, whose rights decide what is sent.
    async fn client(&self, ctx: &Context<'_>) -> Result<Option<PartnerClient>> {
        Ok(request(ctx).loader.load_one(ClientKey(self.0.client_id)).await?)
    }

    /// The address.
    async fn url(&self) -> &str {
        &self.0.url
    }

    /// The kinds of changes that are sent; null where all are.
    async fn kinds(&self) -> Option<Vec<ChangeKind>> {
        let codes = self.0.kinds()?;
        Some(codes.into_iter().filter_map(|code| sea_orm::ActiveEnum::try_from_value(&code).ok()).collect())
    }

    /// Whether it is served.
    async fn status(&self) -> WebhookStatus {
        self.0.status
    }

    /// Why it was paused; null where it is not.
    async fn paused_because(&self) -> Option<PauseReason> {
        self.0.paused_because
    }

    /// Where in the feed it has come to: everything before has been written down as messages.
    async fn cursor(&self) -> String {
        self.0.position().cursor()
    }

    /// Since when attempts have failed; null where the last one did not.
    async fn failing_since(&self) -> Option<DateTime<Utc>> {
        self.0.failing_since
    }

    /// When a message was last received; null while none was.
    async fn last_received_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_received_at
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its messages, latest first: those that wait, and those received in the last 30 days.
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which messages; all where absent.")] filter: Option<WebhookMessageFilter>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<WebhookMessageConnection> {
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let status = filter.and_then(|filter| filter.status);
        let key = MessagesPage { webhook: self.0.id, status, args };
        Ok(request(ctx).loader.load_one(key).await?.unwrap_or_default().into())
    }
}

/// One message to a webhook: a change, or a test.
#[derive(Clone)]
pub struct WebhookMessage(message::Model);

impl From<message::Model> for WebhookMessage {
    fn from(model: message::Model) -> Self {
        WebhookMessage(model)
    }
}

/// One message to a webhook: a change, or a test.
#[Object]
impl WebhookMessage {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The webhook that it goes to.
    async fn webhook(&self, ctx: &Context<'_>) -> Result<Webhook> {
        Ok(request(ctx).loader.load_one(WebhookKey(self.0.webhook_id)).await?.ok_or(AppError::NotFound)?)
    }

    /// Its `webhook-id`, the same at every attempt: the id of the change, or of the test.
    async fn message_id(&self) -> String {
        self.0.public_id()
    }

    /// What happened; null in a test.
    async fn kind(&self) -> Option<ChangeKind> {
        self.0.kind
    }

    /// The global id of the object; null in a test.
    async fn node_id(&self) -> Option<ID> {
        self.0.change_id.map(|_| self.0.node.clone().into())
    }

    /// When it happened.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// What became of it so far.
    async fn status(&self) -> MessageStatus {
        self.0.status
    }

    /// How often it was tried since it was last asked for.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// When it was last tried; null while it was not.
    async fn last_attempt_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_attempt_at
    }

    /// The status of the last answer; null where there was none.
    async fn last_status(&self) -> Option<i32> {
        self.0.last_status
    }

    /// Why the last attempt failed; null where it did not.
    async fn last_failure(&self) -> Option<AttemptFailure> {
        self.0.last_failure
    }

    /// When it will be tried next at the earliest, after the one before it of the same object; null once it was received.
    async fn next_attempt_at(&self) -> Option<DateTime<Utc>> {
        (self.0.status == MessageStatus::Waiting).then_some(self.0.next_attempt_at)
    }

    /// When it was received; null while it was not.
    async fn received_at(&self) -> Option<DateTime<Utc>> {
        self.0.received_at
    }
}

/// Which messages to list.
#[derive(InputObject, Default)]
struct WebhookMessageFilter {
    /// Only these states.
    status: Option<Vec<MessageStatus>>,
}

connection!(WebhookMessage, WebhookMessageConnection, WebhookMessageEdge, "messages to a webhook");

payload!(
    RegisterWebhookPayload,
    Webhook,
    WebhookKey,
    "registerWebhook",
    /// The secret that messages are signed by, shown this once.
    secret: Option<String>
);
payload!(UpdateWebhookPayload, Webhook, WebhookKey, "updateWebhook");
payload!(
    RotateWebhookSecretPayload,
    Webhook,
    WebhookKey,
    "rotateWebhookSecret",
    /// The new secret, shown this once.
    secret: Option<String>
);
payload!(PauseWebhookPayload, Webhook, WebhookKey, "pauseWebhook");
payload!(ResumeWebhookPayload, Webhook, WebhookKey, "resumeWebhook");
payload!(RemoveWebhookPayload, Webhook, WebhookKey, "removeWebhook");
payload!(TestWebhookPayload, WebhookMessage, MessageKey, "testWebhook");
payload!(ReplayWebhookPayload, Webhook, WebhookKey, "replayWebhook");
payload!(ReplayWebhookMessagePayload, WebhookMessage, MessageKey, "replayWebhookMessage");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WebhookKey(pub Uuid);

impl Loader<WebhookKey> for Loaders {
    type Value = Webhook;
    type Error = AppError;

    async fn load(&self, keys: &[WebhookKey]) -> std::result::Result<HashMap<WebhookKey, Webhook>, AppError> {
        let rows = webhook::Entity::find()
            .filter(webhook::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(visible_to(&self.0.viewer))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (WebhookKey(row.id), Webhook(row))).collect())
    }
}

/// The webhooks of a client that were not removed, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WebhooksOf(pub Uuid);

impl Loader<WebhooksOf> for Loaders {
    type Value = Vec<Webhook>;
    type Error = AppError;

    async fn load(&self, keys: &[WebhooksOf]) -> std::result::Result<HashMap<WebhooksOf, Vec<Webhook>>, AppError> {
        let rows = webhook::Entity::find()
            .filter(webhook::Column::ClientId.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(webhook::Column::Status.ne(WebhookStatus::Removed))
            .filter(visible_to(&self.0.viewer))
            .order_by_asc(webhook::Column::Id)
            .all(&self.0.conn)
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(WebhooksOf(row.client_id)).or_default().push(Webhook(row));
        }
        Ok(found)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageKey(pub Uuid);

impl Loader<MessageKey> for Loaders {
    type Value = WebhookMessage;
    type Error = AppError;

    async fn load(&self, keys: &[MessageKey]) -> std::result::Result<HashMap<MessageKey, WebhookMessage>, AppError> {
        let rows = message::Entity::find()
            .filter(message::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(messages_visible_to(&self.0.viewer))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (MessageKey(row.id), WebhookMessage(row))).collect())
    }
}

/// The same page of the messages of many webhooks.
#[derive(Clone, PartialEq, Eq, Hash)]
struct MessagesPage {
    webhook: Uuid,
    status: Option<Vec<MessageStatus>>,
    args: PageArgs,
}

impl Loader<MessagesPage> for Loaders {
    type Value = Page<WebhookMessage>;
    type Error = AppError;

    async fn load(&self, keys: &[MessagesPage]) -> std::result::Result<HashMap<MessagesPage, Page<WebhookMessage>>, AppError> {
        let mut found = HashMap::new();
        for keys in alike(keys, |key| (&key.status, &key.args)) {
            let mut select = message::Entity::find().filter(messages_visible_to(&self.0.viewer));
            if let Some(status) = &keys[0].status {
                select = select.filter(is_one_of(message::Column::Status, status.iter().copied()));
            }
            let sort = Sort::newest((message::Entity, message::Column::Id));
            let parents = keys.iter().map(|key| key.webhook);
            let mut by_webhook = pages(&self.0.conn, select, message::Column::WebhookId, parents, &sort, &keys[0].args).await?;
            found.extend(
                keys.into_iter().map(|key| (key.clone(), by_webhook.remove(&key.webhook).unwrap_or_default().map(WebhookMessage::from))),
            );
        }
        Ok(found)
    }
}

/// A new webhook.
#[derive(InputObject)]
struct RegisterWebhookInput {
    /// The client that it belongs to.
    client: ID,
    /// The address: https, and no private one.
    url: String,
    /// The kinds of changes to send; all where absent.
    kinds: Option<Vec<ChangeKind>>,
    /// A cursor of the feed after which to begin; now where absent.
    after: Option<String>,
}

/// What is to be changed; what is absent stays as it is.
#[derive(InputObject)]
struct UpdateWebhookInput {
    /// The webhook.
    id: ID,
    /// The address.
    url: Option<String>,
    /// The kinds of changes to send from now on.
    kinds: Option<Vec<ChangeKind>>,
}

#[derive(Default)]
pub struct WebhookMutation;

#[Object]
impl WebhookMutation {
    /// Registers a webhook of a client. Takes no Idempotency-Key and no X-Dry-Run: its secret is shown this once.
    async fn register_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new webhook.")] input: RegisterWebhookInput,
    ) -> Result<RegisterWebhookPayload> {
        let headers = without_headers(request(ctx));
        let after = feed::place(request(ctx).app.db(), input.after.as_deref()).await?;
        let (secret, shown) = actions::new_secret();
        let client = key(NodeKind::Client, &input.client)?;
        let new = NewWebhook { client, url: input.url, kinds: input.kinds, secret, after };
        let outcome = mutate(ctx, |work| {
            let (headers, new) = (headers.clone(), new.clone());
            async move {
                headers?;
                actions::register(&work, &new).await
            }
        });
        let outcome = outcome.await?;
        let secret = outcome.key.map(|_| shown);
        RegisterWebhookPayload::of(ctx, outcome, secret).await
    }

    /// Changes the address or the kinds of a webhook; what was written down for it already is sent to the new address.
    async fn update_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to be changed.")] input: UpdateWebhookInput,
    ) -> Result<UpdateWebhookPayload> {
        let id = key(NodeKind::Webhook, &input.id)?;
        let outcome = mutate(ctx, |work| {
            let (url, kinds) = (input.url.clone(), input.kinds.clone());
            async move { actions::update(&work, id, &url, &kinds).await }
        });
        UpdateWebhookPayload::of(ctx, outcome.await?).await
    }

    /// Gives a webhook a new secret; for 24 hours messages are signed by the former one too. Takes no Idempotency-Key and no X-Dry-Run.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook.")] id: ID,
    ) -> Result<RotateWebhookSecretPayload> {
        let headers = without_headers(request(ctx));
        let id = key(NodeKind::Webhook, &id)?;
        let (secret, shown) = actions::new_secret();
        let outcome = mutate(ctx, |work| {
            let (headers, secret) = (headers.clone(), secret.clone());
            async move {
                headers?;
                actions::rotate(&work, id, &secret).await
            }
        });
        let outcome = outcome.await?;
        let secret = outcome.key.map(|_| shown);
        RotateWebhookSecretPayload::of(ctx, outcome, secret).await
    }

    /// Pauses a webhook; what happens meanwhile is kept for it.
    async fn pause_webhook(&self, ctx: &Context<'_>, #[graphql(desc = "The webhook.")] id: ID) -> Result<PauseWebhookPayload> {
        let id = key(NodeKind::Webhook, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::pause(&work, id).await });
        PauseWebhookPayload::of(ctx, outcome.await?).await
    }

    /// Serves a paused webhook again, from where it stopped.
    async fn resume_webhook(&self, ctx: &Context<'_>, #[graphql(desc = "The webhook.")] id: ID) -> Result<ResumeWebhookPayload> {
        let id = key(NodeKind::Webhook, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::resume(&work, id).await });
        ResumeWebhookPayload::of(ctx, outcome.await?).await
    }

    /// Removes a webhook, with what waits for it and its log.
    async fn remove_webhook(&self, ctx: &Context<'_>, #[graphql(desc = "The webhook.")] id: ID) -> Result<RemoveWebhookPayload> {
        let id = key(NodeKind::Webhook, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::remove(&work, id).await });
        RemoveWebhookPayload::of(ctx, outcome.await?).await
    }

    /// Sends a message of type TEST, in the place of an earlier one that still waits. The result is that message; look at its status a moment later.
    async fn test_webhook(&self, ctx: &Context<'_>, #[graphql(desc = "The webhook.")] id: ID) -> Result<TestWebhookPayload> {
        let id = key(NodeKind::Webhook, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::test(&work, id).await });
        TestWebhookPayload::of(ctx, outcome.await?).await
    }

    /// Sends all messages again whose change happened since then, as far as the log goes back, each under its first `webhook-id`.
    async fn replay_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook.")] id: ID,
        #[graphql(desc = "From when on.")] since: DateTime<Utc>,
    ) -> Result<ReplayWebhookPayload> {
        let id = key(NodeKind::Webhook, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::replay(&work, id, since).await });
        ReplayWebhookPayload::of(ctx, outcome.await?).await
    }

    /// Sends one message again under its first `webhook-id`, or at once where it still waits.
    async fn replay_webhook_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message.")] id: ID,
    ) -> Result<ReplayWebhookMessagePayload> {
        let id = key(NodeKind::WebhookMessage, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::replay_message(&work, id).await });
        ReplayWebhookMessagePayload::of(ctx, outcome.await?).await
    }
}
