//! Tokens of outside issuers, by OpenID Connect: whom a token is of is proved by the issuer's keys, and its claims say by configured rules
//! which roles it carries.
//!
//! Whoever comes with such a token is an account, made at first sight, so that the journal, the rates and keys of requests are those of
//! everybody. Its roles are not stored: they are read from each token anew, and end with it. A district may close the account, and may grant
//! it further roles of its own.

mod issuer;
mod keys;
mod people;
mod rules;
mod settings;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Viewer;
use crate::app::App;
use crate::calendar::shanghai_day;
use crate::error::{AppError, Result};
use crate::ids::key_of_digest;

pub use people::missing;
pub(super) use people::{LOGIN_PREFIX, again, districts_of, end, is_outsider, of_districts};
pub use settings::Issuers;

use issuer::Issuer;

/// No issuer needs more; what is larger is not looked at.
const LONGEST_TOKEN: usize = 16 * 1024;

/// What a token was found to be.
pub struct Found {
    /// Its digest, whole: the key on the shelf is a part of it.
    token: [u8; 32],
    viewer: Viewer,
    day: NaiveDate,
    until: DateTime<Utc>,
}

/// The issuers that are believed.
#[derive(Default)]
pub struct Outside(Vec<Arc<Issuer>>);

impl Outside {
    pub fn new(issuers: Option<&Issuers>) -> Outside {
        Outside(issuers.into_iter().flat_map(Issuers::iter).map(|settings| Arc::new(Issuer::new(settings.clone()))).collect())
    }

    /// The issuer that a token names, where it is one of these. Nothing of the token is believed yet.
    pub fn named(&self, token: &str) -> Option<&Arc<Issuer>> {
        #[derive(Deserialize)]
        struct Named {
            iss: String,
        }
        if self.0.is_empty() || token.len() > LONGEST_TOKEN {
            return None;
        }
        let named = jsonwebtoken::dangerous::insecure_decode_claims::<Named>(token).ok()?.iss;
        self.0.iter().find(|issuer| issuer.settings.issuer == named)
    }
}

/// The viewer behind a token that names an issuer.
pub async fn viewer(app: &App, issuer: &Arc<Issuer>, token: &str) -> Result<Viewer> {
    let now = app.clock().now();
    let (memory, today) = (app.memory(), shanghai_day(now));
    // Also where the token is known: when a key has gone, everything is forgotten.
    issuer.keys(app, false).await.ok_or(AppError::Unauthenticated)?;
    let digest: [u8; 32] = Sha256::digest(token).into();
    let session = key_of_digest(digest);
    let known = memory.outsiders.get(session);
    if let Some(known) = known.filter(|known| known.token == digest && known.day == today && now < known.until) {
        return Ok(known.viewer.clone());
    }
    let age = memory.age();
    let claims = issuer.proved(app, token).await.ok_or(AppError::Unauthenticated)?;
    let said = rules::read(&claims, &issuer.settings, now).ok_or(AppError::Unauthenticated)?;
    let viewer = people::load(app, issuer, &said, session, now).await?;
    let found = Found { token: digest, viewer: viewer.clone(), day: today, until: said.until };
    memory.keep(&memory.outsiders, age, [(session, Arc::new(found))]);
    Ok(viewer)
}
