//! `/metrics` for Prometheus, on a listener of its own: what it tells is not for the public.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::prometheus_text::{CONTENT_TYPE, encode};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::Http;
use crate::telemetry::metrics::{Label, seconds};

/// How long the database may take to answer whether it does.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn router(http: Http) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(http)
}

async fn metrics(State(http): State<Http>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &registry(&http).await) {
        Ok(()) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What has been counted, and what is so right now. Made anew each time: that costs little, and nothing has to be kept in step.
async fn registry(http: &Http) -> Registry {
    let (db, counted) = (http.app.db(), http.app.metrics());
    let mut registry = Registry::with_prefix("alliance");
    counted.register(&mut registry);

    let reachable = tokio::time::timeout(PATIENCE, db.ping()).await.is_ok_and(|answer| answer.is_ok());
    let is_ready = reachable && !*http.ending.borrow();
    registry.register(
        "ready",
        "Whether the service takes requests: the database answers, and it is not ending",
        gauge(u32::from(is_ready)),
    );

    registry.register("sockets_open", "WebSockets that are open", gauge(http.sockets.open()));
    let (signed_in, anonymous) = http.streams.running();
    let streams = [("caller", "account", signed_in), ("caller", "anonymous", anonymous)];
    registry.register("streams_open", "Streams of changes that run, by who reads them", gauges(streams));

    let help = "Statements that were sent to the database";
    registry.register("database_statements", help, ConstCounter::new(db.statements()));
    let help = "How long statements took, all together";
    registry.register("database_statement_seconds", help, ConstCounter::new(db.statement_time().as_secs_f64()));
    let busy = db.busy();
    let of = |what: fn(&crate::db::Busy) -> usize| gauges(busy.iter().map(move |(user, busy)| ("use", *user, what(busy))));
    registry.register("database_connections_in_use", "Connections to the database in use", of(|busy| busy.used));
    registry.register("database_connections_limit", "Connections to the database that may be in use", of(|busy| busy.all));
    registry.register("database_waiting", "Who waits for a connection to the database", of(|busy| busy.waiting));

    let database = if db.is_postgres() { "postgres" } else { "sqlite" };
    let build = [("version", env!("CARGO_PKG_VERSION")), ("database", database)];
    registry.register("build", "The version that runs, and its kind of database", Info::new(build));
    let started = ConstGauge::new(seconds(counted.started));
    registry.register("process_start_time_seconds", "When the service began, in seconds since 1970", started);
    registry.register("process_uptime_seconds", "For how long it has run", ConstGauge::new(counted.uptime().as_secs_f64()));
    if let Some(bytes) = resident_memory() {
        registry.register("process_resident_memory_bytes", "Memory that it holds", ConstGauge::new(bytes));
    }
    registry
}

fn gauge<N: TryInto<i64>>(value: N) -> ConstGauge<i64> {
    ConstGauge::new(value.try_into().unwrap_or(i64::MAX))
}

fn gauges(values: impl IntoIterator<Item = (&'static str, &'static str, usize)>) -> Family<Label, Gauge> {
    let family = Family::<Label, Gauge>::default();
    for (label, value, number) in values {
        family.get_or_create(&[(label, value)]).set(i64::try_from(number).unwrap_or(i64::MAX));
    }
    family
}

/// As Linux tells it; nothing elsewhere.
fn resident_memory() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok().map(|kilobytes| kilobytes * 1024)
}
