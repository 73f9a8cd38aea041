//! What runs beside the requests: due deadlines, what other instances changed, and the end of what nobody needs any more. Every instance
//! runs it; each step may be taken by any of them, or by two.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::auth::tokens;
use crate::error::Result;
use crate::journal::feed;
use crate::work::statement;

const STEPS: [&str; 4] = ["deadlines", "refresh", "feed", "purge"];
const BETWEEN_PURGES: Duration = Duration::from_secs(3600);
/// A purge deletes this many rows at a time, so many times at most: the rest waits for the next one.
const AT_ONCE: u64 = 1000;
const ROUNDS: usize = 50;

/// Goes on until it is dropped. What fails or panics is logged, and tried again at the next step.
pub async fn run(app: App) {
    let mut ticks = interval(Duration::from_secs(u64::from(app.settings().step_seconds)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut purged: Option<Instant> = None;
    app.metrics().upkeep_begins(&STEPS, app.clock().now());
    loop {
        ticks.tick().await;
        log(&app, "deadlines", {
            let app = app.clone();
            async move { crate::deadlines::run(&app).await }
        })
        .await;
        log(&app, "refresh", {
            let app = app.clone();
            async move { app.refresh().await }
        })
        .await;
        log(&app, "feed", {
            let app = app.clone();
            async move {
                let lag = feed::lag(app.db(), app.clock().now()).await?;
                app.metrics().feed_lags(lag);
                Ok(())
            }
        })
        .await;
        if purged.is_none_or(|last| last.elapsed() >= BETWEEN_PURGES) {
            purged = Some(Instant::now());
            log(&app, "purge", {
                let app = app.clone();
                async move { purge(&app).await }
            })
            .await;
        }
    }
}

/// A task of its own, so that a panic ends no more than the step.
async fn log(app: &App, step: &'static str, work: impl Future<Output = Result<()>> + Send + 'static) {
    let began = Instant::now();
    let done = tokio::spawn(work).await;
    if let Ok(Err(error)) = &done {
        tracing::error!(step, cause = ?error, "a step of the upkeep failed");
    }
    app.metrics().upkept(step, matches!(done, Ok(Ok(()))), began.elapsed(), app.clock().now());
}

/// Deletes what has served its time.
pub async fn purge(app: &App) -> Result<()> {
    let now = app.clock().now();
    for (table, key, age, kept) in [
        ("sign_in_failures", "login_digest", "last_at", TimeDelta::days(1)),
        ("idempotency_keys", "account_id, idempotency_key, path", "created_at", TimeDelta::hours(48)),
        // Their refresh tokens go with them.
        ("sessions", "id", "expires_at", TimeDelta::days(30)),
        ("client_assertions", "client_id, digest", "expires_at", TimeDelta::zero()),
        // Of a session that goes on: one that comes back later opens nothing either, but no longer ends it.
        ("refresh_tokens", "digest", "used_at", TimeDelta::days(30)),
        // Those that wait have no such time.
        ("webhook_messages", "id", "received_at", TimeDelta::days(30)),
        ("refused_permissions", "id", "at", TimeDelta::days(190)),
    ] {
        let sql = format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {age} < ? LIMIT {AT_ONCE})");
        for _ in 0..ROUNDS {
            let db = app.db();
            let deleted = db.write_one(|| async { Ok(db.execute_raw(statement(db, &sql, [(now - kept).into()])).await?) }).await?;
            if deleted.rows_affected() < AT_ONCE {
                break;
            }
        }
    }
    tokens::forget(app.db(), now).await
}
