//! The way in for what is part of the program and speaks GraphQL like everybody else: measured, allowed, counted and logged the same.

use axum::http::{HeaderMap, StatusCode};
use futures_util::{Stream, StreamExt};
use serde_json::{Map, Value};

use super::Http;
use super::operation::{Asker, Operation, Parameters};
use super::rates::Peer;
use crate::lang::Lang;

/// An operation, and who asks for it.
pub(crate) struct Inside<'a> {
    pub(crate) authorization: Option<String>,
    pub(crate) lang: Lang,
    pub(crate) document: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) variables: Map<String, Value>,
    pub(crate) key: Option<String>,
    pub(crate) dry_run: bool,
}

impl<'a> Inside<'a> {
    /// An operation of nobody, without variables.
    pub(crate) fn new(document: &'a str, lang: Lang) -> Inside<'a> {
        Inside { authorization: None, lang, document, operation: "", variables: Map::new(), key: None, dry_run: false }
    }

    fn split(self, http: &Http, peer: Peer, headers: &HeaderMap) -> (Asker, Parameters) {
        let address = peer.caller(headers, &http.app.settings().trusted_proxies);
        let asker = Asker { lang: self.lang, address, authorization: self.authorization, safely: false };
        let parameters = Parameters {
            query: Some(self.document.to_owned()),
            operation_name: Some(self.operation.to_owned()),
            variables: Some(self.variables),
            ..Parameters::default()
        };
        (asker, parameters)
    }
}

impl Http {
    /// Counts a visit that asks for nothing, or for nothing yet; false where the address comes too often.
    pub(crate) fn may_visit(&self, peer: Peer, headers: &HeaderMap) -> bool {
        self.rates.take(peer.caller(headers, &self.app.settings().trusted_proxies), 1).is_ok()
    }

    /// The answer of a query or a mutation: `data` and `errors`, and the status that it would have outside.
    pub(crate) async fn ask(&self, peer: Peer, headers: &HeaderMap, mut inside: Inside<'_>) -> (StatusCode, Value) {
        let (key, dry_run) = (inside.key.take(), inside.dry_run);
        let (asker, parameters) = inside.split(self, peer, headers);
        let answer = match Operation::admit(self, asker, parameters).await {
            Ok(operation) => operation.run(key, dry_run).await,
            Err(rejected) => Err(rejected),
        };
        match answer {
            Ok(body) => (StatusCode::OK, serde_json::to_value(&body).unwrap_or_default()),
            Err(rejected) => (rejected.status, serde_json::json!({ "errors": [rejected.error] })),
        }
    }

    /// The kinds of changes, as they happen.
    pub(crate) async fn follow(
        &self,
        peer: Peer,
        headers: &HeaderMap,
        inside: Inside<'_>,
    ) -> Result<impl Stream<Item = String> + Send + use<>, StatusCode> {
        let (asker, parameters) = inside.split(self, peer, headers);
        let operation = Operation::admit(self, asker, parameters).await.map_err(|rejected| rejected.status)?;
        let answers = operation.subscribe().map_err(|rejected| rejected.status)?;
        Ok(answers.filter_map(|body| async move {
            let answer = serde_json::to_value(&body).ok()?;
            answer["data"]["changes"]["kind"].as_str().map(str::to_owned)
        }))
    }
}
