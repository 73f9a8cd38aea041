//! The doors: GraphQL over HTTP and over sockets, health, public keys; and the server that keeps time-outs and ends without cutting anything.

mod fresh;
mod graphql;
mod operation;
mod rates;
mod reply;
mod serve;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::{Semaphore, watch};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::app::App;
use crate::graphql::guard::{Documents, Limits};
use crate::graphql::schema::{self, Schema};

use rates::Rates;
use socket::Sockets;

pub use serve::serve;

/// Streams of changes that one instance serves at a time, to those who are signed in and to all others.
const STREAMS: usize = 1000;
const ANONYMOUS_STREAMS: usize = 200;

/// What the handlers share.
#[derive(Clone)]
pub struct Http {
    pub app: App,
    schema: Schema,
    limits: Arc<Limits>,
    documents: Arc<Documents>,
    fresh: Arc<fresh::Fresh>,
    rates: Arc<Rates>,
    sockets: Sockets,
    /// One place for each stream that may run at a time.
    streams: Arc<Semaphore>,
    anonymous_streams: Arc<Semaphore>,
    /// Set when the service is told to end, so that a proxy sends no more and the streams come to their end.
    ending: watch::Sender<bool>,
}

impl Http {
    pub fn new(app: App) -> Http {
        let settings = app.settings();
        Http {
            schema: schema::builder().finish(),
            rates: Arc::new(Rates::new(settings.rate_limit)),
            sockets: Sockets::default(),
            limits: Arc::default(),
            documents: Arc::default(),
            fresh: Arc::default(),
            streams: Arc::new(Semaphore::new(STREAMS)),
            anonymous_streams: Arc::new(Semaphore::new(ANONYMOUS_STREAMS)),
            ending: watch::Sender::default(),
            app,
        }
    }

    /// From now on `/readyz` says no, and streams are complete.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }
}

fn router(http: Http) -> Router {
    let body = http.app.settings().body_bytes as usize;
    Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post))
        .route("/graphql/ws", get(socket::upgrade))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/.well-known/jwks.json", get(jwks))
        .route("/calendars/{file}", get(calendar))
        .layer(DefaultBodyLimit::max(body))
        .layer(RequestBodyTimeoutLayer::new(Duration::from_secs(20)))
        .layer(CatchPanicLayer::custom(reply::panicked))
        .with_state(http)
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
