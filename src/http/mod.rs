//! The doors: GraphQL over HTTP and over sockets, health, public keys; and the server that keeps time-outs and ends without cutting anything.

mod explorer;
mod follow;
mod fresh;
mod graphql;
#[cfg(feature = "console")]
mod inside;
mod metrics;
mod oauth;
mod operation;
mod persisted;
mod pictures;
mod rates;
mod reference;
mod reply;
mod serve;
mod socket;
mod streams;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::{Semaphore, watch};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::App;
use crate::clients::origins;
#[cfg(feature = "console")]
use crate::console;
use crate::graphql::guard::{Documents, Limits};
use crate::graphql::schema::{self, Schema};
use crate::telemetry::traces::Traces;

use rates::Rates;
use socket::Sockets;
use streams::Streams;

#[cfg(feature = "console")]
pub(crate) use inside::Inside;
#[cfg(feature = "console")]
pub(crate) use rates::Peer;
pub use serve::{serve, serve_metrics};

/// How long a caller may take to send a body, from its first byte to its last.
const BODY: Duration = Duration::from_secs(20);

/// What the handlers share.
#[derive(Clone)]
pub struct Http {
    pub app: App,
    schema: Schema,
    limits: Arc<Limits>,
    documents: Arc<Documents>,
    fresh: Arc<fresh::Fresh>,
    rates: Arc<Rates>,
    persisted: Arc<persisted::Persisted>,
    sockets: Sockets,
    streams: Streams,
    /// One place for each body with pictures that is read, and for each picture that is made anew, at a time.
    pub(crate) uploads: Arc<Semaphore>,
    picturing: Arc<Semaphore>,
    traces: Traces,
    /// Of the console.
    #[cfg(feature = "console")]
    pub(crate) visits: Arc<console::Sessions>,
    /// Set when the service is told to end, so that a proxy sends no more and the streams come to their end.
    ending: watch::Sender<bool>,
}

impl Http {
    pub fn new(app: App) -> Http {
        let settings = app.settings();
        Http {
            schema: schema::shared().clone(),
            rates: Arc::new(Rates::new(settings.rate_limit)),
            persisted: Arc::default(),
            sockets: Sockets::default(),
            limits: Arc::default(),
            documents: Arc::default(),
            fresh: Arc::default(),
            streams: Streams::default(),
            uploads: Arc::new(Semaphore::new(pictures::BODIES)),
            picturing: Arc::new(Semaphore::new(pictures::AT_A_TIME)),
            traces: Traces::new(settings),
            #[cfg(feature = "console")]
            visits: Arc::default(),
            ending: watch::Sender::default(),
            app,
        }
    }

    /// From now on `/readyz` says no, and streams are complete.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Sends the traces that were made so far.
    pub async fn flush(&self) {
        self.traces.flush().await;
    }

    /// The last traces are sent, and no more are made.
    pub async fn finish(&self) {
        self.traces.end().await;
    }
}

fn router(http: Http) -> Router {
    let cors = cors(&http.app);
    let router = Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post))
        .route("/graphql/ws", get(socket::upgrade))
        .route("/pictures", post(pictures::add))
        .route("/pictures/{id}", get(pictures::show))
        .route("/oauth/token", post(oauth::token))
        .route("/.well-known/oauth-authorization-server", get(oauth::metadata))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/.well-known/jwks.json", get(jwks))
        .route("/calendars/{file}", get(calendar))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .layer(cors)
        .merge(explorer::routes());
    #[cfg(feature = "console")]
    let router = router.merge(console::routes());
    router.layer(CatchPanicLayer::custom(reply::panicked)).layer(from_fn_with_state(http.clone(), follow::follow)).with_state(http)
}

/// There is nothing at the address. The body is read all the same, so that the connection can go on.
async fn nowhere(State(http): State<Http>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let _ = whole(&http.app, body).await;
    let headers = &parts.headers;
    #[cfg(feature = "console")]
    if parts.method == Method::GET
        && headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
    {
        return console::nowhere(&http, parts).await;
    }
    reply::refuse(headers, StatusCode::NOT_FOUND, "NOT_FOUND", "此地址没有内容", "There is nothing at this address")
}

/// There is something, but not by this method.
async fn not_so(State(http): State<Http>, headers: HeaderMap, body: Body) -> Response {
    let _ = whole(&http.app, body).await;
    let (zh, en) = ("此地址不接受这种请求方法", "This method is not served at this address");
    let mut response = reply::refuse(&headers, StatusCode::METHOD_NOT_ALLOWED, "BAD_USER_INPUT", zh, en);
    // The router knows which are.
    response.headers_mut().remove(header::ALLOW);
    response
}

/// A body as a whole; the status where it is too large, is too long on its way or breaks off.
pub(crate) async fn whole(app: &App, body: Body) -> Result<Bytes, StatusCode> {
    whole_of(body, app.settings().body_bytes as usize).await
}

pub(crate) async fn whole_of(body: Body, most: usize) -> Result<Bytes, StatusCode> {
    match tokio::time::timeout(BODY, axum::body::to_bytes(body, most)).await {
        Ok(read) => read.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Pages of partner clients' origins may ask in a browser; no credentials of the browser's own are taken.
fn cors(app: &App) -> CorsLayer {
    let app = app.clone();
    let allowed = AllowOrigin::async_predicate(move |origin: HeaderValue, _: &Parts| async move {
        match origin.to_str() {
            Ok(origin) => origins::allow(&app, origin).await,
            Err(_) => false,
        }
    });
    let exposed = ["ratelimit", "ratelimit-policy", "retry-after", "etag", "x-request-id"].map(HeaderName::from_static);
    let sent = ["accept", "accept-language", "authorization", "content-type", "idempotency-key", "if-none-match", "x-dry-run"];
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(sent.map(HeaderName::from_static))
        .expose_headers(exposed)
        .max_age(Duration::from_secs(600))
}

/// 200 when the database answers; 503 when it does not, and while ending.
async fn ready(State(http): State<Http>) -> Response {
    let ending = *http.ending.borrow();
    let reachable = http.app.db().ping().await.is_ok();
    if ending || !reachable {
        let why = if ending { "ending\n" } else { "the database does not answer\n" };
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    }
    "ready\n".into_response()
}

/// A calendar at its secret address; whatever is wrong with the address, there is nothing.
async fn calendar(State(http): State<Http>, Path(file): Path<String>) -> Response {
    let secret = file.strip_suffix(".ics").filter(|secret| secret.len() <= 64).unwrap_or_default();
    match crate::bookings::calendars::read(&http.app, secret).await {
        Ok(Some(text)) => {
            let headers = [(header::CONTENT_TYPE, "text/calendar; charset=utf-8"), (header::CACHE_CONTROL, "private, no-store")];
            (headers, text).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(?error, "a calendar could not be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn jwks(State(http): State<Http>) -> Response {
    ([(header::CACHE_CONTROL, "public, max-age=60")], axum::Json(http.app.tokens().jwks())).into_response()
}
