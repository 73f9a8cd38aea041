//! The log: operation names, ids and durations; never variables, phones, names or tokens.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::Settings;

/// Starts the log, on standard error, and sends panics to it.
pub fn start(settings: &Settings) -> Result<(), String> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("sqlx=warn,sea_orm_migration=warn,{}", settings.log)))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = if settings.log_format == "json" { log.json().try_init() } else { log.try_init() };
    started.map_err(|error| error.to_string())?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let cause = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, cause, "panic");
    }));
    Ok(())
}
