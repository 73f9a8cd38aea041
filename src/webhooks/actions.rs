//! Registering webhooks, changing, pausing, resuming and removing them, and sending again what was sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, LockType};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::entity::{hold, message, messages_visible_to, visible_to, webhook, wrong_state};
use super::rules::{MessageStatus, PauseReason, SECRET_PREFIX, WebhookStatus, check_url};
use crate::app::App;
use crate::auth::{ClientScope, Permission, Permit, Scope};
use crate::clients::entity::{client, visible_to as clients_visible_to};
use crate::error::{AppError, Result};
use crate::journal::ChangeKind;
use crate::journal::feed::Position;
use crate::outbound::Reach;
use crate::refusal::Refusal;
use crate::work::Work;

/// Webhooks of one client.
const MOST: u64 = 10;
/// How long the former secret signs too.
const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// What a secret is sealed for.
const PURPOSE: &str = "webhook";

#[derive(Clone, Debug)]
pub struct NewWebhook {
    pub client: Uuid,
    pub url: String,
    pub kinds: Option<Vec<ChangeKind>>,
    pub secret: Vec<u8>,
    pub after: Position,
}

/// A secret, and how people copy it.
pub fn new_secret() -> (Vec<u8>, String) {
    let secret: [u8; 32] = rand::random();
    (secret.to_vec(), format!("{SECRET_PREFIX}{}", STANDARD.encode(secret)))
}

/// The secrets that sign now.
pub fn secrets(app: &App, webhook: &webhook::Model, now: DateTime<Utc>) -> Result<Vec<Vec<u8>>> {
    let former = webhook.former_secret.as_ref().filter(|_| webhook.former_until.is_some_and(|until| now < until));
    std::iter::once(&webhook.secret).chain(former).map(|sealed| app.keys().open(PURPOSE, sealed)).collect()
}

fn codes(kinds: &Option<Vec<ChangeKind>>) -> Result<Option<serde_json::Value>, Refusal> {
    let Some(kinds) = kinds else { return Ok(None) };
    if kinds.is_empty() {
        return Err(Refusal::invalid(
            "kinds",
            "请至少选择一种变更，或不填以接收全部",
            "Name at least one kind, or none at all for all of them",
        ));
    }
    let mut codes: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    Ok(Some(json!(codes)))
}

pub async fn register(work: &Work, new: &NewWebhook) -> Result<Uuid> {
    let found = client::Entity::find_by_id(new.client).filter(clients_visible_to(work.viewer())).lock(LockType::NoKeyUpdate);
    let client = found.one(work.read()).await?.ok_or(AppError::NotFound)?;
    let permit = work.permit(Permission::ManageWebhooks, &Scope::Areas(vec![client.district_id]), Some(client.node()))?;
    if client.has_ended(work.today()) {
        return Err(Refusal::invalid("client", "此合作方客户端已停用", "This client has ended").into());
    }
    if !client.scopes().contains(&ClientScope::Changes) {
        let (zh, en) = ("此合作方客户端没有“接收变更”权限范围(CHANGES)", "This client lacks the scope CHANGES");
        return Err(Refusal::invalid("client", zh, en).into());
    }
    let url = check_url(&new.url, &Reach::new(&work.app().settings().webhook_networks))?;
    let kinds = codes(&new.kinds)?;
    let others =
        webhook::Entity::find().filter(webhook::Column::ClientId.eq(client.id)).filter(webhook::Column::Status.ne(WebhookStatus::Removed));
    if others.count(work.read()).await? >= MOST {
        return Err(Refusal::invalid("client", "每个合作方客户端最多登记 10 个 Webhook", "A client has at most 10 webhooks").into());
    }
    let (cursor_tx, cursor_seq) = new.after.parts();
    let row = webhook::Model {
        id: work.new_key(),
        client_id: client.id,
        district_id: client.district_id,
        url: url.into(),
        kinds,
        secret: work.app().keys().seal(PURPOSE, &new.secret),
        former_secret: None,
        former_until: None,
        status: WebhookStatus::Active,
        paused_because: None,
        cursor_tx,
        cursor_seq,
        failures: 0,
        failing_since: None,
        resting_until: None,
        last_received_at: None,
        created_at: work.now(),
    };
    webhook::Entity::insert(webhook::ActiveModel::from(row.clone())).exec_without_returning(permit.write()).await?;
    permit.journal(ChangeKind::WebhookRegistered, row.node(), Some(row.district_id));
    Ok(row.id)
}

pub async fn update(work: &Work, id: Uuid, url: &Option<String>, kinds: &Option<Vec<ChangeKind>>) -> Result<Uuid> {
    let (webhook, permit) = hold(work, id).await?;
    let mut change = webhook::ActiveModel { id: Set(id), ..Default::default() };
    if let Some(url) = url {
        change.url = Set(check_url(url, &Reach::new(&work.app().settings().webhook_networks))?.into());
    }
    if let Some(kinds) = codes(kinds)? {
        change.kinds = Set(Some(kinds));
    }
    change.update(permit.write()).await?;
    permit.journal(ChangeKind::WebhookChanged, webhook.node(), Some(webhook.district_id));
    Ok(id)
}

/// Signs by a new secret from now on, and by the one before it for a day.
pub async fn rotate(work: &Work, id: Uuid, secret: &[u8]) -> Result<Uuid> {
    let (webhook, permit) = hold(work, id).await?;
    webhook::ActiveModel {
        id: Set(id),
        secret: Set(work.app().keys().seal(PURPOSE, secret)),
        former_secret: Set(Some(webhook.secret.clone())),
        former_until: Set(Some(work.now() + OVERLAP)),
        ..Default::default()
    }
    .update(permit.write())
    .await?;
    permit.journal(ChangeKind::WebhookChanged, webhook.node(), Some(webhook.district_id));
    Ok(id)
}

pub async fn pause(work: &Work, id: Uuid) -> Result<Uuid> {
    let (webhook, permit) = hold(work, id).await?;
    stop(&permit, &webhook, PauseReason::Requested).await?;
    Ok(id)
}

/// Pauses a webhook that is served; one that is not stays as it is.
pub(super) async fn stop(permit: &Permit, webhook: &webhook::Model, because: PauseReason) -> Result<()> {
    if webhook.status == WebhookStatus::Paused {
        return Ok(());
    }
    let paused = webhook::ActiveModel {
        id: Set(webhook.id),
        status: Set(WebhookStatus::Paused),
        paused_because: Set(Some(because)),
        ..Default::default()
    };
    paused.update(permit.write()).await?;
    permit.record(
        crate::journal::Entry::new(ChangeKind::WebhookPaused, webhook.node(), Some(webhook.district_id))
            .with(json!({ "because": because.code() })),
    );
    Ok(())
}

/// Serves a paused webhook again: what waits is sent at once, and counts as never tried.
pub async fn resume(work: &Work, id: Uuid) -> Result<Uuid> {
    let (webhook, permit) = hold(work, id).await?;
    if webhook.status == WebhookStatus::Active {
        return Ok(id);
    }
    webhook::ActiveModel {
        id: Set(id),
        status: Set(WebhookStatus::Active),
        paused_because: Set(None),
        failures: Set(0),
        failing_since: Set(None),
        resting_until: Set(None),
        ..Default::default()
    }
    .update(permit.write())
    .await?;
    message::Entity::update_many()
        .col_expr(message::Column::Attempts, Expr::value(0))
        .col_expr(message::Column::NextAttemptAt, Expr::value(work.now()))
        .col_expr(message::Column::FailingSince, Expr::value(None::<DateTime<Utc>>))
        .filter(message::Column::WebhookId.eq(id))
        .filter(message::Column::Status.eq(MessageStatus::Waiting))
        .exec(permit.write())
        .await?;
    permit.journal(ChangeKind::WebhookResumed, webhook.node(), Some(webhook.district_id));
    Ok(id)
}

/// Removes a webhook: nothing more is sent, what waits and the log are dropped.
pub async fn remove(work: &Work, id: Uuid) -> Result<Uuid> {
    let found = webhook::Entity::find_by_id(id).filter(visible_to(work.viewer())).one(work.read()).await?;
    if found.is_some_and(|webhook| webhook.status == WebhookStatus::Removed) {
        return Ok(id);
    }
    let (webhook, permit) = hold(work, id).await?;
    webhook::ActiveModel { id: Set(id), status: Set(WebhookStatus::Removed), paused_because: Set(None), ..Default::default() }
        .update(permit.write())
        .await?;
    message::Entity::delete_many().filter(message::Column::WebhookId.eq(id)).exec(permit.write()).await?;
    permit.journal(ChangeKind::WebhookRemoved, webhook.node(), Some(webhook.district_id));
    Ok(id)
}

fn serving(webhook: &webhook::Model) -> Result<(), Refusal> {
    match webhook.status {
        WebhookStatus::Active => Ok(()),
        status => Err(wrong_state(status)),
    }
}

/// Sends a message that is of no change, to see whether it arrives; the message.
pub async fn test(work: &Work, id: Uuid) -> Result<Uuid> {
    let (webhook, permit) = hold(work, id).await?;
    serving(&webhook)?;
    let row = message::Model {
        id: work.new_key(),
        webhook_id: id,
        district_id: webhook.district_id,
        change_id: None,
        kind: None,
        node: webhook.node().to_string(),
        tx: 0,
        seq: 0,
        at: work.now(),
        status: MessageStatus::Waiting,
        attempts: 0,
        next_attempt_at: work.now(),
        failing_since: None,
        last_attempt_at: None,
        last_status: None,
        last_failure: None,
        received_at: None,
    };
    let id = row.id;
    // A test is for now: one that nobody received does not stand in the way of the next.
    message::Entity::delete_many()
        .filter(message::Column::WebhookId.eq(webhook.id))
        .filter(message::Column::ChangeId.is_null())
        .filter(message::Column::Status.eq(MessageStatus::Waiting))
        .exec(permit.write())
        .await?;
    message::Entity::insert(message::ActiveModel::from(row)).exec_without_returning(permit.write()).await?;
    wake(&permit, &webhook).await?;
    Ok(id)
}

/// Whoever asks for a message wants it tried now, not when a failing webhook is tried again.
async fn wake(permit: &Permit, webhook: &webhook::Model) -> Result<()> {
    if webhook.resting_until.is_some() {
        webhook::ActiveModel { id: Set(webhook.id), resting_until: Set(None), ..Default::default() }.update(permit.write()).await?;
    }
    Ok(())
}

/// Sends again what was received since then, as far as the log goes back.
pub async fn replay(work: &Work, id: Uuid, since: DateTime<Utc>) -> Result<Uuid> {
    let (webhook, permit) = hold(work, id).await?;
    serving(&webhook)?;
    again(&permit, message::Column::WebhookId.eq(id).and(message::Column::At.gte(since)), work.now()).await?;
    wake(&permit, &webhook).await?;
    Ok(id)
}

/// Sends one message again, or tries it now where it waits.
pub async fn replay_message(work: &Work, id: Uuid) -> Result<Uuid> {
    let found = message::Entity::find_by_id(id).filter(messages_visible_to(work.viewer())).one(work.read()).await?;
    let (webhook, permit) = hold(work, found.ok_or(AppError::NotFound)?.webhook_id).await?;
    serving(&webhook)?;
    again(&permit, message::Column::Id.eq(id), work.now()).await?;
    wake(&permit, &webhook).await?;
    Ok(id)
}

async fn again(permit: &Permit, which: sea_orm::sea_query::SimpleExpr, now: DateTime<Utc>) -> Result<()> {
    message::Entity::update_many()
        .col_expr(message::Column::Status, Expr::value(MessageStatus::Waiting.code()))
        .col_expr(message::Column::ReceivedAt, Expr::value(None::<DateTime<Utc>>))
        .col_expr(message::Column::Attempts, Expr::value(0))
        .col_expr(message::Column::NextAttemptAt, Expr::value(now))
        .col_expr(message::Column::FailingSince, Expr::value(None::<DateTime<Utc>>))
        .filter(which)
        .exec(permit.write())
        .await?;
    Ok(())
}
