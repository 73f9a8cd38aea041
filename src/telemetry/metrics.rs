//! What is counted while the service runs, for Prometheus. Labels take few values, all of them known here: no account, unit, id or operation
//! name, of which callers make as many as they like.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::error::{AppError, Result};
use crate::graphql::errors::CODES;
use crate::ids::NodeKind;
use crate::refusal::Reason;

/// What a request that was answered without an error is counted as.
pub const OK: &str = "OK";
/// A request that was refused before it was known what it asks for.
pub const UNKNOWN: &str = "unknown";

/// From a read out of memory to the longest that a request may take by default.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 20.0];
/// Up to the limit on one request.
const COSTS: [f64; 10] = [1.0, 10.0, 50.0, 100.0, 500.0, 1_000.0, 5_000.0, 10_000.0, 20_000.0, 50_000.0];

/// One label; the values of all are known here.
pub type Label = [(&'static str, &'static str); 1];
type Seconds = Gauge<f64, AtomicU64>;
type Distribution = Family<Label, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    status: u16,
}

#[derive(Debug)]
pub struct Metrics {
    pub started: DateTime<Utc>,
    began: Instant,
    requests: Family<Asked, Counter>,
    durations: Distribution,
    costs: Distribution,
    responses: Family<Answered, Counter>,
    pub(super) incidents: Counter,
    changes: Family<Label, Counter>,
    feed_lag: Seconds,
    sign_ins: Family<Label, Counter>,
    deadline_steps: Family<Label, Counter>,
    upkeep_durations: Family<Label, Seconds>,
    upkeep_successes: Family<Label, Seconds>,
    upkeep_failures: Family<Label, Counter>,
}

impl Metrics {
    pub fn new(started: DateTime<Utc>) -> Metrics {
        let metrics = Metrics {
            started,
            began: Instant::now(),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            costs: Family::new_with_constructor(|| Histogram::new(COSTS)),
            responses: Family::default(),
            incidents: Counter::default(),
            changes: Family::default(),
            feed_lag: Gauge::default(),
            sign_ins: Family::default(),
            deadline_steps: Family::default(),
            upkeep_durations: Family::default(),
            upkeep_successes: Family::default(),
            upkeep_failures: Family::default(),
        };
        // A rate over what appears with its first event misses that event.
        for operation in ["query", "mutation", "subscription"] {
            for outcome in [OK, "INTERNAL"] {
                drop(metrics.requests.get_or_create(&Asked { operation, outcome }));
            }
        }
        for outcome in ["succeeded", "failed", "locked_out"] {
            drop(metrics.sign_ins.get_or_create(&[("outcome", outcome)]));
        }
        for outcome in ["taken", "failed"] {
            drop(metrics.deadline_steps.get_or_create(&[("outcome", outcome)]));
        }
        metrics
    }

    pub fn uptime(&self) -> Duration {
        self.began.elapsed()
    }

    /// A request was answered by a code, [`OK`] where it has none.
    pub fn asked(&self, operation: &'static str, code: &str) {
        let known = CODES.iter().map(|(known, _)| *known).chain([OK]).find(|known| *known == code);
        self.requests.get_or_create(&Asked { operation, outcome: known.unwrap_or("OTHER") }).inc();
    }

    /// What a query or a mutation took.
    pub fn took(&self, operation: &'static str, time: Duration, cost: u64) {
        self.durations.get_or_create(&[("operation", operation)]).observe(time.as_secs_f64());
        self.costs.get_or_create(&[("operation", operation)]).observe(cost as f64);
    }

    pub fn answered(&self, route: &'static str, status: u16) {
        self.responses.get_or_create(&Answered { route, status }).inc();
    }

    pub fn changed(&self, kinds: impl IntoIterator<Item = NodeKind>) {
        for kind in kinds {
            self.changes.get_or_create(&[("object", kind.prefix())]).inc();
        }
    }

    pub fn feed_lags(&self, lag: Duration) {
        self.feed_lag.set(lag.as_secs_f64());
    }

    /// Somebody named a login and a password; a fault of ours is neither right nor wrong.
    pub fn signed_in<T>(&self, outcome: &Result<T>) {
        let outcome = match outcome {
            Ok(_) => "succeeded",
            Err(AppError::Refused(refusal)) if matches!(refusal.reason, Reason::LockedOut { .. }) => "locked_out",
            Err(AppError::Refused(_)) => "failed",
            Err(_) => return,
        };
        self.sign_ins.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub fn stepped(&self, taken: bool) {
        self.deadline_steps.get_or_create(&[("outcome", if taken { "taken" } else { "failed" })]).inc();
    }

    /// From now on the steps of the upkeep are waited for: one that never succeeds is as late as the service is old.
    pub fn upkeep_begins(&self, steps: &[&'static str], now: DateTime<Utc>) {
        for step in steps {
            self.upkeep_successes.get_or_create(&[("step", *step)]).set(seconds(now));
            drop(self.upkeep_failures.get_or_create(&[("step", *step)]));
        }
    }

    pub fn upkept(&self, step: &'static str, well: bool, took: Duration, now: DateTime<Utc>) {
        self.upkeep_durations.get_or_create(&[("step", step)]).set(took.as_secs_f64());
        if well {
            self.upkeep_successes.get_or_create(&[("step", step)]).set(seconds(now));
        } else {
            self.upkeep_failures.get_or_create(&[("step", step)]).inc();
        }
    }

    /// Puts all of them into a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "requests",
            "GraphQL operations, by what they ask for and the code that they were answered with",
            self.requests.clone(),
        );
        registry.register("request_duration_seconds", "How long queries and mutations ran", self.durations.clone());
        registry.register("request_cost", "The static cost of queries and mutations", self.costs.clone());
        registry.register("http_responses", "Answers over HTTP, by path and status; health is not counted", self.responses.clone());
        registry.register("incidents", "Internal errors that callers were told of", self.incidents.clone());
        registry.register("changes", "Changes written to the journal, by the kind of object", self.changes.clone());
        let help = "How long the oldest change that is not given to readers yet has waited";
        registry.register("feed_lag_seconds", help, self.feed_lag.clone());
        registry.register("sign_ins", "Sign-ins, by outcome", self.sign_ins.clone());
        registry.register("deadline_steps", "Due steps, by outcome", self.deadline_steps.clone());
        let help = "How long each step of the upkeep took when it last ran";
        registry.register("upkeep_duration_seconds", help, self.upkeep_durations.clone());
        let help = "When each step of the upkeep last succeeded, or else when the service began";
        registry.register("upkeep_last_success_timestamp_seconds", help, self.upkeep_successes.clone());
        registry.register("upkeep_failures", "Steps of the upkeep that failed", self.upkeep_failures.clone());
    }
}

/// Seconds since 1970.
pub fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}
