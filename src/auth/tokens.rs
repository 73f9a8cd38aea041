//! Access tokens: EdDSA-signed JWT, 15 minutes, checked against the keys that the JWKS address shows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entity::signing_key;
use crate::db::Db;
use crate::error::{AppError, Result};
use crate::keys::KeyFile;

/// How long an access token opens anything.
pub const LIFETIME: Duration = Duration::minutes(15);
/// So many tokens are remembered as good.
const MOST_GOOD: usize = 10_000;
const AUDIENCE: &str = "alliance";
/// What comes before the 32 bytes of an Ed25519 secret in a PKCS #8 document.
const PKCS8_PREFIX: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The account's key.
    pub sub: Uuid,
    /// The session's key.
    pub sid: Uuid,
    pub iat: i64,
    pub exp: i64,
    /// What a client's token may be used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// The keys in force, shared with other instances through the database.
#[derive(Clone)]
pub struct Tokens {
    issuer: String,
    ring: Arc<RwLock<Ring>>,
}

#[derive(Default)]
struct Ring {
    signing: Option<(String, EncodingKey)>,
    checking: HashMap<String, DecodingKey>,
    jwks: serde_json::Value,
    /// Tokens whose signature was found good under these keys.
    good: Mutex<HashMap<String, Claims>>,
}

impl Tokens {
    pub fn new(issuer: String) -> Self {
        Tokens { issuer, ring: Arc::default() }
    }

    /// Reads the keys from the database, where another instance or a rotation may have put new ones.
    pub async fn load(&self, db: &Db, key_file: &KeyFile) -> Result<()> {
        let rows = signing_key::Entity::find().order_by_asc(signing_key::Column::CreatedAt).all(db).await?;
        let mut ring = Ring::default();
        let mut keys = Vec::new();
        for row in rows {
            let public = URL_SAFE_NO_PAD.decode(&row.public_key).map_err(AppError::internal)?;
            ring.checking.insert(row.kid.clone(), DecodingKey::from_ed_der(&public));
            keys.push(serde_json::json!({
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": row.kid, "x": row.public_key,
            }));
            if row.retired_at.is_none() {
                let secret = key_file.open("signing-key", &row.sealed_secret)?;
                ring.signing = Some((row.kid, EncodingKey::from_ed_der(&[&PKCS8_PREFIX[..], &secret].concat())));
            }
        }
        ring.jwks = serde_json::json!({ "keys": keys });
        *self.ring.write().expect("no panic under this lock") = ring;
        Ok(())
    }

    pub fn jwks(&self) -> serde_json::Value {
        self.ring.read().expect("no panic under this lock").jwks.clone()
    }

    pub fn issue(&self, account: Uuid, session: Uuid, scope: Option<String>, now: DateTime<Utc>) -> Result<(String, DateTime<Utc>)> {
        let ring = self.ring.read().expect("no panic under this lock");
        let (kid, key) = ring.signing.as_ref().ok_or_else(|| AppError::internal("no signing key"))?;
        let expires = now + LIFETIME;
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: account,
            sid: session,
            iat: now.timestamp(),
            exp: expires.timestamp(),
            scope,
        };
        let header = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::EdDSA) };
        Ok((jsonwebtoken::encode(&header, &claims, key).map_err(AppError::internal)?, expires))
    }

    /// The claims of a token that is ours, whole and not expired; any other token opens nothing.
    pub fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Claims> {
        let claims = self.ring.read().expect("no panic under this lock").claims(&self.issuer, token)?;
        (claims.exp > now.timestamp()).then_some(claims).ok_or(AppError::Unauthenticated)
    }
}

impl Ring {
    /// The claims of a token that one of the keys signed, whether or not it has expired.
    fn claims(&self, issuer: &str, token: &str) -> Result<Claims> {
        let known = self.good.lock().expect("no panic under this lock").get(token).cloned();
        if let Some(claims) = known {
            return Ok(claims);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| AppError::Unauthenticated)?;
        let key = header.kid.as_ref().and_then(|kid| self.checking.get(kid)).ok_or(AppError::Unauthenticated)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        // The clock is the application's, so the expiry is checked by who asks.
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation).map_err(|_| AppError::Unauthenticated)?.claims;
        let mut good = self.good.lock().expect("no panic under this lock");
        if good.len() >= MOST_GOOD {
            good.clear();
        }
        good.insert(token.to_owned(), claims.clone());
        Ok(claims)
    }
}

/// Makes a new signing key and retires the others: their tokens stay good until they expire, when `forget` removes them.
pub async fn rotate(db: &Db, key_file: &KeyFile, now: DateTime<Utc>) -> Result<String> {
    let secret: [u8; 32] = rand::random();
    let public = SigningKey::from_bytes(&secret).verifying_key();
    let kid = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 9]>());
    let (transaction, _turn) = db.begin().await?;
    signing_key::Entity::update_many()
        .col_expr(signing_key::Column::RetiredAt, sea_orm::sea_query::Expr::value(now))
        .filter(signing_key::Column::RetiredAt.is_null())
        .exec(&transaction)
        .await?;
    signing_key::ActiveModel {
        kid: Set(kid.clone()),
        sealed_secret: Set(key_file.seal("signing-key", &secret)),
        public_key: Set(URL_SAFE_NO_PAD.encode(public.as_bytes())),
        created_at: Set(now),
        retired_at: Set(None),
    }
    .insert(&transaction)
    .await?;
    transaction.commit().await?;
    Ok(kid)
}

/// Removes keys whose last token has expired.
pub async fn forget(db: &Db, now: DateTime<Utc>) -> Result<()> {
    let over = signing_key::Entity::delete_many().filter(signing_key::Column::RetiredAt.lt(now - LIFETIME * 2));
    db.write_one(|| async { Ok(over.clone().exec(db).await?) }).await?;
    Ok(())
}
