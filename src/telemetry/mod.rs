//! What can be known of the service while it runs: its log, its metrics, its traces. In all of them are operation names, ids and durations;
//! never variables, phones, names or tokens.

pub mod metrics;
pub mod traces;
pub mod trail;

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Settings;

/// Starts the log, on standard error, and sends panics to it.
pub fn start(settings: &Settings) -> Result<(), String> {
    let log = log(settings, std::io::stderr().is_terminal(), std::io::stderr);
    log.try_init().map_err(|error| error.to_string())?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let cause = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, cause, "panic");
    }));
    Ok(())
}

/// The log as the settings want it. A line of a request bears its id.
pub fn log<W>(settings: &Settings, ansi: bool, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::new(format!("sqlx=warn,sea_orm_migration=warn,{}", settings.log));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(ansi).with_writer(writer);
    // A request is one span, and those before it are none of its business.
    if settings.log_format == "json" { Box::new(log.json().with_span_list(false).finish()) } else { Box::new(log.finish()) }
}
