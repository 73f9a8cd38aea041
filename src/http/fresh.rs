//! Public answers to GET, which a caller need not be sent again: each has an `ETag` of what it says, and whoever still holds it is told so.
//!
//! While nothing has been written since an answer was made, that is said without asking the database.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::reply::{Reply, VARY};
use crate::memory::Memory;

/// How long an answer is known without looking again: windows end and days pass though nobody writes.
const KNOWN: Duration = Duration::from_secs(5);
/// Questions that are known at a time: beyond that it begins anew.
const MOST: usize = 20_000;

/// What was asked, and how it is to be answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Question {
    query: [u8; 32],
    reply: Reply,
}

impl Question {
    pub(super) fn new(query: &str, reply: Reply) -> Question {
        Question { query: Sha256::digest(query).into(), reply }
    }
}

/// Of what is answered, whatever it is.
pub(super) fn tag(body: &[u8]) -> HeaderValue {
    let digest = URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..16]);
    HeaderValue::try_from(format!("\"{digest}\"")).expect("base64 is fit for a header")
}

struct Known {
    tag: HeaderValue,
    /// How much had been written when the answer was made.
    written: u64,
    since: Instant,
}

#[derive(Default)]
pub(super) struct Fresh(Mutex<HashMap<Question, Known>>);

impl Fresh {
    /// The answer to who holds what is known to be so still.
    pub(super) fn holds(&self, question: Question, headers: &HeaderMap, memory: &Memory) -> Option<Response> {
        let known = self.0.lock().expect("no panic under this lock");
        let known = known.get(&question)?;
        let still = Some(known.written) == memory.written() && known.since.elapsed() < KNOWN;
        (still && is_held(headers, &known.tag)).then(|| unchanged(&known.tag))
    }

    /// The answer with its tag, or that the caller holds it already.
    pub(super) fn answer(
        &self,
        question: Question,
        headers: &HeaderMap,
        written: Option<u64>,
        mut response: Response,
        body: &[u8],
    ) -> Response {
        let tag = tag(body);
        if let Some(written) = written {
            let mut known = self.0.lock().expect("no panic under this lock");
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(question, Known { tag: tag.clone(), written, since: Instant::now() });
        }
        if is_held(headers, &tag) {
            return unchanged(&tag);
        }
        mark(response.headers_mut(), &tag);
        response
    }
}

pub(super) fn is_held(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    tags.map(|held| held.trim().trim_start_matches("W/")).any(|held| held == "*" || held.as_bytes() == tag.as_bytes())
}

fn unchanged(tag: &HeaderValue) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    response.headers_mut().insert(header::VARY, HeaderValue::from_static(VARY));
    mark(response.headers_mut(), tag);
    response
}

fn mark(headers: &mut HeaderMap, tag: &HeaderValue) {
    headers.insert(header::ETAG, tag.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
}
