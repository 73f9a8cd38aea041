//! One visit of a page: who comes, what the address says, what the visitor chose to see; and how it asks.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use super::forms::Fields;
use super::pages::{self, Page};
use super::sessions::{ACCESS, Cookies};
use crate::http::{Http, Inside, Peer};
use crate::lang::Lang;

/// Bytes of the questions in an address.
const LONGEST_QUERY: usize = 4096;

pub(super) struct Visit {
    pub(super) page: &'static Page,
    /// From the path and the query string.
    pub(super) asked: Fields,
    /// From the path alone.
    pub(super) path: Fields,
    /// Path and query string, to come back to.
    pub(super) here: String,
    pub(super) cookies: Cookies,
    pub(super) lang: Lang,
    pub(super) headers: HeaderMap,
    /// The name under which the service was asked for.
    pub(super) host: String,
    pub(super) caller: Peer,
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

impl Failure {
    pub(super) fn of(status: StatusCode, code: &str) -> Failure {
        Failure { code: code.to_owned(), message: String::new(), incident: None, status }
    }

    fn new(status: StatusCode, error: &Value) -> Failure {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Failure {
            code: text(&error["extensions"]["code"]).unwrap_or_default(),
            message: text(&error["message"]).unwrap_or_default(),
            incident: text(&error["extensions"]["incident"]),
            status: if status.is_success() { StatusCode::INTERNAL_SERVER_ERROR } else { status },
        }
    }
}

impl FromRequestParts<Http> for Visit {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Visit, StatusCode> {
        let known = (parts.extensions.get::<&'static Page>().copied(), parts.extensions.get::<Peer>().copied());
        let (Some(page), Some(caller)) = known else { return Err(StatusCode::INTERNAL_SERVER_ERROR) };
        if parts.uri.query().is_some_and(|query| query.len() > LONGEST_QUERY) {
            return Err(StatusCode::URI_TOO_LONG);
        }
        // What is no text leads nowhere.
        let named = Path::<HashMap<String, String>>::from_request_parts(parts, http).await.map_err(|_| StatusCode::NOT_FOUND)?;
        let headers = parts.headers.clone();
        let (mut path, mut asked) = (Fields::default(), Fields::read(parts.uri.query().unwrap_or_default().as_bytes()));
        for (name, value) in named.0 {
            asked.set(&name, value.clone());
            path.set(&name, value);
        }
        let of_host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = of_host.or_else(|| parts.uri.authority().map(|host| host.as_str())).unwrap_or_default().to_owned();
        let mut cookies = Cookies::read(http, caller, &headers);
        // Whoever is signed in is counted with what they ask for.
        if cookies.get(ACCESS).is_none() && !http.may_visit(caller, &headers) {
            return Err(StatusCode::TOO_MANY_REQUESTS);
        }
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
        Ok(Visit { page, asked, path, here, cookies, lang, headers, host, caller })
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
        let authorization = self.cookies.get(ACCESS).map(super::bearer);
        let Asked { document, operation, variables, key, dry_run } = asked;
        let question = Inside { authorization, lang: self.lang, document, operation, variables, key, dry_run };
        let (status, mut answer) = http.ask(self.caller, &self.headers, question).await;
        match answer["errors"].get(0) {
            Some(error) => Err(Failure::new(status, error)),
            None => Ok(answer["data"].take()),
        }
    }

    /// Adds pictures to a delivery, one after the other, and says how many.
    pub(super) async fn add_pictures(&self, http: &Http, delivery: &str, pictures: Vec<Bytes>) -> Result<usize, Failure> {
        let count = pictures.len();
        for (kept, picture) in pictures.into_iter().enumerate() {
            let authorization = self.cookies.get(ACCESS).map(super::bearer);
            let added = http.add_picture(self.caller, &self.headers, authorization, self.lang, delivery, picture).await;
            added.map_err(|(status, error)| {
                let mut failure = Failure::new(status, &error);
                let (zh, en) = match kept {
                    0 => ("照片没有存上：".to_owned(), "The pictures were not kept: ".to_owned()),
                    _ => (format!("已存上 {kept} 张，其余照片没有存上："), format!("{kept} pictures were kept, the others were not: ")),
                };
                failure.message = self.lang.pick(zh, en) + &failure.message;
                failure
            })?;
        }
        Ok(count)
    }
}
