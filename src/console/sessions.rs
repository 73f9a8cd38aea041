//! Cookies: the session, what the visitor chose to see, and what the last form did.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::pages;
use crate::auth::sessions::new_secret;
use crate::http::{Http, Inside, Peer};
use crate::lang::Lang;
use crate::telemetry::trail;

pub(super) const ACCESS: &str = "access";
const REFRESH: &str = "refresh";
/// The secret that forms carry.
pub(super) const FORM: &str = "csrf";
/// How far in the feed the visitor has read.
pub(super) const SEEN: &str = "seen";
const TOLD: &str = "told";

pub(super) const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
/// As long as a session that nobody uses goes on.
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long before its end an access token is no longer sent.
const EARLY: TimeDelta = TimeDelta::seconds(60);
/// How long the answer to a refresh is kept for those who asked at the same time, or whose answer was lost on its way.
const GRACE: Duration = Duration::from_secs(300);
const PREFIX: &str = "alliance-";

/// The cookies of a request, and those that its answer sets.
#[derive(Debug, Default)]
pub(super) struct Cookies {
    known: HashMap<String, String>,
    set: Vec<(String, String, Option<Duration>)>,
    /// Whether the browser came by TLS, which a proxy in front says.
    secure: bool,
}

impl Cookies {
    pub(super) fn read(http: &Http, caller: Peer, headers: &HeaderMap) -> Cookies {
        let is_told = caller.is_trusted(&http.app.settings().trusted_proxies);
        let secure = is_told && headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        let prefix = prefix(secure);
        let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
        let pairs = sent.filter_map(|pair| pair.trim().strip_prefix(&prefix)?.split_once('='));
        let known = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut cookies = Cookies { known, set: Vec::new(), secure };
        if cookies.get(FORM).is_none() {
            cookies.set(FORM, &new_secret(), None);
        }
        cookies
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// For so long, or for as long as the browser runs.
    pub(super) fn set(&mut self, name: &str, value: &str, lasts: Option<Duration>) {
        let plain = value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\";,\\".contains(&byte));
        let value = if plain { value } else { "" };
        self.known.insert(name.to_owned(), value.to_owned());
        self.set.retain(|(known, ..)| known != name);
        self.set.push((name.to_owned(), value.to_owned(), lasts));
    }

    /// The tokens of a session.
    pub(super) fn take(&mut self, now: DateTime<Utc>, session: &Value) {
        let (access, refresh) = (session["accessToken"].as_str(), session["refreshToken"].as_str());
        let until = session["expiresAt"].as_str().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
        let (Some(access), Some(refresh), Some(until)) = (access, refresh, until) else { return };
        let lasts = until.with_timezone(&Utc) - now - EARLY;
        self.set(ACCESS, access, Some(lasts.to_std().unwrap_or_default()));
        self.set(REFRESH, refresh, Some(MONTH));
    }

    /// A form of somebody who was here before must not count for whoever comes now.
    pub(super) fn renew_form(&mut self) {
        self.set(FORM, &new_secret(), None);
    }

    pub(super) fn end_session(&mut self) {
        for name in [ACCESS, REFRESH, "acting"] {
            self.end(name);
        }
    }

    pub(super) fn end(&mut self, name: &str) {
        self.set(name, "", Some(Duration::ZERO));
    }

    /// Keeps for the next page what a form has done.
    pub(super) fn tell(&mut self, done: &str, key: &str, warnings: &Value) {
        let text = |warnings: &str| serde_urlencoded::to_string([("done", done), ("key", key), ("warnings", warnings)]).unwrap_or_default();
        let told = text(&warnings.to_string());
        // A browser keeps no more in one cookie.
        self.set(TOLD, &if told.len() < 3000 { told } else { text("[]") }, Some(Duration::from_secs(60)));
    }

    /// What the last form has done; it is told once.
    pub(super) fn told(&mut self) -> Value {
        let Some(told) = self.get(TOLD).map(str::to_owned) else { return Value::Null };
        self.end(TOLD);
        let told: HashMap<String, String> = serde_urlencoded::from_str(&told).unwrap_or_default();
        let warnings: Vec<Value> = told.get("warnings").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let warnings: Vec<_> =
            warnings.iter().filter_map(|warning| warning["message"].as_str()).map(|message| json!({ "message": message })).collect();
        let text = |name: &str| told.get(name).cloned().unwrap_or_default();
        json!({ "done": text("done"), "key": text("key"), "warnings": warnings })
    }

    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let (prefix, secure) = (prefix(self.secure), if self.secure { "; Secure" } else { "" });
        for (name, value, lasts) in &self.set {
            let lasts = lasts.map(|lasts| format!("; Max-Age={}", lasts.as_secs())).unwrap_or_default();
            let text = format!("{prefix}{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{lasts}");
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.append(header::SET_COOKIE, value);
            }
        }
    }
}

/// A cookie with this prefix is one that no other host can have set.
fn prefix(secure: bool) -> String {
    format!("{}{PREFIX}", if secure { "__Host-" } else { "" })
}

/// Sessions by the digest of the token that was traded for them, and since when.
type Traded = HashMap<[u8; 32], (Instant, Value)>;

/// Tokens that were just given out, by the digest of the refresh token that was traded for them; in parts, so that few wait for each other.
#[derive(Default)]
pub(crate) struct Sessions([Mutex<Traded>; 32]);

impl Sessions {
    /// Trades the refresh token in where the access token has ended. A refresh token works once: who comes with the same one a moment later is
    /// given the same answer.
    pub(super) async fn freshen(&self, http: &Http, cookies: &mut Cookies, caller: Peer, headers: &HeaderMap, lang: Lang) {
        if cookies.get(ACCESS).is_some() {
            return;
        }
        let Some(token) = cookies.get(REFRESH).map(str::to_owned) else { return };
        let (inner, headers, trail) = (http.clone(), headers.clone(), trail::current());
        // Whatever becomes of the browser's connection, what was traded is kept.
        let trade = async move { trail::follow(trail.as_ref(), trade(&inner, caller, &headers, lang, token)).await };
        match tokio::spawn(trade).await {
            Ok(Some(session)) if session.is_null() => cookies.end_session(),
            Ok(Some(session)) => cookies.take(http.app.clock().now(), &session),
            // Whoever asks too often, or meets a database that does not answer, is not signed out for it.
            Ok(None) | Err(_) => {}
        }
    }
}

/// The session that a refresh token opens, null where none; nothing where there was no answer.
async fn trade(http: &Http, caller: Peer, headers: &HeaderMap, lang: Lang, token: String) -> Option<Value> {
    let place: [u8; 32] = Sha256::digest(&token).into();
    let parts = &http.visits.0;
    let mut known = parts[usize::from(place[0]) % parts.len()].lock().await;
    known.retain(|_, (since, _)| since.elapsed() < GRACE);
    if let Some((_, session)) = known.get(&place) {
        return Some(session.clone());
    }
    let variables = Map::from_iter([("token".to_owned(), token.into())]);
    let question = Inside { operation: "Refresh", variables, ..Inside::new(pages::layout().text, lang) };
    let (_, mut answer) = http.ask(caller, headers, question).await;
    let payload = answer["data"]["refreshSession"].as_object_mut()?;
    let session = payload.remove("result").unwrap_or_default();
    if !session.is_null() {
        known.insert(place, (Instant::now(), session.clone()));
    }
    Some(session)
}
