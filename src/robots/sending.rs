//! From the feed to the groups: one message at a time to each robot, by whichever instance takes it.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use futures_util::future::join_all;
use reqwest::Url;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use super::actions::{PURPOSE, stop};
use super::entity::robot;
use super::rules::{self, BETWEEN, Told};
use super::telling;
use crate::app::App;
use crate::areas;
use crate::auth::{Permission, Scope, Viewer};
use crate::calendar::shanghai_day;
use crate::db::Conn;
use crate::error::{AppError, Result};
use crate::journal::feed::Position;
use crate::outbound::{Outbound, Reach};
use crate::webhooks::rules::{PauseReason, WebhookStatus, pause};
use crate::work::statement;

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Robots that are served at a time.
const AT_ONCE: usize = 16;
/// Longer than a message may take.
const LEASE: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// Tells whatever is due, until it is dropped.
pub async fn follow(app: App) {
    // The address is the operator's own: it may be anywhere.
    let anywhere = ["0.0.0.0/0", "::/0"].map(|network| network.parse().expect("a network"));
    let outbound = match Outbound::new(Reach::new(&anywhere)) {
        Ok(outbound) => outbound,
        Err(error) => return tracing::error!(cause = ?error, "robots are not served: no connection could be made to anywhere"),
    };
    let mut ticks = interval(BETWEEN_LOOKS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match due(&app).await {
            Ok(due) => {
                for robots in due.chunks(AT_ONCE) {
                    join_all(robots.iter().map(|robot| logged(&app, &outbound, robot))).await;
                }
            }
            Err(error) => tracing::error!(cause = ?error, "what is due of the robots could not be read"),
        }
    }
}

async fn logged(app: &App, outbound: &Outbound, robot: &robot::Model) {
    if let Err(error) = serve(app, outbound, robot).await {
        tracing::error!(robot = %robot.id, cause = ?error, "a robot could not be served");
    }
}

/// The robots that may have something to say.
async fn due(app: &App) -> Result<Vec<robot::Model>> {
    let (db, now) = (app.db(), app.clock().now());
    let sql = "SELECT r.* FROM robots r WHERE r.status = 'ACTIVE' AND r.resting_until <= ? \
               AND (r.test_wanted OR (r.digest_at <= ? AND (r.digest_on IS NULL OR r.digest_on < ?)) \
                    OR EXISTS (SELECT 1 FROM journal j WHERE (j.tx, j.seq) > (r.cursor_tx, r.cursor_seq)))";
    let values: [sea_orm::Value; 3] = [now.into(), rules::minute(now).into(), shanghai_day(now).into()];
    let rows = db.query_all_raw(statement(db, sql, values)).await?;
    rows.iter().map(|row| Ok(robot::Model::from_query_result(row, "")?)).collect()
}

/// Takes a robot for the time that a message needs; not where another instance has.
async fn take(app: &App, robot: &robot::Model) -> Result<bool> {
    let (db, until) = (app.db(), app.clock().now() + LEASE);
    let taken = db
        .write_one(|| async {
            let take = robot::Entity::update_many()
                .col_expr(robot::Column::RestingUntil, Expr::value(until))
                .filter(robot::Column::Id.eq(robot.id))
                .filter(robot::Column::Status.eq(WebhookStatus::Active))
                .filter(robot::Column::RestingUntil.eq(robot.resting_until));
            Ok(take.exec(db).await?)
        })
        .await?;
    Ok(taken.rows_affected == 1)
}

/// What one message settles.
#[derive(Clone, Copy)]
enum Settles {
    Test,
    Digest(chrono::NaiveDate),
    News(Position),
}

async fn serve(app: &App, outbound: &Outbound, robot: &robot::Model) -> Result<()> {
    let (now, today) = (app.clock().now(), shanghai_day(app.clock().now()));
    let area = areas::entity::find(app.db(), robot.area_id).await?;
    let is_digest = robot.digest_at.is_some_and(|at| at <= rules::minute(now)) && robot.digest_on.is_none_or(|last| last < today);
    if !take(app, robot).await? {
        return Ok(());
    }
    let (text, settles) = if robot.test_wanted {
        (Some(telling::test(&area)), Settles::Test)
    } else if is_digest {
        let text = match app.calendar().is_working_day(today) {
            true => Some(telling::digest(app, robot, &area, today).await?),
            false => None,
        };
        (text, Settles::Digest(today))
    } else {
        let news = telling::news(app, robot, &area).await?;
        (news.text, Settles::News(news.end))
    };
    let (told, retry_after) = match text {
        None => (None, None),
        Some(text) => {
            let (told, retry_after) = send(app, outbound, robot, &text).await?;
            tracing::info!(robot = %robot.id, ?told, "robot message");
            (Some(told), retry_after)
        }
    };
    app.write(&Viewer::system(), &Conn::Pool(app.db().clone()), |work| async move {
        let permit = work.permit(Permission::ManageRobots, &Scope::Areas(Vec::new()), None)?;
        let held = robot::Entity::find_by_id(robot.id).lock(LockType::NoKeyUpdate).one(permit.write()).await?;
        let Some(held) = held.filter(|held| held.status != WebhookStatus::Removed) else { return Ok(()) };
        let mut kept = robot::ActiveModel { id: Set(held.id), ..Default::default() };
        let now = work.now();
        match told {
            None | Some(Told::Received) => {
                match settles {
                    Settles::Test => kept.test_wanted = Set(false),
                    Settles::Digest(day) => kept.digest_on = Set(Some(day)),
                    // Resumed meanwhile, it goes on from where it was told to.
                    Settles::News(end) if held.position() == robot.position() => {
                        let (tx, seq) = end.parts();
                        (kept.cursor_tx, kept.cursor_seq) = (Set(tx), Set(seq));
                    }
                    Settles::News(_) => {}
                }
                if told.is_some() {
                    kept.failures = Set(0);
                    kept.failing_since = Set(None);
                    kept.last_failure = Set(None);
                    kept.last_received_at = Set(Some(now));
                }
                kept.resting_until = Set(if told.is_some() { now + BETWEEN } else { now });
            }
            Some(told) => {
                let failures = held.failures.saturating_add(1);
                kept.failures = Set(failures);
                kept.failing_since = Set(held.failing_since.or(Some(now)));
                if let Told::Failed(failure) = told {
                    kept.last_failure = Set(Some(failure));
                }
                kept.resting_until = Set(now + pause(failures, rand::random(), retry_after));
            }
        }
        kept.update(permit.write()).await?;
        let long = chrono::TimeDelta::hours(work.app().settings().webhook_pause_hours.into());
        match told {
            Some(Told::Gone) => stop(&permit, &held, PauseReason::Gone).await,
            Some(Told::Failed(_)) if held.failing_since.is_some_and(|since| now - since >= long) => {
                stop(&permit, &held, PauseReason::Failing).await
            }
            _ => Ok(()),
        }
    })
    .await?;
    Ok(())
}

async fn send(app: &App, outbound: &Outbound, robot: &robot::Model, text: &str) -> Result<(Told, Option<Duration>)> {
    let key = app.keys().open_text(PURPOSE, &robot.robot_key)?;
    let mut url: Url = app.settings().robot_url.parse().map_err(AppError::internal)?;
    url.query_pairs_mut().append_pair("key", &key);
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let body = json!({ "msgtype": "markdown", "markdown": { "content": text } }).to_string();
    let answer = outbound.post(&url, headers, body).await;
    let retry_after = answer.as_ref().ok().and_then(|reply| reply.retry_after);
    Ok((rules::heard(answer.as_ref().map_err(|fault| *fault)), retry_after))
}
