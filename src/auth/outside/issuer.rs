//! One issuer: its keys as it publishes them, fetched when they are needed and no more often than that.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::keys::Keys;
use super::rules::{Claims, is_taken};
use super::settings::{IssuerSettings, is_local, may_be_asked};
use crate::app::App;

/// Keys older than this are fetched anew, and those that could not be work until they are so old.
const AGE: TimeDelta = TimeDelta::hours(1);
const STALE: TimeDelta = TimeDelta::hours(24);
/// The issuer is asked at most once in so long, whatever tokens come.
const PAUSE: TimeDelta = TimeDelta::seconds(60);
const PATIENCE: Duration = Duration::from_secs(5);
const LARGEST: usize = 256 * 1024;

pub struct Issuer {
    pub settings: IssuerSettings,
    known: RwLock<Known>,
    /// Whose turn it is to ask; given back when the answer is there.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Known {
    keys: Option<(Arc<Keys>, DateTime<Utc>)>,
    tried_at: Option<DateTime<Utc>>,
}

/// Whether so much time has passed; also where the clock was put back.
fn passed(since: DateTime<Utc>, now: DateTime<Utc>, time: TimeDelta) -> bool {
    now < since || now - since >= time
}

impl Known {
    fn usable(&self, now: DateTime<Utc>) -> Option<Arc<Keys>> {
        self.keys.as_ref().filter(|(_, fetched)| !passed(*fetched, now, STALE)).map(|(keys, _)| keys.clone())
    }

    /// Whether the issuer is to be asked: for others than those that are known, or because those are old.
    fn is_due(&self, now: DateTime<Utc>, others: bool) -> bool {
        let old = self.keys.as_ref().is_none_or(|(_, fetched)| passed(*fetched, now, AGE));
        (old || others) && self.tried_at.is_none_or(|tried| passed(tried, now, PAUSE))
    }
}

impl Issuer {
    pub fn new(settings: IssuerSettings) -> Issuer {
        Issuer { settings, known: RwLock::default(), turn: Arc::default() }
    }

    fn look<T>(&self, at: impl FnOnce(&Known) -> T) -> T {
        at(&self.known.read().expect("no panic under this lock"))
    }

    /// The keys, fetched where they are not known, are old, or others are looked for and the issuer was not asked a moment ago.
    pub async fn keys(self: &Arc<Self>, app: &App, others: bool) -> Option<Arc<Keys>> {
        let now = app.clock().now();
        let (usable, is_due) = self.look(|known| (known.usable(now), known.is_due(now, others)));
        if usable.is_some() && !others && !is_due {
            return usable;
        }
        let turn = match usable {
            // While somebody else asks, those that are known will do.
            Some(_) if !others => self.turn.clone().try_lock_owned().ok(),
            // Who lacks a key waits for whoever asks already.
            _ => Some(self.turn.clone().lock_owned().await),
        };
        if let Some(turn) = turn
            && self.look(|known| known.is_due(now, others))
        {
            self.known.write().expect("no panic under this lock").tried_at = Some(now);
            // A task of its own: a caller that leaves must not keep the others from new keys.
            let (issuer, app) = (self.clone(), app.clone());
            let fetched = tokio::spawn(async move {
                issuer.renew(&app, now).await;
                drop(turn);
            });
            if fetched.await.is_err() {
                tracing::error!(issuer = self.settings.issuer, "the keys of an issuer could not be fetched: a panic");
            }
        }
        self.look(|known| known.usable(now))
    }

    async fn renew(&self, app: &App, now: DateTime<Utc>) {
        match self.fetch().await {
            Ok(keys) => {
                let before = {
                    let mut known = self.known.write().expect("no panic under this lock");
                    let before = known.keys.take();
                    known.keys = Some((Arc::new(keys), now));
                    before
                };
                let is_same = self.look(|known| known.keys.as_ref().zip(before.as_ref()).is_some_and(|((new, _), (old, _))| new.is(old)));
                if !is_same {
                    // Tokens that were found good may have been signed by a key that has gone.
                    app.memory().forget();
                }
            }
            Err(cause) => tracing::warn!(issuer = self.settings.issuer, cause, "the keys of an issuer cannot be fetched"),
        }
    }

    async fn fetch(&self) -> Result<Keys, String> {
        #[derive(Deserialize)]
        struct Discovery {
            issuer: String,
            jwks_uri: String,
        }
        let client = client().map_err(|error| error.to_string())?;
        let issuer = &self.settings.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovery: Discovery = get(&client, &address).await?;
        if discovery.issuer != *issuer {
            return Err("the discovery document is of another issuer".to_owned());
        }
        if !may_be_asked(&discovery.jwks_uri, is_local(issuer)) {
            return Err("the address of the keys is not one to ask".to_owned());
        }
        Keys::of(&get(&client, &discovery.jwks_uri).await?)
    }

    /// The claims of a token that one of the issuer's keys signed.
    pub async fn proved(self: &Arc<Self>, app: &App, token: &str) -> Option<Claims> {
        let header = jsonwebtoken::decode_header(token).ok().filter(is_taken)?;
        for others in [false, true] {
            let keys = self.keys(app, others).await?;
            if let Some(claims) = keys.check(&header, token) {
                return Some(claims);
            }
            // Whose key is known and whose signature is not good is not helped by new keys.
            if header.kid.as_deref().is_some_and(|kid| keys.holds(kid)) {
                return None;
            }
        }
        None
    }
}

/// Made for each time, which is seldom: what authorities the machine trusts may have changed.
fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .user_agent(concat!("alliance/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// A document of JSON, of bounded size, within the time.
async fn get<T: DeserializeOwned>(client: &reqwest::Client, url: &str) -> Result<T, String> {
    let cause = |error: reqwest::Error| error.without_url().to_string();
    let mut response = client.get(url).header("accept", "application/json").send().await.map_err(cause)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(format!("the answer is {}", response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(cause)? {
        if body.len() + part.len() > LARGEST {
            return Err("the answer is too large".to_owned());
        }
        body.extend_from_slice(&part);
    }
    serde_json::from_slice(&body).map_err(|_| "the answer is not the JSON that it should be".to_owned())
}
