//! From the feed to the receivers: changes become messages, messages are sent until they are received.
//!
//! Any number of instances may do this at once, and each may stop at any line. The cursor of a webhook moves in the transaction that writes
//! the messages up to it, under the condition that nobody moved it meanwhile. A message is taken by moving its next attempt beyond the time
//! that this one may need: whoever dies with it leaves it to be taken again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::actions::{secrets, stop};
use super::entity::{message, webhook};
use super::rules::{self, AttemptFailure, MessageStatus, PauseReason, WebhookStatus};
use crate::app::App;
use crate::auth::{ClientScope, Permission, Scope, Viewer, sessions};
use crate::calendar::shanghai_day;
use crate::clients::entity::client;
use crate::db::Conn;
use crate::error::{AppError, Result};
use crate::graphql::ask::ask;
use crate::ids::new_key;
use crate::journal::ChangeKind;
use crate::journal::feed::Position;
use crate::lang::Lang;
use crate::outbound::{Outbound, Reach};
use crate::work::statement;

/// How often it is looked for what is due.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// Longer than any attempt may take.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// Messages of one webhook that are on their way at a time.
const AT_ONCE: usize = 8;
/// Stretches of the feed and batches of messages of one webhook before the others have their turn.
const ROUNDS: usize = 200;

const CHANGES: &str = "query($after: String!, $kinds: [ChangeKind!]) { changes(after: $after, kinds: $kinds) { \
                       changes { id cursor kind at nodeId } cursor hasMore } }";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    changes: Vec<Change>,
    cursor: String,
    has_more: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    id: String,
    cursor: String,
    kind: ChangeKind,
    at: DateTime<Utc>,
    node_id: String,
}

#[derive(Deserialize)]
struct Asked {
    changes: Batch,
}

/// Sends whatever is due, until it is dropped.
pub async fn follow(app: App) {
    let outbound = match Outbound::new(Reach::new(&app.settings().webhook_networks)) {
        Ok(outbound) => outbound,
        Err(error) => return tracing::error!(cause = ?error, "webhooks are not served: no connection could be made to anywhere"),
    };
    let busy: Arc<Mutex<HashSet<Uuid>>> = Arc::default();
    let mut ticks = interval(BETWEEN_LOOKS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let due = match due(&app).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(cause = ?error, "what is due of the webhooks could not be read");
                continue;
            }
        };
        for id in due {
            if !busy.lock().expect("no panic under this lock").insert(id) {
                continue;
            }
            let (app, outbound, place) = (app.clone(), outbound.clone(), Place(busy.clone(), id));
            tokio::spawn(async move {
                let _place = place;
                if let Err(error) = serve(&app, &outbound, id).await {
                    tracing::error!(webhook = %id, cause = ?error, "a webhook could not be served");
                }
            });
        }
    }
}

/// That a webhook is being served here; given back also where that panics.
struct Place(Arc<Mutex<HashSet<Uuid>>>, Uuid);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lock().expect("no panic under this lock").remove(&self.1);
    }
}

/// The webhooks that have something to do: changes that they have not seen, or messages whose time has come.
async fn due(app: &App) -> Result<Vec<Uuid>> {
    let (db, now) = (app.db(), app.clock().now());
    // An entry that is not settled yet makes a webhook look in vain, which is cheap.
    let sql = "SELECT w.id FROM webhooks w JOIN clients c ON c.id = w.client_id \
               WHERE w.status = 'ACTIVE' AND (w.resting_until IS NULL OR w.resting_until <= ?) \
               AND c.revoked_at IS NULL AND (c.expires_on IS NULL OR c.expires_on >= ?) \
               AND (EXISTS (SELECT 1 FROM journal j WHERE (j.tx, j.seq) > (w.cursor_tx, w.cursor_seq)) \
                    OR EXISTS (SELECT 1 FROM webhook_messages m \
                               WHERE m.webhook_id = w.id AND m.status = 'WAITING' AND m.next_attempt_at <= ?))";
    let rows = db.query_all_raw(statement(db, sql, [now.into(), shanghai_day(now).into(), now.into()])).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Does what there is to do for one webhook.
pub async fn serve(app: &App, outbound: &Outbound, id: Uuid) -> Result<()> {
    for _ in 0..ROUNDS {
        let found = webhook::Entity::find_by_id(id).filter(webhook::Column::Status.eq(WebhookStatus::Active)).one(app.db()).await?;
        let Some(webhook) = found else { return Ok(()) };
        let more = write_down(app, &webhook).await?;
        let taken = take(app, &webhook).await?;
        if taken.is_empty() && !more {
            return Ok(());
        }
        let secrets = secrets(app, &webhook, app.clock().now())?;
        let attempts = taken.iter().map(|message| attempt(app, outbound, &webhook, &secrets, message));
        let failed = join_all(attempts).await.into_iter().collect::<Result<Vec<bool>>>()?;
        if failed.contains(&true) {
            return Ok(());
        }
    }
    Ok(())
}

/// Writes the next stretch of the feed down as messages; whether more follows.
async fn write_down(app: &App, webhook: &webhook::Model) -> Result<bool> {
    let now = app.clock().now();
    let Some(viewer) = sessions::of_account(app, webhook.client_id, now).await? else { return Ok(false) };
    let client = client::Entity::find_by_id(webhook.client_id).one(app.db()).await?;
    if !client.is_some_and(|client| client.scopes().contains(&ClientScope::Changes)) {
        return Ok(false);
    }
    let variables = json!({ "after": webhook.position().cursor(), "kinds": webhook.kinds() });
    let Asked { changes: batch } = ask(app, viewer, Lang::Zh, CHANGES, variables).await?;
    let end = Position::parse(&batch.cursor)?;
    if end == webhook.position() {
        return Ok(false);
    }
    let messages = batch.changes.iter().map(|change| written(webhook, change, now)).collect::<Result<Vec<_>>>()?;
    let system = Viewer::system();
    app.write(&system, &Conn::Pool(app.db().clone()), |work| {
        let messages = messages.clone();
        async move {
            let permit = work.permit(Permission::ManageWebhooks, &Scope::Areas(Vec::new()), None)?;
            let (tx, seq) = end.parts();
            let moved = webhook::Entity::update_many()
                .col_expr(webhook::Column::CursorTx, Expr::value(tx))
                .col_expr(webhook::Column::CursorSeq, Expr::value(seq))
                .filter(webhook::Column::Id.eq(webhook.id))
                .filter(webhook::Column::Status.eq(WebhookStatus::Active))
                .filter(webhook::Column::CursorTx.eq(webhook.cursor_tx))
                .filter(webhook::Column::CursorSeq.eq(webhook.cursor_seq))
                .exec(permit.write())
                .await?;
            if moved.rows_affected == 1 && !messages.is_empty() {
                message::Entity::insert_many(messages).exec_without_returning(permit.write()).await?;
            }
            Ok(())
        }
    })
    .await?;
    Ok(batch.has_more)
}

fn written(webhook: &webhook::Model, change: &Change, now: DateTime<Utc>) -> Result<message::ActiveModel> {
    let (tx, seq) = Position::parse(&change.cursor)?.parts();
    let id = change.id.strip_prefix("change_").and_then(|id| Uuid::try_parse(id).ok());
    Ok(message::ActiveModel::from(message::Model {
        id: new_key(now),
        webhook_id: webhook.id,
        district_id: webhook.district_id,
        change_id: Some(id.ok_or_else(|| AppError::internal("a change without an id"))?),
        kind: Some(change.kind),
        node: change.node_id.clone(),
        tx,
        seq,
        at: change.at,
        status: MessageStatus::Waiting,
        attempts: 0,
        next_attempt_at: now,
        failing_since: None,
        last_attempt_at: None,
        last_status: None,
        last_failure: None,
        received_at: None,
    }))
}

/// Takes messages whose time has come, of each object the first one only; of a webhook that fails a single one. Those tried least come first:
/// one that is never received holds up no other object.
async fn take(app: &App, webhook: &webhook::Model) -> Result<Vec<message::Model>> {
    let (db, now) = (app.db(), app.clock().now());
    let most = if webhook.failures > 0 { 1 } else { AT_ONCE };
    let sql = format!(
        "UPDATE webhook_messages SET next_attempt_at = ?, attempts = attempts + 1, last_attempt_at = ? \
         WHERE status = 'WAITING' AND next_attempt_at <= ? AND id IN ( \
             SELECT m.id FROM webhook_messages m WHERE m.webhook_id = ? AND m.status = 'WAITING' AND m.next_attempt_at <= ? \
             AND NOT EXISTS (SELECT 1 FROM webhook_messages e WHERE e.webhook_id = m.webhook_id AND e.node = m.node \
                             AND e.status = 'WAITING' AND (e.tx, e.seq) < (m.tx, m.seq)) \
             ORDER BY m.attempts, m.tx, m.seq LIMIT {most}) RETURNING *"
    );
    let values: [sea_orm::Value; 5] = [(now + LEASE).into(), now.into(), now.into(), webhook.id.into(), now.into()];
    let rows = db.write_one(|| async { Ok(db.query_all_raw(statement(db, &sql, values.clone())).await?) }).await?;
    rows.iter().map(|row| Ok(message::Model::from_query_result(row, "")?)).collect()
}

/// Tries to hand one message over, and writes down what became of it; whether that failed.
async fn attempt(app: &App, outbound: &Outbound, webhook: &webhook::Model, secrets: &[Vec<u8>], message: &message::Model) -> Result<bool> {
    let (id, body, at) = (message.public_id(), rules::body(message), app.clock().now());
    let url = webhook.url.parse().map_err(AppError::internal)?;
    let headers = headers(&id, at, &rules::sign(secrets, &id, at, &body))?;
    let answer = outbound.post(&url, headers, body).await;
    let status = answer.as_ref().ok().map(|reply| reply.status);
    let failure = rules::judge(answer.as_ref().map(|reply| reply.status).map_err(|fault| *fault)).err();
    tracing::info!(webhook = %webhook.id, message = id, status, failure = failure.map(AttemptFailure::code), "webhook attempt");
    let asked = answer.ok().and_then(|reply| reply.retry_after);
    let outcome = Outcome { status: status.map(i32::from), failure, asked };
    app.write(&Viewer::system(), &Conn::Pool(app.db().clone()), |work| async move {
        let permit = work.permit(Permission::ManageWebhooks, &Scope::Areas(Vec::new()), None)?;
        let held = webhook::Entity::find_by_id(webhook.id).lock(LockType::NoKeyUpdate).one(permit.write()).await?;
        let Some(webhook) = held.filter(|held| held.status != WebhookStatus::Removed) else { return Ok(()) };
        outcome.keep(&permit, &webhook, message).await
    })
    .await?;
    Ok(failure.is_some())
}

fn headers(id: &str, at: DateTime<Utc>, signature: &str) -> Result<HeaderMap> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(AppError::internal);
    Ok(HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::HeaderName::from_static("webhook-id"), value(id)?),
        (header::HeaderName::from_static("webhook-timestamp"), value(&at.timestamp().to_string())?),
        (header::HeaderName::from_static("webhook-signature"), value(signature)?),
    ]))
}

/// What an attempt came to.
#[derive(Clone, Copy)]
struct Outcome {
    status: Option<i32>,
    failure: Option<AttemptFailure>,
    asked: Option<Duration>,
}

impl Outcome {
    async fn keep(self, permit: &crate::auth::Permit, webhook: &webhook::Model, message: &message::Model) -> Result<()> {
        let (app, now) = (permit.work().app(), permit.work().now());
        let mut kept = message::ActiveModel { last_status: Set(self.status), last_failure: Set(self.failure), ..Default::default() };
        let mut served = webhook::ActiveModel { id: Set(webhook.id), ..Default::default() };
        let spread = rand::random::<f64>();
        let since = webhook.failing_since.into_iter().chain(message.failing_since).min();
        match self.failure {
            None => {
                kept.status = Set(MessageStatus::Received);
                kept.received_at = Set(Some(now));
                kept.failing_since = Set(None);
                served.failures = Set(0);
                served.failing_since = Set(None);
                served.resting_until = Set(None);
                served.last_received_at = Set(Some(now));
            }
            Some(_) => {
                kept.failing_since = Set(message.failing_since.or(Some(now)));
                kept.next_attempt_at = Set(now + rules::pause(message.attempts, spread, self.asked));
                served.failures = Set(webhook.failures.saturating_add(1));
                served.failing_since = Set(webhook.failing_since.or(Some(now)));
                served.resting_until = Set(Some(now + rules::pause(webhook.failures.saturating_add(1), spread, self.asked)));
            }
        }
        // One that was sent again meanwhile waits anew.
        let same = Condition::all().add(message::Column::Id.eq(message.id)).add(message::Column::Status.eq(MessageStatus::Waiting));
        message::Entity::update_many().set(kept).filter(same).exec(permit.write()).await?;
        served.update(permit.write()).await?;
        let long = TimeDelta::hours(app.settings().webhook_pause_hours.into());
        if self.status == Some(410) {
            stop(permit, webhook, PauseReason::Gone).await?;
        } else if self.failure.is_some() && since.is_some_and(|since| now - since >= long) {
            stop(permit, webhook, PauseReason::Failing).await?;
        }
        Ok(())
    }
}
