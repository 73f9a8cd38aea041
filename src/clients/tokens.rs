//! Tokens for clients: the grant `client_credentials` of OAuth 2.0, by a secret (RFC 6749) or by a signed assertion (RFC 7523).

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{DecodingKey, Validation};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use uuid::Uuid;

use super::entity::{assertion, client, credential};
use super::rules;
use crate::app::App;
use crate::auth::{ClientScope, sessions};
use crate::calendar::shanghai_day;
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};

/// How far the clocks of a client and of the service may be apart, and how long an assertion may work.
const SKEW: TimeDelta = TimeDelta::seconds(60);
const LONGEST_ASSERTION: TimeDelta = TimeDelta::minutes(10);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What is asked of the token endpoint, the client's name and secret also as they come in the header.
#[derive(Default, Deserialize)]
pub struct Asked {
    pub grant_type: Option<String>,
    pub scope: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub client_assertion_type: Option<String>,
    pub client_assertion: Option<String>,
}

pub struct Granted {
    pub access_token: String,
    pub expires_in: i64,
    pub scope: String,
}

/// Why there is no token: the codes of RFC 6749.
#[derive(Debug)]
pub enum Denied {
    Because { error: &'static str, description: &'static str, status: StatusCode },
    Failed(AppError),
}

impl<E: Into<AppError>> From<E> for Denied {
    fn from(error: E) -> Self {
        Denied::Failed(error.into())
    }
}

fn denied<T>(error: &'static str, description: &'static str) -> std::result::Result<T, Denied> {
    let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    Err(Denied::Because { error, description, status })
}

/// Whatever is wrong with who asks is told in one way.
fn unknown<T>() -> std::result::Result<T, Denied> {
    denied("invalid_client", "the client is unknown, has ended, or did not prove itself")
}

/// A token for the client that proves itself. `audiences`: what an assertion may be addressed to.
pub async fn grant(app: &App, asked: &Asked, audiences: &[String]) -> std::result::Result<Granted, Denied> {
    if asked.grant_type.as_deref() != Some("client_credentials") {
        return denied("unsupported_grant_type", "grant_type must be client_credentials");
    }
    let now = app.clock().now();
    let (client, credential) = match (&asked.client_assertion, &asked.client_secret) {
        (Some(assertion), None) if asked.client_assertion_type.as_deref() == Some(ASSERTION_TYPE) => {
            by_assertion(app, asked.client_id.as_deref(), assertion, audiences, now).await?
        }
        (None, Some(secret)) => by_secret(app, asked.client_id.as_deref(), secret, now).await?,
        _ => return unknown(),
    };
    let given = client.scopes();
    let wanted = match asked.scope.as_deref().filter(|scope| !scope.trim().is_empty()) {
        None => given,
        Some(text) => match ClientScope::split(text) {
            Some(wanted) if wanted.iter().all(|scope| given.contains(scope)) => wanted,
            _ => return denied("invalid_scope", "the client was not given this scope"),
        },
    };
    let scope = ClientScope::join(&wanted);
    let (access_token, expires_at) = app.tokens().issue(client.id, credential, Some(scope.clone()), now)?;
    used(app, &client, now).await?;
    Ok(Granted { access_token, expires_in: (expires_at - now).num_seconds(), scope })
}

async fn by_secret(app: &App, id: Option<&str>, secret: &str, now: DateTime<Utc>) -> std::result::Result<(client::Model, Uuid), Denied> {
    let Some(id) = id.and_then(client_id) else { return unknown() };
    let found = credential::Entity::find()
        .filter(credential::Column::SecretDigest.eq(sessions::digest(secret)))
        .filter(credential::Column::ClientId.eq(id))
        .filter(credential::Column::ExpiresAt.gt(now))
        .one(app.db())
        .await?;
    match found {
        Some(credential) => Ok((live(app, id, now).await?, credential.id)),
        None => unknown(),
    }
}

#[derive(Deserialize)]
struct Assertion {
    iss: String,
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
    jti: String,
}

async fn by_assertion(
    app: &App,
    said: Option<&str>,
    token: &str,
    audiences: &[String],
    now: DateTime<Utc>,
) -> std::result::Result<(client::Model, Uuid), Denied> {
    // Read before it is believed: whose key it is to be checked with.
    let Some(id) = unverified_issuer(token).as_deref().and_then(client_id) else { return unknown() };
    if said.is_some_and(|said| client_id(said) != Some(id)) {
        return unknown();
    }
    let keys = credential::Entity::find()
        .filter(credential::Column::ClientId.eq(id))
        .filter(credential::Column::PublicKey.is_not_null())
        .filter(credential::Column::ExpiresAt.gt(now))
        .all(app.db())
        .await?;
    for credential in keys {
        let Some(key) = &credential.public_key else { continue };
        let Some(claims) = check(key, token, audiences) else { continue };
        let (skew, at) = (SKEW.num_seconds(), now.timestamp());
        let is_now = claims.exp > at - skew
            && claims.exp <= at + LONGEST_ASSERTION.num_seconds() + skew
            && claims.nbf.is_none_or(|from| from <= at + skew)
            && claims.iat.is_none_or(|from| from <= at + skew);
        if claims.iss != claims.sub || client_id(&claims.iss) != Some(id) || !is_now || claims.jti.is_empty() {
            return unknown();
        }
        let client = live(app, id, now).await?;
        let ends = DateTime::from_timestamp(claims.exp + skew, 0).unwrap_or(now);
        if !first_use(app, id, &claims.jti, ends).await? {
            return denied("invalid_client", "the assertion was used before");
        }
        return Ok((client, credential.id));
    }
    unknown()
}

/// The claims of an assertion that the key signed, for one of the audiences.
fn check(key: &serde_json::Value, token: &str, audiences: &[String]) -> Option<Assertion> {
    let mut validation = Validation::new(rules::algorithm(key)?);
    validation.set_audience(audiences);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    // The clock is the application's.
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(&serde_json::from_value(key.clone()).ok()?).ok()?;
    Some(jsonwebtoken::decode::<Assertion>(token, &key, &validation).ok()?.claims)
}

fn unverified_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    Some(jsonwebtoken::dangerous::insecure_decode::<Issuer>(token).ok()?.claims.iss)
}

/// Notes that an assertion was used; whether it is the first time.
async fn first_use(app: &App, client: Uuid, id: &str, expires_at: DateTime<Utc>) -> Result<bool> {
    let row = assertion::Model { client_id: client, digest: sessions::digest(id), expires_at };
    let db = app.db();
    db.write_one(|| async {
        let insert = assertion::Entity::insert(assertion::ActiveModel::from(row.clone()));
        let once = OnConflict::columns([assertion::Column::ClientId, assertion::Column::Digest]).do_nothing().to_owned();
        Ok(insert.on_conflict(once).exec_without_returning(db).await? > 0)
    })
    .await
}

/// A client that still works.
async fn live(app: &App, id: Uuid, now: DateTime<Utc>) -> std::result::Result<client::Model, Denied> {
    let found = client::Entity::find_by_id(id).one(app.db()).await?;
    match found.filter(|client| !client.has_ended(shanghai_day(now))) {
        Some(client) => Ok(client),
        None => unknown(),
    }
}

async fn used(app: &App, client: &client::Model, now: DateTime<Utc>) -> Result<()> {
    let db = app.db();
    db.write_one(|| async {
        let used = client::ActiveModel { id: Set(client.id), last_used_at: Set(Some(now)), ..Default::default() };
        client::Entity::update(used).exec(db).await?;
        Ok(())
    })
    .await
}

fn client_id(text: &str) -> Option<Uuid> {
    GlobalId::parse(text).filter(|id| id.kind == NodeKind::Client).map(|id| id.key)
}
