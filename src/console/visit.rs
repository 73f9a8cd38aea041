//! One visit of a page: who comes, what the address says, what the visitor chose to see; and how it asks.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use super::forms::Fields;
use super::pages::{self, Page};
use super::sessions::{ACCESS, Cookies};
use crate::http::{Http, Inside, Peer};
use crate::lang::Lang;

pub(super) struct Visit {
    pub(super) page: &'static Page,
    /// From the path and the query string.
    pub(super) asked: Fields,
    /// Path and query string, to come back to.
    pub(super) here: String,
    pub(super) cookies: Cookies,
    pub(super) lang: Lang,
    pub(super) headers: HeaderMap,
    caller: Peer,
}

/// An operation of a document of the console.
pub(super) struct Asked<'a> {
    pub(super) document: &'a str,
    pub(super) operation: &'a str,
    pub(super) variables: Map<String, Value>,
    pub(super) key: Option<String>,
    pub(super) dry_run: bool,
}

/// Why there is no answer.
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) incident: Option<String>,
    pub(super) status: StatusCode,
}

impl FromRequestParts<Http> for Visit {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Visit, StatusCode> {
        let known = (parts.extensions.get::<&'static Page>().copied(), parts.extensions.get::<Peer>().copied());
        let (Some(page), Some(caller)) = known else { return Err(StatusCode::INTERNAL_SERVER_ERROR) };
        // What is no text leads nowhere.
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, http).await.map(|Path(path)| path).unwrap_or_default();
        let headers = parts.headers.clone();
        let mut asked = Fields::read(parts.uri.query().unwrap_or_default().as_bytes());
        for (name, value) in path {
            asked.set(&name, value);
        }
        let mut cookies = Cookies::read(&headers);
        let lang = match cookies.get("lang") {
            Some("en") => Lang::En,
            Some("zh") => Lang::Zh,
            _ => Lang::accepted(headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default()),
        };
        let token = cookies.get(ACCESS);
        if token.is_some_and(|token| http.app.tokens().check(token, http.app.clock().now()).is_err()) {
            cookies.end(ACCESS);
        }
        http.visits.freshen(http, &mut cookies, caller, &headers, lang).await;
        let here = parts.uri.path_and_query().map_or("/", |here| here.as_str()).to_owned();
        Ok(Visit { page, asked, here, cookies, lang, headers, caller })
    }
}

impl Visit {
    /// Who is signed in, and in which roles; null for whoever is not.
    pub(super) async fn viewer(&mut self, http: &Http) -> Result<Value, Failure> {
        if self.cookies.get(ACCESS).is_none() {
            return Ok(Value::Null);
        }
        let layout = pages::layout();
        let asked = Asked { document: layout.text, operation: "Layout", variables: Map::new(), key: None, dry_run: false };
        match self.ask(http, asked).await {
            Ok(mut data) => Ok(data["viewer"].take()),
            Err(failure) if failure.code == "UNAUTHENTICATED" => {
                self.cookies.end_session();
                Ok(Value::Null)
            }
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn ask(&self, http: &Http, asked: Asked<'_>) -> Result<Value, Failure> {
        let question = Inside {
            authorization: self.cookies.get(ACCESS).map(|token| format!("Bearer {token}")),
            lang: self.lang,
            document: asked.document,
            operation: asked.operation,
            variables: asked.variables,
            key: asked.key,
            dry_run: asked.dry_run,
        };
        let (status, mut answer) = http.ask(self.caller, &self.headers, question).await;
        let Some(error) = answer["errors"].get(0) else { return Ok(answer["data"].take()) };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Err(Failure {
            code: text(&error["extensions"]["code"]).unwrap_or_default(),
            message: text(&error["message"]).unwrap_or_default(),
            incident: text(&error["extensions"]["incident"]),
            status: if status.is_success() { StatusCode::INTERNAL_SERVER_ERROR } else { status },
        })
    }
}
