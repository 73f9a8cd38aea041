//! Persisted operations, automatic: a client sends the SHA-256 of a document instead of the document, and the document once where it is not
//! known yet. Each instance keeps what it was sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::reply::Rejected;
use crate::lang::Lang;

/// Documents that are kept at a time: beyond that it begins anew, and clients send theirs again.
const MOST: usize = 1_000;

type Hash = String;

#[derive(Default)]
pub(super) struct Persisted(Mutex<HashMap<Hash, Arc<str>>>);

/// A document, and under which hash it is to be kept once it has been found fit to run.
pub(super) struct Asked {
    pub(super) query: String,
    keep: Option<Hash>,
}

impl Persisted {
    /// The document that a request means: its own, or the one whose hash it names.
    pub(super) fn document(&self, lang: Lang, query: Option<String>, extensions: Option<&Map<String, Value>>) -> Result<Asked, Rejected> {
        let query = query.filter(|query| !query.is_empty());
        let malformed = |zh, en| Rejected::malformed(lang, StatusCode::BAD_REQUEST, zh, en);
        let named = match extensions.and_then(|extensions| extensions.get("persistedQuery")) {
            None | Some(Value::Null) => None,
            Some(named) => match (named["version"].as_u64(), named["sha256Hash"].as_str().and_then(parse)) {
                (Some(1), Some(hash)) => Some(hash),
                _ => return Err(malformed("persistedQuery 须含 version 1 和 sha256Hash", "persistedQuery takes version 1 and sha256Hash")),
            },
        };
        match (query, named) {
            (Some(query), None) => Ok(Asked { query, keep: None }),
            (Some(query), Some(hash)) if format!("{:x}", Sha256::digest(&query)) == hash => Ok(Asked { query, keep: Some(hash) }),
            (Some(_), Some(_)) => Err(malformed("sha256Hash 与 query 不符", "sha256Hash is not the hash of query")),
            (None, Some(hash)) => match self.0.lock().expect("no panic under this lock").get(&hash) {
                Some(query) => Ok(Asked { query: query.to_string(), keep: None }),
                None => {
                    // The message is what clients look for.
                    let message = "PersistedQueryNotFound";
                    Err(Rejected::unrunnable(lang, StatusCode::BAD_REQUEST, "PERSISTED_QUERY_NOT_FOUND", message, message))
                }
            },
            (None, None) => Err(malformed("缺少 query", "The parameter query is missing")),
        }
    }

    /// Keeps a document that is fit to run, where the request asked for that.
    pub(super) fn keep(&self, asked: &Asked) {
        if let Some(hash) = &asked.keep {
            let mut known = self.0.lock().expect("no panic under this lock");
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(hash.clone(), asked.query.as_str().into());
        }
    }
}

/// A hash as it is kept, in small letters.
fn parse(hex: &str) -> Option<Hash> {
    (hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit())).then(|| hex.to_ascii_lowercase())
}
