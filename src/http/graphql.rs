//! GraphQL over HTTP: what is refused before anything runs, and how answers are written.

use std::time::Duration;

use async_graphql::parser::types::OperationType;
use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;

use super::fresh::Question;
use super::operation::{Asker, Operation, Parameters};
use super::rates::Peer;
use super::reply::{Accept, JSON, Rejected, Reply, not_acceptable, only_event};
use super::{Http, whole};

const LONGEST_KEY: usize = 200;
/// How often a quiet stream gives a sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(12);

/// An answer without an error.
#[derive(Clone)]
struct Sound;

/// What is public is answered with a tag; what the caller holds already, not at all.
pub(super) async fn get(State(http): State<Http>, Extension(peer): Extension<Peer>, uri: Uri, headers: HeaderMap) -> Response {
    let Some(reply) = Reply::new(&headers) else {
        return not_acceptable(&headers);
    };
    if headers.contains_key(header::AUTHORIZATION) || reply.accept == Accept::EventStream {
        return ask(http, peer, reply, &uri, &headers).await;
    }
    let question = Question::new(uri.query().unwrap_or_default(), reply);
    if let Some(unchanged) = http.fresh.holds(question, &headers, http.app.memory()) {
        return unchanged;
    }
    let written = http.app.memory().written();
    let (parts, body) = ask(http.clone(), peer, reply, &uri, &headers).await.into_parts();
    let is_sound = parts.extensions.get::<Sound>().is_some();
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(body) if is_sound => http.fresh.answer(question, &headers, written, Response::from_parts(parts, body.clone().into()), &body),
        Ok(body) => Response::from_parts(parts, body.into()),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn ask(http: Http, peer: Peer, reply: Reply, uri: &Uri, headers: &HeaderMap) -> Response {
    let malformed = |zh, en| reply.reject(Rejected::malformed(reply.lang, StatusCode::BAD_REQUEST, zh, en));
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
        return malformed("请求参数无法识别", "The query string is malformed");
    };
    let mut parameters = Parameters::default();
    for (name, value) in pairs {
        let object = |text: &str| serde_json::from_str(text).map_err(|_| ());
        let read = match name.as_str() {
            "query" => {
                parameters.query = Some(value);
                Ok(())
            }
            "documentId" => {
                parameters.document_id = Some(value);
                Ok(())
            }
            "operationName" => {
                parameters.operation_name = Some(value);
                Ok(())
            }
            "variables" => object(&value).map(|map| parameters.variables = map),
            "extensions" => object(&value).map(|map| parameters.extensions = map),
            _ => Ok(()),
        };
        if read.is_err() {
            return malformed("variables 和 extensions 须为 JSON 对象", "variables and extensions take a JSON object");
        }
    }
    run(http, peer, reply, Method::GET, headers, parameters).await
}

pub(super) async fn post(State(http): State<Http>, Extension(peer): Extension<Peer>, headers: HeaderMap, body: Body) -> Response {
    // Read before anything is said, so that the connection can go on.
    let body = whole(&http.app, body).await;
    let Some(reply) = Reply::new(&headers) else {
        return not_acceptable(&headers);
    };
    let reject = |status, zh, en| reply.reject(Rejected::malformed(reply.lang, status, zh, en));
    let content = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The simple content types of a form are refused: that closes cross-site requests.
    if content.split(';').next().map(|media| media.trim().to_ascii_lowercase()).as_deref() != Some(JSON) {
        return reject(StatusCode::UNSUPPORTED_MEDIA_TYPE, "请求须为 application/json", "Send application/json");
    }
    // A small body must not become a large one.
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return reject(StatusCode::UNSUPPORTED_MEDIA_TYPE, "请求体不得压缩", "Send the body without a content coding");
    }
    let body = match body {
        Ok(body) => body,
        Err(status) => {
            let (zh, en) = ("请求过大或未及时传完", "The body is too large or did not arrive whole in time");
            return reply.reject(Rejected::overloaded(reply.lang, status, "LIMIT_EXCEEDED", zh, en));
        }
    };
    // An object: a list of values would do for the structure.
    let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&body);
    match object.and_then(|object| serde_json::from_value::<Parameters>(object.into())) {
        Ok(parameters) => run(http, peer, reply, Method::POST, &headers, parameters).await,
        Err(_) => reject(
            StatusCode::BAD_REQUEST,
            "请求体须为含 query 的 JSON 对象",
            "The body must be a JSON object with query, and with variables and extensions as objects",
        ),
    }
}

async fn run(http: Http, peer: Peer, reply: Reply, method: Method, headers: &HeaderMap, parameters: Parameters) -> Response {
    let lang = reply.lang;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let malformed = |zh, en| reply.reject(Rejected::malformed(lang, StatusCode::BAD_REQUEST, zh, en));
    let key = text("idempotency-key").map(str::to_owned);
    let unreadable = key.is_none() && headers.contains_key("idempotency-key");
    if unreadable || key.as_ref().is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY) {
        return malformed("幂等键须为 1 至 200 个 ASCII 字符", "Idempotency-Key takes 1 to 200 ASCII characters");
    }
    let dry_run = match headers.get_all("x-dry-run").iter().map(|value| value.to_str().unwrap_or_default()).collect::<Vec<_>>()[..] {
        [] => false,
        [value] if value.eq_ignore_ascii_case("true") => true,
        [value] if value.eq_ignore_ascii_case("false") => false,
        // Who asks for a dry run in words of its own must not find that it was none.
        _ => return malformed("X-Dry-Run 只能为 true 或 false", "X-Dry-Run takes true or false"),
    };
    let asker = Asker {
        lang,
        address: peer.caller(headers, &http.app.settings().trusted_proxies),
        authorization: headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default().to_owned()),
        safely: method == Method::GET,
    };
    let mut operation = match Operation::admit(&http, asker, parameters).await {
        Ok(operation) => operation,
        Err(rejected) => return reply.reject(rejected),
    };
    let standing = operation.standing.take();
    let mut response = match operation.kind() {
        OperationType::Subscription if reply.accept != Accept::EventStream => {
            let (zh, en) = ("订阅须以 text/event-stream 接收", "Subscriptions are answered as text/event-stream");
            reply.reject(Rejected::malformed(lang, StatusCode::NOT_ACCEPTABLE, zh, en))
        }
        OperationType::Subscription => match operation.subscribe() {
            Ok(bodies) => {
                let next = bodies.map(|body| Event::default().event("next").json_data(body).map_err(axum::Error::new));
                let complete = futures_util::stream::once(async { Ok(Event::default().event("complete").data("")) });
                Sse::new(next.chain(complete)).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)).into_response()
            }
            Err(rejected) => reply.reject(rejected),
        },
        OperationType::Query | OperationType::Mutation => match operation.run(key, dry_run).await {
            Ok(body) => {
                let mut response = match (&body.data, reply.accept) {
                    (Some(_), Accept::EventStream) => only_event(&body),
                    (None, Accept::ResponseJson | Accept::EventStream) => reply.write(StatusCode::BAD_REQUEST, &body),
                    _ => reply.write(StatusCode::OK, &body),
                };
                if body.errors.is_empty() {
                    response.extensions_mut().insert(Sound);
                }
                response
            }
            Err(rejected) => reply.reject(rejected),
        },
    };
    if let Some(standing) = standing {
        standing.write(response.headers_mut());
    }
    response
}
