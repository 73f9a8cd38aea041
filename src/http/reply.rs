//! How answers are written: media types, statuses, errors that always have a code.

use async_graphql::{Response as Answer, ServerError, Value};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::error::AppError;
use crate::graphql::errors::answer;
use crate::graphql::guard::Refused;
use crate::lang::Lang;

const RESPONSE_JSON: &str = "application/graphql-response+json";
pub(super) const JSON: &str = "application/json";
/// What an answer depends on beside the question.
pub(super) const VARY: &str = "Accept, Accept-Language, Authorization";
/// Errors beyond these are left out of an answer.
const MOST_ERRORS: usize = 20;

/// How the caller wants to be answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Reply {
    pub(super) lang: Lang,
    pub(super) accept: Accept,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Accept {
    ResponseJson,
    Json,
    EventStream,
}

impl Reply {
    pub(super) fn new(headers: &HeaderMap) -> Option<Reply> {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Some(Reply { lang: lang(headers), accept: accepted(accept)? })
    }

    /// A request that is not run: no `data`. What cannot be run is a client's error under the newer media type and an ordinary answer under
    /// the older one.
    pub(super) fn reject(&self, rejected: Rejected) -> Response {
        let status = if rejected.well_formed && self.accept == Accept::Json { StatusCode::OK } else { rejected.status };
        let mut response = self.write(status, &json!({ "errors": [rejected.error] }));
        // What was not read of a body would be taken for the next request.
        if matches!(status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        if let Some(seconds) = rejected.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }

    pub(super) fn write(&self, status: StatusCode, body: &impl Serialize) -> Response {
        let media = if self.accept == Accept::Json {
            "application/json; charset=utf-8"
        } else {
            "application/graphql-response+json; charset=utf-8"
        };
        let headers = [
            (header::CONTENT_TYPE, media),
            (header::VARY, VARY),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (status, headers, text(body)).into_response()
    }
}

pub(super) fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

pub(super) fn lang(headers: &HeaderMap) -> Lang {
    Lang::accepted(headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default())
}

/// The best media type that the caller takes; nothing where it takes none of ours.
fn accepted(header: &str) -> Option<Accept> {
    if header.trim().is_empty() {
        return Some(Accept::Json);
    }
    let mut best: Option<(f32, Accept)> = None;
    for range in header.split(',').take(40) {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let q: f32 = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        let accept = match media.as_str() {
            RESPONSE_JSON => Accept::ResponseJson,
            JSON | "*/*" | "application/*" => Accept::Json,
            "text/event-stream" => Accept::EventStream,
            _ => continue,
        };
        if q > 0.0 && best.is_none_or(|(known, _)| q > known) {
            best = Some((q, accept));
        }
    }
    best.map(|(_, accept)| accept)
}

pub(super) fn not_acceptable(headers: &HeaderMap) -> Response {
    let (zh, en) = (
        "Accept 须含 application/graphql-response+json 或 application/json",
        "Accept application/graphql-response+json or application/json",
    );
    refuse(headers, StatusCode::NOT_ACCEPTABLE, "BAD_USER_INPUT", zh, en)
}

/// What is no question to GraphQL, answered in JSON all the same.
pub(super) fn refuse(headers: &HeaderMap, status: StatusCode, code: &str, zh: &str, en: &str) -> Response {
    Rejected::overloaded(lang(headers), status, code, zh, en).answer()
}

/// Why a request is not run, in the caller's language.
pub(super) struct Rejected {
    pub(super) status: StatusCode,
    /// A GraphQL request, though not one that can be run.
    well_formed: bool,
    retry_after: Option<u64>,
    pub(super) error: serde_json::Value,
}

impl Rejected {
    /// Where nobody asked in GraphQL: the same answer in JSON, with its own status.
    pub(super) fn answer(mut self) -> Response {
        self.well_formed = false;
        Reply { lang: Lang::Zh, accept: Accept::Json }.reject(self)
    }

    pub(super) fn code(&self) -> &str {
        self.error["extensions"]["code"].as_str().unwrap_or_default()
    }

    /// Which limit it went beyond, where that is one of the document's.
    pub(super) fn limit(&self) -> Option<&str> {
        self.error["extensions"]["limit"].as_str()
    }

    /// What is not a GraphQL request.
    pub(super) fn malformed(lang: Lang, status: StatusCode, zh: &str, en: &str) -> Rejected {
        Rejected { well_formed: false, ..Rejected::unrunnable(lang, status, "BAD_USER_INPUT", zh, en) }
    }

    /// A GraphQL request that is not run.
    pub(super) fn unrunnable(lang: Lang, status: StatusCode, code: &str, zh: &str, en: &str) -> Rejected {
        let error = json!({ "message": lang.pick(zh, en), "extensions": { "code": code } });
        Rejected { status, well_formed: true, retry_after: None, error }
    }

    /// What does not depend on the request, whatever media type it asks for.
    pub(super) fn overloaded(lang: Lang, status: StatusCode, code: &str, zh: &str, en: &str) -> Rejected {
        Rejected { well_formed: false, ..Rejected::unrunnable(lang, status, code, zh, en) }
    }

    /// The caller asks too often; in so many seconds it may ask again.
    pub(super) fn too_often(lang: Lang, seconds: u64) -> Rejected {
        let (zh, en) = (format!("请求过于频繁，请在 {seconds} 秒后再试"), format!("Too many requests; try again in {seconds} seconds"));
        let mut rejected = Rejected::overloaded(lang, StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", &zh, &en);
        rejected.error["extensions"]["retryAfter"] = seconds.into();
        rejected.retry_after = Some(seconds);
        rejected
    }

    pub(super) fn document(lang: Lang, refused: &Refused) -> Rejected {
        let code = match refused {
            Refused::Parse { .. } => "GRAPHQL_PARSE_FAILED",
            Refused::Limit { .. } => "LIMIT_EXCEEDED",
            Refused::UnknownOperation | Refused::NoOperationName => "BAD_USER_INPUT",
            Refused::Invalid { .. } => "GRAPHQL_VALIDATION_FAILED",
            Refused::Unfit { .. } => "BAD_USER_INPUT",
        };
        let mut rejected = Rejected::unrunnable(lang, StatusCode::BAD_REQUEST, code, &refused.zh(), &refused.to_string());
        if let Refused::Limit { what, .. } = refused {
            rejected.error["extensions"]["limit"] = json!(what);
        }
        if let Refused::Parse { line, column, .. } | Refused::Invalid { line, column, .. } = refused
            && *line > 0
        {
            rejected.error["locations"] = json!([{ "line": line, "column": column }]);
        }
        rejected
    }

    /// An application error before anything was run.
    pub(super) fn failed(lang: Lang, error: AppError) -> Rejected {
        let (status, well_formed) = match error {
            AppError::Unauthenticated => (StatusCode::UNAUTHORIZED, true),
            AppError::Forbidden { .. } => (StatusCode::FORBIDDEN, true),
            AppError::BadInput { .. } => (StatusCode::BAD_REQUEST, true),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, false),
        };
        let error = error_json(answer(error, lang).into_server_error(Default::default()));
        Rejected { status, well_formed, retry_after: None, error }
    }
}

/// What is answered: `data` is left out where nothing was run.
#[derive(Serialize)]
pub(super) struct Body {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extensions: Option<Extensions>,
}

#[derive(Serialize)]
pub(super) struct Extensions {
    pub(super) cost: Cost,
}

/// The static cost of an operation, and how much one operation of this caller may cost.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Cost {
    pub(super) requested: u64,
    pub(super) limit: u64,
}

impl Body {
    pub(super) fn of(answer: Answer, cost: Option<Cost>) -> Body {
        let failed_before =
            answer.data == Value::Null && !answer.errors.is_empty() && answer.errors.iter().all(|error| error.path.is_empty());
        let errors = answer.errors.into_iter().take(MOST_ERRORS).map(error_json).collect();
        Body { errors, data: (!failed_before).then_some(answer.data), extensions: cost.map(|cost| Extensions { cost }) }
    }

    /// The code of its worst error.
    pub(super) fn code(&self) -> Option<&str> {
        let mut codes = self.errors.iter().filter_map(|error| error["extensions"]["code"].as_str());
        let first = codes.next()?;
        Some(codes.find(|code| *code == "INTERNAL").unwrap_or(first))
    }
}

/// An error always has a code; the library's own come without one, before execution without a path too.
fn error_json(error: ServerError) -> serde_json::Value {
    let mut json = serde_json::to_value(&error).unwrap_or_default();
    if error.locations.iter().all(|place| place.line == 0) {
        json.as_object_mut().and_then(|json| json.remove("locations"));
    }
    if json["extensions"]["code"].is_null() {
        let code = if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "BAD_USER_INPUT" };
        json["extensions"] = json!({ "code": code });
        json["message"] = error.message.chars().take(300).collect::<String>().into();
    }
    json
}

/// A panic in a handler: logged by its hook, answered like any other failure.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let rejected = Rejected::failed(Lang::Zh, AppError::internal("a handler panicked"));
    let body = json!({ "errors": [rejected.error] });
    (rejected.status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

/// The answers of one operation as events: each a `next`, then `complete`.
pub(super) fn only_event(body: &impl Serialize) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, format!("event: next\ndata: {}\n\nevent: complete\ndata:\n\n", text(body))).into_response()
}
