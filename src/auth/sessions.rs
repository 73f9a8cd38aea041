//! Signing in, staying signed in, signing out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::entity::{account, refresh_token, role_grant, session};
use super::{ClientScope, Identity, Viewer, outside};
use crate::app::App;
use crate::calendar::shanghai_day;
use crate::db::Conn;
use crate::error::{AppError, Result};
use crate::ids::new_key;
use crate::memory::Known;
use crate::refusal::{Reason, Refusal};
use crate::work::statement;

/// A session that is not refreshed ends after this.
const IDLE: Duration = Duration::days(30);
const LONGEST_LOGIN: usize = 64;

/// Tokens just given out. The refresh token is shown this once.
pub struct Opened {
    pub access_token: String,
    pub refresh_token: String,
    pub expires_at: DateTime<Utc>,
    pub viewer: Viewer,
}

pub fn digest(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()))
}

/// Whose turn it is to try a login; some logins share one.
#[derive(Default)]
pub struct Turns([tokio::sync::Mutex<()>; 32]);

impl Turns {
    async fn turn(&self, login: &str) -> tokio::sync::MutexGuard<'_, ()> {
        let place = Sha256::digest(login.as_bytes())[0];
        self.0[usize::from(place) % self.0.len()].lock().await
    }
}

/// The account that a login and a password open. Attempts are counted before the password is looked at, so that many at once cannot slip
/// past the lock, and by login whether or not an account bears it, so that a lock tells nothing.
pub(super) async fn prove(app: &App, login: &str, password: &str) -> Result<account::Model> {
    let proved = try_to_prove(app, login, password).await;
    app.metrics().signed_in(&proved);
    proved
}

async fn try_to_prove(app: &App, login: &str, password: &str) -> Result<account::Model> {
    let login = login.trim().to_lowercase();
    if login.len() > LONGEST_LOGIN || password.len() > 1024 {
        return Err(Reason::WrongCredentials.into());
    }
    // One after the other on one login: many right ones at once are no failures.
    let _turn = app.sign_ins().turn(&login).await;
    count_attempt(app, &login, app.clock().now()).await?;
    let found = account::Entity::find()
        .filter(account::Column::Login.eq(login.as_str()))
        .filter(account::Column::DisabledAt.is_null())
        .one(app.db())
        .await?;
    let hash = found.as_ref().map(|account| account.password_hash.clone());
    let right = app.passwords().verify(password, hash).await?;
    let account = found.filter(|_| right).ok_or(Reason::WrongCredentials)?;
    let forget = "DELETE FROM sign_in_failures WHERE login_digest = ?";
    let db = app.db();
    db.write_one(|| async { Ok(db.execute_raw(statement(db, forget, [digest(&login).into()])).await?) }).await?;
    Ok(account)
}

/// Opens a session.
pub async fn sign_in(app: &App, login: &str, password: &str) -> Result<Opened> {
    let account = prove(app, login, password).await?;
    let now = app.clock().now();
    let session = session::Model {
        id: new_key(now),
        account_id: account.id,
        created_at: now,
        expires_at: now + IDLE,
        ended_at: None,
        ended_because: None,
    };
    let refresh = new_secret();
    app.write(&Viewer::system(), &Conn::Pool(app.db().clone()), |work| {
        let (session, token, proved) = (session.clone(), digest(&refresh), account.password_hash.clone());
        async move {
            let id = session.id;
            // A password that was set, or an account that was closed, since it was proved has ended the sessions before this one.
            account::Entity::find_by_id(session.account_id)
                .filter(account::Column::PasswordHash.eq(proved))
                .filter(account::Column::DisabledAt.is_null())
                .lock_shared()
                .one(work.read())
                .await?
                .ok_or(Reason::WrongCredentials)?;
            session::Entity::insert(session::ActiveModel::from(session)).exec(work.read()).await?;
            refresh_token::ActiveModel { digest: Set(token), session_id: Set(id), used_at: Set(None) }.insert(work.read()).await?;
            Ok(())
        }
    })
    .await?;
    opened(app, session, refresh, now).await
}

async fn count_attempt(app: &App, login: &str, now: DateTime<Utc>) -> Result<()> {
    let settings = app.settings();
    // A lock that has run out, or a last failure longer ago than the lock lasts, starts the count anew.
    let sql = "INSERT INTO sign_in_failures (login_digest, failures, last_at) VALUES (?, 1, ?) \
               ON CONFLICT (login_digest) DO UPDATE SET \
               failures = CASE WHEN sign_in_failures.last_at <= ? THEN 1 ELSE sign_in_failures.failures + 1 END, \
               last_at = CASE WHEN sign_in_failures.failures >= ? AND sign_in_failures.last_at > ? THEN sign_in_failures.last_at ELSE excluded.last_at END \
               RETURNING failures, last_at";
    let lock = Duration::minutes(i64::from(settings.lock_minutes));
    let allowed = i64::from(settings.sign_in_attempts);
    let values: [sea_orm::Value; 5] = [digest(login).into(), now.into(), (now - lock).into(), allowed.into(), (now - lock).into()];
    let db = app.db();
    let row = db.write_one(|| async { Ok(db.query_one_raw(statement(db, sql, values.clone())).await?) }).await?;
    let row = row.ok_or_else(|| AppError::internal("the count came back empty"))?;
    let failures: i32 = row.try_get_by_index(0)?;
    let last: DateTime<Utc> = row.try_get_by_index(1)?;
    if i64::from(failures) > allowed {
        return Err(Reason::LockedOut { until: last + lock }.into());
    }
    Ok(())
}

/// Trades a refresh token for new tokens. It works once: when a used one comes back, somebody else has it, and the session ends.
pub async fn refresh(app: &App, token: &str) -> Result<Opened> {
    let now = app.clock().now();
    let old = digest(token);
    let fresh = new_secret();
    let done = app
        .write(&Viewer::system(), &Conn::Pool(app.db().clone()), |work| {
            let (old, fresh) = (old.clone(), digest(&fresh));
            async move {
                // The session before its token, as where a session is deleted and takes its tokens along.
                let Some(seen) = refresh_token::Entity::find_by_id(old.clone()).one(work.read()).await? else {
                    return Ok(None);
                };
                let Some(session) = session::Entity::find_by_id(seen.session_id).lock_exclusive().one(work.read()).await? else {
                    return Ok(None);
                };
                let Some(known) = refresh_token::Entity::find_by_id(old.clone()).lock_exclusive().one(work.read()).await? else {
                    return Ok(None);
                };
                if session.ended_at.is_some() || session.expires_at <= now {
                    return Ok(None);
                }
                if known.used_at.is_some() {
                    end(work.read(), Condition::all().add(session::Column::Id.eq(session.id)), "REFRESH_REUSED", now).await?;
                    work.forget();
                    return Ok(None);
                }
                refresh_token::ActiveModel { digest: Set(old), used_at: Set(Some(now)), ..Default::default() }.update(work.read()).await?;
                refresh_token::ActiveModel { digest: Set(fresh), session_id: Set(session.id), used_at: Set(None) }
                    .insert(work.read())
                    .await?;
                session::ActiveModel { id: Set(session.id), expires_at: Set(now + IDLE), ..Default::default() }.update(work.read()).await?;
                Ok(Some(session))
            }
        })
        .await?;
    match done.value {
        Some(session) => opened(app, session, fresh, now).await,
        None => Err(Refusal::from(Reason::SessionEnded).at(&["refreshToken"]).into()),
    }
}

/// Ends the viewer's session: its tokens open nothing from now on.
pub async fn sign_out(app: &App, viewer: &Viewer) -> Result<()> {
    let identity = viewer.account.as_ref().ok_or(AppError::Unauthenticated)?;
    let own = Condition::all().add(session::Column::Id.eq(identity.session));
    app.write(viewer, &Conn::Pool(app.db().clone()), |work| {
        let own = own.clone();
        async move {
            work.forget();
            match (&viewer.carried, viewer.until) {
                (Some(_), Some(until)) => outside::end(&work, identity, until).await,
                _ => end(work.read(), own, "SIGNED_OUT", work.now()).await,
            }
        }
    })
    .await?;
    Ok(())
}

/// Ends sessions that still run.
pub async fn end(db: &impl ConnectionTrait, which: Condition, because: &str, now: DateTime<Utc>) -> Result<()> {
    session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(now))
        .col_expr(session::Column::EndedBecause, Expr::value(because))
        .filter(session::Column::EndedAt.is_null())
        .filter(which)
        .exec(db)
        .await?;
    Ok(())
}

/// The viewer behind an access token, as the database has it now.
pub async fn viewer(app: &App, token: &str) -> Result<Viewer> {
    let now = app.clock().now();
    let claims = app.tokens().check(token, now)?;
    let (memory, today) = (app.memory(), shanghai_day(now));
    let over = DateTime::from_timestamp(claims.exp, 0).unwrap_or(now);
    // A scope that is not known here is none.
    let scopes = claims.scope.as_deref().map(|scope| ClientScope::split(scope).unwrap_or_default());
    let known = memory.viewers.get(claims.sid).filter(|known| known.day == today && now < known.until);
    if let Some(known) = known.filter(|known| known.viewer.account_id() == Some(claims.sub)) {
        return Ok(known.viewer.behind(over, scopes));
    }
    let age = memory.age();
    let (viewer, until) = load(app, claims.sid, claims.sub, now).await?.ok_or(AppError::Unauthenticated)?;
    memory.keep(&memory.viewers, age, [(claims.sid, Known { viewer: viewer.clone(), day: today, until })]);
    Ok(viewer.behind(over, scopes))
}

async fn opened(app: &App, session: session::Model, refresh_token: String, now: DateTime<Utc>) -> Result<Opened> {
    let (viewer, _) = load(app, session.id, session.account_id, now).await?.ok_or(Reason::SessionEnded)?;
    let (access_token, expires_at) = app.tokens().issue(session.account_id, session.id, None, now)?;
    Ok(Opened { access_token, refresh_token, expires_at, viewer })
}

/// The viewer behind a session that runs, and until when it does.
pub async fn load(app: &App, session: Uuid, account: Uuid, now: DateTime<Utc>) -> Result<Option<(Viewer, DateTime<Utc>)>> {
    let sql = "SELECT a.name, s.expires_at FROM sessions s JOIN accounts a ON a.id = s.account_id \
               WHERE s.id = ? AND a.id = ? AND s.ended_at IS NULL AND s.expires_at > ? AND a.disabled_at IS NULL";
    let db = app.db();
    let Some(row) = db.query_one_raw(statement(db, sql, [session.into(), account.into(), now.into()])).await? else {
        return Ok(None);
    };
    let identity = Identity { id: account, name: row.try_get_by_index(0)?, session };
    let until = row.try_get_by_index(1)?;
    Ok(Some((Viewer::new(identity, running_grants(app, account, now).await?), until)))
}

/// What a viewer is now, where its session or its outside token still opens anything.
pub async fn again(app: &App, viewer: &Viewer) -> Result<Option<Viewer>> {
    let (Some(identity), now) = (&viewer.account, app.clock().now()) else { return Ok(None) };
    match &viewer.carried {
        Some(carried) => outside::again(app, viewer, carried, now).await,
        None => Ok(load(app, identity.session, identity.id, now).await?.map(|(viewer, _)| viewer)),
    }
}

/// The viewer that an account is today, without a session.
pub async fn of_account(app: &App, account: Uuid, now: DateTime<Utc>) -> Result<Option<Viewer>> {
    let found = account::Entity::find_by_id(account).filter(account::Column::DisabledAt.is_null()).one(app.db()).await?;
    let Some(found) = found else { return Ok(None) };
    let identity = Identity { id: account, name: found.name, session: Uuid::nil() };
    Ok(Some(Viewer::new(identity, running_grants(app, account, now).await?)))
}

pub(super) async fn running_grants(app: &App, account: Uuid, now: DateTime<Utc>) -> Result<Vec<role_grant::Model>> {
    let today = shanghai_day(now);
    Ok(role_grant::Entity::find()
        .filter(role_grant::Column::AccountId.eq(account))
        .filter(role_grant::Column::RevokedAt.is_null())
        .filter(role_grant::Column::ValidFrom.lte(today))
        .filter(Condition::any().add(role_grant::Column::ValidUntil.is_null()).add(role_grant::Column::ValidUntil.gte(today)))
        .order_by_asc(role_grant::Column::Id)
        .all(app.db())
        .await?)
}

/// 256 bits that nobody guesses.
pub fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}
