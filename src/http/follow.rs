//! Each request bears an id, by which its answer, its lines in the log and its trace belong together.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::KeyValue;

use super::Http;
use super::rates::Peer;
use crate::ids::new_key;
use crate::telemetry::trail::Trail;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_ID: usize = 64;

pub(super) async fn follow(State(http): State<Http>, request: Request, next: Next) -> Response {
    let Some(route) = route(request.uri().path()) else {
        return next.run(request).await;
    };
    let proxies = &http.app.settings().trusted_proxies;
    let is_believed = request.extensions().get::<Peer>().is_some_and(|peer| peer.is_trusted(proxies));
    let believed = is_believed.then_some(request.headers());
    let id = believed.and_then(said).unwrap_or_else(|| new_key(http.app.clock().now()).simple().to_string());
    let trace = http.traces.begin("request", &id, believed);
    let trail = Trail::new(id, http.app.metrics().clone(), trace);
    trail.note([KeyValue::new("http.request.method", request.method().as_str().to_owned()), KeyValue::new("http.route", route)]);
    let mut response = trail.follow(next.run(request)).await;
    let status = response.status();
    http.app.metrics().answered(route, status.as_u16());
    trail.note([KeyValue::new("http.response.status_code", i64::from(status.as_u16()))]);
    if status.is_server_error() {
        trail.fail();
    }
    if let Ok(id) = HeaderValue::from_str(trail.id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The id that a proxy gave it, where that can stand in a log as it is.
fn said(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:=+/".contains(&byte);
    (!id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(plain)).then(|| id.to_owned())
}

/// The path as it is counted: callers may invent as many as they like. Health is asked for all day and not followed.
fn route(path: &str) -> Option<&'static str> {
    Some(match path {
        "/healthz" | "/readyz" => return None,
        "/graphql" => "/graphql",
        "/graphql/ws" => "/graphql/ws",
        "/pictures" => "/pictures",
        path if path.starts_with("/pictures/") => "/pictures/{id}",
        "/oauth/token" => "/oauth/token",
        "/.well-known/jwks.json" => "/.well-known/jwks.json",
        "/reference" => "/reference",
        path if path == "/graphiql" || path.starts_with("/graphiql/") => "/graphiql",
        path if path.starts_with("/calendars/") => "/calendars",
        path if path.starts_with("/assets/") => "/assets",
        "/live" => "/live",
        #[cfg(feature = "console")]
        path if crate::console::is_page(path) => "pages",
        _ => "other",
    })
}
