//! GraphQL over HTTP: what is refused before anything runs, and how answers are written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::parser::types::OperationType;
use async_graphql::{Response as Answer, ServerError, Value, Variables};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};

use super::Http;
use super::fresh::Question;
use crate::auth::{Viewer, sessions};
use crate::db::Conn;
use crate::error::{AppError, Result};
use crate::graphql::errors::{LANG, answer};
use crate::graphql::guard::{self, Admitted, Refused};
use crate::graphql::order::as_asked;
use crate::graphql::{Request, Source};
use crate::lang::Lang;

const RESPONSE_JSON: &str = "application/graphql-response+json";
const JSON: &str = "application/json";
/// What an answer depends on beside the question.
pub(super) const VARY: &str = "Accept, Accept-Language, Authorization";
/// Errors beyond these are left out of an answer.
const MOST_ERRORS: usize = 20;
const LONGEST_KEY: usize = 200;
/// Values in all variables together.
const MOST_VALUES: usize = 1000;
/// What needs no token, good or bad.
const OPENING: [&str; 2] = ["signIn", "refreshSession"];

/// The parameters of a request, in a body or in a query string.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: Option<String>,
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

/// How the caller wants to be answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Reply {
    lang: Lang,
    accept: Accept,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Accept {
    ResponseJson,
    Json,
    EventStream,
}

impl Reply {
    fn new(headers: &HeaderMap) -> Option<Reply> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
        Some(Reply { lang: Lang::accepted(text(header::ACCEPT_LANGUAGE)), accept: accepted(text(header::ACCEPT))? })
    }

    /// A request that is not GraphQL over HTTP, or a document that cannot be run: no `data`.
    fn refuse(&self, status: StatusCode, code: &str, zh: &str, en: &str) -> Response {
        let body = serde_json::json!({ "errors": [{ "message": self.lang.pick(zh, en), "extensions": { "code": code } }] });
        self.write(status, &body)
    }

    fn write(&self, status: StatusCode, body: &impl Serialize) -> Response {
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
        (status, headers, json(body)).into_response()
    }
}

fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
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

/// An answer without an error.
#[derive(Clone)]
struct Sound;

/// What is public is answered with a tag; what the caller holds already, not at all.
pub async fn get(State(http): State<Http>, uri: Uri, headers: HeaderMap) -> Response {
    let Some(reply) = Reply::new(&headers) else {
        return not_acceptable();
    };
    if headers.contains_key(header::AUTHORIZATION) || reply.accept == Accept::EventStream {
        return ask(http, reply, &uri, &headers).await;
    }
    let question = Question::new(uri.query().unwrap_or_default(), reply);
    if let Some(unchanged) = http.fresh.holds(question, &headers, http.app.memory()) {
        return unchanged;
    }
    let written = http.app.memory().written();
    let (parts, body) = ask(http.clone(), reply, &uri, &headers).await.into_parts();
    let is_sound = parts.extensions.get::<Sound>().is_some();
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(body) if is_sound => http.fresh.answer(question, &headers, written, Response::from_parts(parts, body.clone().into()), &body),
        Ok(body) => Response::from_parts(parts, body.into()),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn ask(http: Http, reply: Reply, uri: &Uri, headers: &HeaderMap) -> Response {
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
        return reply.refuse(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", "请求参数无法识别", "The query string is malformed");
    };
    let mut parameters = Parameters { query: None, operation_name: None, variables: None, extensions: None };
    for (name, value) in pairs {
        let object = |text: &str| serde_json::from_str(text).map_err(|_| ());
        let malformed = match name.as_str() {
            "query" => {
                parameters.query = Some(value);
                false
            }
            "operationName" => {
                parameters.operation_name = Some(value);
                false
            }
            "variables" => object(&value).map(|map| parameters.variables = map).is_err(),
            "extensions" => object(&value).map(|map| parameters.extensions = map).is_err(),
            _ => false,
        };
        if malformed {
            return reply.refuse(
                StatusCode::BAD_REQUEST,
                "BAD_USER_INPUT",
                "variables 和 extensions 须为 JSON 对象",
                "variables and extensions take a JSON object",
            );
        }
    }
    run(http, reply, Method::GET, headers, parameters).await
}

pub async fn post(State(http): State<Http>, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> Response {
    let Some(reply) = Reply::new(&headers) else {
        return not_acceptable();
    };
    let content = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The simple content types of a form are refused: that closes cross-site requests.
    if content.split(';').next().map(|media| media.trim().to_ascii_lowercase()).as_deref() != Some(JSON) {
        let (zh, en) = ("请求须为 application/json", "Send application/json");
        return reply.refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT", zh, en);
    }
    let Ok(body) = body else {
        return reply.refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "LIMIT_EXCEEDED",
            "请求过大或未传完",
            "The body is too large or did not arrive whole",
        );
    };
    // An object: a list of values would do for the structure.
    let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&body);
    match object.and_then(|object| serde_json::from_value::<Parameters>(object.into())) {
        Ok(parameters) => run(http, reply, Method::POST, &headers, parameters).await,
        Err(_) => reply.refuse(
            StatusCode::BAD_REQUEST,
            "BAD_USER_INPUT",
            "请求体须为含 query 的 JSON 对象",
            "The body must be a JSON object with query, and with variables and extensions as objects",
        ),
    }
}

fn not_acceptable() -> Response {
    let body = serde_json::json!({ "errors": [{ "message": "Accept application/graphql-response+json or application/json", "extensions": { "code": "BAD_USER_INPUT" } }] });
    (StatusCode::NOT_ACCEPTABLE, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

async fn run(http: Http, reply: Reply, method: Method, headers: &HeaderMap, parameters: Parameters) -> Response {
    let operation_name = parameters.operation_name.filter(|name| !name.is_empty());
    let Some(query) = parameters.query.filter(|query| !query.is_empty()) else {
        return reply.refuse(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", "缺少 query", "The parameter query is missing");
    };
    // What cannot be run is a client's error under the newer media type and an ordinary answer under the older one.
    let unrunnable = if reply.accept == Accept::Json { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let given = parameters.variables.as_ref().map_or(0, |variables| variables.values().map(values).sum());
    if given > MOST_VALUES {
        let (zh, en) = ("变量中的值过多", "The variables hold too many values");
        return reply.refuse(unrunnable, "LIMIT_EXCEEDED", zh, en);
    }
    let variables = Variables::from_json(serde_json::Value::Object(parameters.variables.unwrap_or_default()));
    let admitted = match guard::admit(&http.documents, &query, operation_name.as_deref(), &variables, &http.limits) {
        Ok(admitted) => admitted,
        Err(refused) => return refuse_document(&reply, unrunnable, &refused),
    };
    if method == Method::GET && admitted.operation != OperationType::Query {
        let (zh, en) = ("GET 只能用于查询", "GET is for queries only");
        let mut response = reply.refuse(StatusCode::METHOD_NOT_ALLOWED, "BAD_USER_INPUT", zh, en);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let viewer = match authenticate(&http, text("authorization")).await {
        Ok(viewer) => viewer,
        // Who signs in or refreshes often still sends the token that has just expired.
        Err(AppError::Unauthenticated) if admitted.root_fields.iter().all(|field| OPENING.contains(&field.as_str())) => Viewer::anonymous(),
        Err(error) => {
            let error = answer(error, reply.lang);
            let status = if reply.accept == Accept::Json { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            return reply.write(status, &serde_json::json!({ "errors": [error_json(error.into_server_error(Default::default()))] }));
        }
    };
    let key = text("idempotency-key").map(str::to_owned);
    let unreadable = key.is_none() && headers.contains_key("idempotency-key");
    if unreadable || key.as_ref().is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY) {
        let (zh, en) = ("幂等键须为 1 至 200 个 ASCII 字符", "Idempotency-Key takes 1 to 200 ASCII characters");
        return reply.refuse(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", zh, en);
    }
    let dry_run = match headers.get_all("x-dry-run").iter().map(|value| value.to_str().unwrap_or_default()).collect::<Vec<_>>()[..] {
        [] => false,
        [value] if value.eq_ignore_ascii_case("true") => true,
        [value] if value.eq_ignore_ascii_case("false") => false,
        // Who asks for a dry run in words of its own must not find that it was none.
        _ => {
            let (zh, en) = ("X-Dry-Run 只能为 true 或 false", "X-Dry-Run takes true or false");
            return reply.refuse(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", zh, en);
        }
    };
    let dry_run = dry_run && admitted.operation == OperationType::Mutation;
    if admitted.operation == OperationType::Subscription {
        return stream(http, reply, admitted, query, variables, viewer);
    }
    let limit = Duration::from_secs(u64::from(http.app.settings().request_seconds));
    let (kind, name, account, started) = (admitted.operation, admitted.operation_name.clone(), viewer.account_id(), Instant::now());
    let work = execute(&http, reply.lang, admitted, query, variables, viewer, key, dry_run);
    let response = match tokio::time::timeout(limit, work).await {
        Ok(Ok(answer)) => {
            let failed_before =
                answer.data == Value::Null && answer.errors.iter().all(|error| error.path.is_empty()) && !answer.errors.is_empty();
            let is_sound = answer.errors.is_empty();
            let body = body(answer, failed_before);
            let mut response = match reply.accept {
                Accept::EventStream if !failed_before => only_event(&body),
                _ => reply.write(if failed_before { unrunnable } else { StatusCode::OK }, &body),
            };
            if is_sound {
                response.extensions_mut().insert(Sound);
            }
            response
        }
        Ok(Err(error)) => {
            let error = answer(error, reply.lang).into_server_error(Default::default());
            reply.write(StatusCode::INTERNAL_SERVER_ERROR, &serde_json::json!({ "errors": [error_json(error)] }))
        }
        Err(_) => {
            let (zh, en) = ("处理超时，请缩小查询后再试", "The request took too long; ask for less");
            reply.refuse(StatusCode::SERVICE_UNAVAILABLE, "LIMIT_EXCEEDED", zh, en)
        }
    };
    let (status, millis) = (response.status().as_u16(), started.elapsed().as_millis());
    tracing::info!(%kind, operation = name, account = account.map(tracing::field::display), status, millis, "request");
    response
}

/// The viewer that a bearer token opens; anonymous where there is none.
async fn authenticate(http: &Http, authorization: Option<&str>) -> Result<Viewer> {
    let Some(value) = authorization else {
        return Ok(Viewer::anonymous());
    };
    let (scheme, token) = value.split_once(' ').ok_or(AppError::Unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AppError::Unauthenticated);
    }
    sessions::viewer(&http.app, token.trim()).await
}

#[expect(clippy::too_many_arguments, reason = "the parts of one request, taken apart once")]
async fn execute(
    http: &Http,
    lang: Lang,
    admitted: Admitted,
    query: String,
    variables: Variables,
    viewer: Viewer,
    key: Option<String>,
    dry_run: bool,
) -> Result<Answer> {
    let app = &http.app;
    // Nobody unknown may hold the writer's place.
    let dry = if dry_run && viewer.account.is_some() { Some(app.db().begin().await?) } else { None };
    let (conn, turn) = match dry {
        Some((transaction, turn)) => (Conn::Within(Arc::new(transaction)), Some(turn)),
        None => (Conn::Pool(app.db().clone()), None),
    };
    let source = Arc::new(Source::new(app.clone(), viewer, conn, lang));
    let request = Request::new(source.clone(), key, dry_run);
    let batches = request.batches.clone();
    let (document, name) = (admitted.document.clone(), admitted.operation_name.clone());
    let mut answer = LANG.scope(lang, batches.drive(http.schema.execute(prepare(admitted, query, variables).data(request)))).await;
    answer.data = as_asked(answer.data, &document, name.as_deref());
    drop(batches);
    if let Some(source) = Arc::into_inner(source) {
        source.close(turn).await?;
    }
    Ok(answer)
}

/// How many values a variable holds, itself included.
fn values(variable: &serde_json::Value) -> usize {
    match variable {
        serde_json::Value::Array(items) => 1 + items.iter().map(values).sum::<usize>(),
        serde_json::Value::Object(fields) => 1 + fields.values().map(values).sum::<usize>(),
        _ => 1,
    }
}

fn prepare(admitted: Admitted, query: String, variables: Variables) -> async_graphql::Request {
    let mut request = async_graphql::Request::new(query).variables(variables);
    if let Some(name) = admitted.operation_name {
        request = request.operation_name(name);
    }
    request.set_parsed_query(Arc::unwrap_or_clone(admitted.document));
    request
}

/// Answers a subscription as server-sent events: each result a `next`, then `complete`.
fn stream(http: Http, reply: Reply, admitted: Admitted, query: String, variables: Variables, viewer: Viewer) -> Response {
    if reply.accept != Accept::EventStream {
        let (zh, en) = ("订阅须以 text/event-stream 接收", "Subscriptions are answered as text/event-stream");
        return reply.refuse(StatusCode::NOT_ACCEPTABLE, "BAD_USER_INPUT", zh, en);
    }
    let places = if viewer.account.is_some() { &http.streams } else { &http.anonymous_streams };
    let Ok(place) = places.clone().try_acquire_owned() else {
        let (zh, en) = ("同时接收变更的连接已满，请稍后再试", "Too many streams run at the moment; try again later");
        return reply.refuse(StatusCode::SERVICE_UNAVAILABLE, "LIMIT_EXCEEDED", zh, en);
    };
    let app = http.app.clone();
    let source = Source::new(app.clone(), viewer, Conn::Pool(app.db().clone()), reply.lang);
    let request = Request::new(Arc::new(source), None, false);
    let batches = request.batches.clone();
    let request = prepare(admitted, query, variables).data(request);
    let lang = reply.lang;
    let mut ending = http.ending.subscribe();
    let mut answers = Box::pin(http.schema.execute_stream(request));
    let events = async_stream::stream! {
        let _place = place;
        loop {
            let answer = tokio::select! {
                answer = LANG.scope(lang, batches.drive(answers.next())) => answer,
                // The reader goes on elsewhere, after its last cursor.
                _ = ending.wait_for(|ending| *ending) => None,
            };
            let Some(answer) = answer else { break };
            let failed_before = answer.data == Value::Null && !answer.errors.is_empty();
            let event = Event::default().event("next").json_data(body(answer, failed_before));
            yield event.map_err(axum::Error::new);
        }
        yield Ok(Event::default().event("complete").data(""));
    };
    Sse::new(events).keep_alive(axum::response::sse::KeepAlive::new().interval(Duration::from_secs(12))).into_response()
}

/// The one answer of a query or a mutation, for who asks for events.
fn only_event(body: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, format!("event: next\ndata: {}\n\nevent: complete\ndata:\n\n", json(body))).into_response()
}

fn refuse_document(reply: &Reply, status: StatusCode, refused: &Refused) -> Response {
    let (zh, code) = match refused {
        Refused::Parse { .. } => ("查询语句有语法错误".to_owned(), "GRAPHQL_PARSE_FAILED"),
        Refused::Limit { what, limit } => (format!("查询超出限制：{what} 最多 {limit}"), "LIMIT_EXCEEDED"),
        Refused::UnknownOperation | Refused::NoOperationName => ("operationName 须指明要执行的操作".to_owned(), "BAD_USER_INPUT"),
        Refused::Invalid { .. } => ("查询语句不符合规范".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
    };
    let mut error = serde_json::json!({ "message": reply.lang.pick(zh, refused.to_string()), "extensions": { "code": code } });
    if let Refused::Limit { what, .. } = refused {
        error["extensions"]["limit"] = serde_json::json!(what);
    }
    if let Refused::Parse { line, column, .. } | Refused::Invalid { line, column, .. } = refused
        && *line > 0
    {
        error["locations"] = serde_json::json!([{ "line": line, "column": column }]);
    }
    reply.write(status, &serde_json::json!({ "errors": [error] }))
}

/// What is answered: `data` is left out where nothing was run.
#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

fn body(answer: Answer, failed_before: bool) -> Body {
    let errors = answer.errors.into_iter().take(MOST_ERRORS).map(error_json).collect();
    Body { errors, data: (!failed_before).then_some(answer.data) }
}

/// An error always has a code; the library's own come without one, before execution without a path too.
fn error_json(error: ServerError) -> serde_json::Value {
    let mut json = serde_json::to_value(&error).unwrap_or_default();
    if error.locations.iter().all(|place| place.line == 0) {
        json.as_object_mut().and_then(|json| json.remove("locations"));
    }
    if json["extensions"]["code"].is_null() {
        let code = if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "BAD_USER_INPUT" };
        json["extensions"] = serde_json::json!({ "code": code });
        json["message"] = error.message.chars().take(300).collect::<String>().into();
    }
    json
}

/// A panic in a handler: logged by its hook, answered like any other failure.
pub fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let error = answer(AppError::internal("a handler panicked"), Lang::Zh).into_server_error(Default::default());
    let body = serde_json::json!({ "errors": [error_json(error)] });
    (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}
