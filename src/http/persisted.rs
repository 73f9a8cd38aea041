//! Persisted operations: a request names a document by its SHA-256 instead of sending it. Automatic ones are sent once where they are not
//! known yet, and each instance keeps what it was sent; registered ones are those of partner clients and need not be sent at all.

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

/// How a request says what it means.
pub(super) enum Named {
    /// By the document itself.
    Document(Asked),
    /// By a hash alone. Where it says `documentId`, only what was registered is meant.
    Hash { hash: Hash, registered: bool },
}

impl Asked {
    /// A document that was found by its hash.
    pub(super) fn found(query: &str) -> Asked {
        Asked { query: query.to_owned(), keep: None }
    }
}

/// That nobody here knows the document of a hash.
pub(super) fn unknown(lang: Lang) -> Rejected {
    // The message is what clients look for.
    let message = "PersistedQueryNotFound";
    Rejected::unrunnable(lang, StatusCode::BAD_REQUEST, "PERSISTED_QUERY_NOT_FOUND", message, message)
}

impl Persisted {
    /// What a request means: a document of its own, or one whose hash it names, by the extension of APQ or by `documentId`.
    pub(super) fn named(
        lang: Lang,
        query: Option<String>,
        id: Option<&str>,
        extensions: Option<&Map<String, Value>>,
    ) -> Result<Named, Rejected> {
        let query = query.filter(|query| !query.is_empty());
        let malformed = |zh, en| Rejected::malformed(lang, StatusCode::BAD_REQUEST, zh, en);
        let named = match extensions.and_then(|extensions| extensions.get("persistedQuery")) {
            None | Some(Value::Null) => None,
            Some(named) => match (named["version"].as_u64(), named["sha256Hash"].as_str().and_then(parse)) {
                (Some(1), Some(hash)) => Some(hash),
                _ => return Err(malformed("persistedQuery 须含 version 1 和 sha256Hash", "persistedQuery takes version 1 and sha256Hash")),
            },
        };
        // An id of any other form is one of nothing.
        let id = id.filter(|id| !id.is_empty()).map(|id| id.strip_prefix("sha256:").and_then(parse).ok_or_else(|| unknown(lang)));
        let id = id.transpose()?;
        let registered = id.is_some();
        let hash = match (id, named) {
            (Some(id), Some(named)) if id != named => {
                return Err(malformed("documentId 与 sha256Hash 不符", "documentId and sha256Hash differ"));
            }
            (id, named) => id.or(named),
        };
        match (query, hash) {
            (Some(query), None) => Ok(Named::Document(Asked { query, keep: None })),
            (Some(query), Some(hash)) if format!("{:x}", Sha256::digest(&query)) == hash => {
                Ok(Named::Document(Asked { query, keep: (!registered).then_some(hash) }))
            }
            (Some(_), Some(_)) => Err(malformed("sha256Hash 或 documentId 与 query 不符", "sha256Hash or documentId is not that of query")),
            (None, Some(hash)) => Ok(Named::Hash { hash, registered }),
            (None, None) => Err(malformed("缺少 query", "The parameter query is missing")),
        }
    }

    /// A document that was sent before.
    pub(super) fn sent(&self, hash: &str) -> Option<Asked> {
        self.0.lock().expect("no panic under this lock").get(hash).map(|query| Asked::found(query))
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
