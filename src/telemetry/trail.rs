//! One request as it can be followed: by its id in the log, by its span in a trace; and what it asked of the database meanwhile.
//!
//! A request over HTTP is one, and so is each operation on a socket. What belongs to it runs within [`Trail::follow`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Status};
use opentelemetry_sdk::trace::Span;
use tracing::Instrument;

use super::metrics::Metrics;

tokio::task_local! {
    static TRAIL: Arc<Trail>;
}

pub struct Trail {
    id: String,
    log: tracing::Span,
    metrics: Arc<Metrics>,
    statements: AtomicU64,
    micros: AtomicU64,
    /// Where this request is traced. It ends with the last who knows of the request: a stream goes on after its answer has begun.
    trace: Option<Mutex<Span>>,
}

impl Trail {
    pub fn new(id: String, metrics: Arc<Metrics>, trace: Option<Span>) -> Arc<Trail> {
        // An error, so that the id stands in every line, whichever are written.
        let log = tracing::error_span!(parent: None, "request", request_id = id);
        Arc::new(Trail { id, log, metrics, statements: AtomicU64::new(0), micros: AtomicU64::new(0), trace: trace.map(Mutex::new) })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// How many statements it has sent so far.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Runs what belongs to it.
    pub async fn follow<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        TRAIL.scope(self.clone(), work).instrument(self.log.clone()).await
    }

    /// Adds to its span.
    pub fn note(&self, attributes: impl IntoIterator<Item = KeyValue>) {
        self.with_trace(|span| span.set_attributes(attributes));
    }

    /// It failed, by a fault of the service.
    pub fn fail(&self) {
        self.with_trace(|span| span.set_status(Status::error("")));
    }

    fn with_trace(&self, change: impl FnOnce(&mut Span)) {
        if let Some(span) = &self.trace {
            change(&mut span.lock().expect("no panic under this lock"));
        }
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        let seconds = Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64();
        let statements = i64::try_from(self.statements()).unwrap_or(i64::MAX);
        self.with_trace(|span| {
            span.set_attributes([KeyValue::new("db.statements", statements), KeyValue::new("db.seconds", seconds)]);
            span.end();
        });
    }
}

/// The request that this is part of.
pub fn current() -> Option<Arc<Trail>> {
    TRAIL.try_with(Arc::clone).ok()
}

/// Runs what belongs to a request, where there is one.
pub async fn follow<F: Future>(trail: Option<&Arc<Trail>>, work: F) -> F::Output {
    match trail {
        Some(trail) => trail.follow(work).await,
        None => work.await,
    }
}

/// A statement was answered.
pub(crate) fn statement(took: Duration) {
    let _ = TRAIL.try_with(|trail| {
        trail.statements.fetch_add(1, Ordering::Relaxed);
        trail.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    });
}

/// The caller was told of an incident.
pub(crate) fn incident() {
    let _ = TRAIL.try_with(|trail| trail.metrics.incidents.inc());
}
