//! Settings: by command line, by `ALLIANCE_*` environment, by file, in this order; each with its default.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::{Args, Command};

/// What an operator can change. The help text of each is its documentation.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// A TOML file with any of these settings, named as on the command line, without the dashes in front
    #[arg(long, env = "ALLIANCE_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// The database: sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, env = "ALLIANCE_DATABASE_URL", hide_env_values = true, value_parser = database_url, global = true)]
    pub database_url: Option<String>,
    /// A file that holds the database URL, for secrets that come as files
    #[arg(long, env = "ALLIANCE_DATABASE_URL_FILE", global = true)]
    pub database_url_file: Option<PathBuf>,
    /// The key file; by default alliance.key beside the SQLite file, or in the working folder for PostgreSQL
    #[arg(long, env = "ALLIANCE_KEY_FILE", global = true)]
    pub key_file: Option<PathBuf>,
    /// Where to listen: address and port
    #[arg(long, env = "ALLIANCE_LISTEN", default_value = "127.0.0.1:8080", global = true)]
    pub listen: SocketAddr,
    /// How many connections to the database an instance keeps at most
    #[arg(long, env = "ALLIANCE_CONNECTIONS", default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=500), global = true)]
    pub connections: u32,
    /// The issuer written into access tokens and expected in them
    #[arg(long, env = "ALLIANCE_ISSUER", default_value = "alliance", global = true)]
    pub issuer: String,
    /// How often due deadlines are looked for, in seconds
    #[arg(long, env = "ALLIANCE_STEP_SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600), global = true)]
    pub step_seconds: u32,
    /// How log lines are written: text or json
    #[arg(long, env = "ALLIANCE_LOG_FORMAT", default_value = "text", value_parser = ["text", "json"], global = true)]
    pub log_format: String,
    /// Whether the street reviews a need before it is published
    #[arg(long, env = "ALLIANCE_REVIEW_NEEDS", default_value_t = true, action = clap::ArgAction::Set, global = true)]
    pub review_needs: bool,
    /// Whether a pledge is reviewed before it is listed
    #[arg(long, env = "ALLIANCE_REVIEW_PLEDGES", default_value_t = true, action = clap::ArgAction::Set, global = true)]
    pub review_pledges: bool,
    /// Working days in which only the units that a need is directed to may claim it
    #[arg(long, env = "ALLIANCE_DIRECTED_DAYS", default_value_t = 5, value_parser = days(), global = true)]
    pub directed_days: u32,
    /// Working days in the open hall before a need goes up to the street
    #[arg(long, env = "ALLIANCE_OPEN_DAYS", default_value_t = 10, value_parser = days(), global = true)]
    pub open_days: u32,
    /// Working days at the street before a need goes up to the district
    #[arg(long, env = "ALLIANCE_STREET_DAYS", default_value_t = 10, value_parser = days(), global = true)]
    pub street_days: u32,
    /// Working days after which an application that nobody answered lapses
    #[arg(long, env = "ALLIANCE_ANSWER_DAYS", default_value_t = 3, value_parser = days(), global = true)]
    pub answer_days: u32,
    /// Working days from the confirmation to the promised day where nobody named one and the need has no due date
    #[arg(long, env = "ALLIANCE_PROMISE_DAYS", default_value_t = 10, value_parser = days(), global = true)]
    pub promise_days: u32,
    /// Working days after the promised day before what is outstanding returns to the hall
    #[arg(long, env = "ALLIANCE_OVERDUE_DAYS", default_value_t = 3, value_parser = days(), global = true)]
    pub overdue_days: u32,
    /// Working days after which a community is reminded of a report that waits
    #[arg(long, env = "ALLIANCE_REMINDER_DAYS", default_value_t = 5, value_parser = days(), global = true)]
    pub reminder_days: u32,
    /// Working days after which evaluations are released and a fulfilled need is closed, rated or not
    #[arg(long, env = "ALLIANCE_EVALUATION_DAYS", default_value_t = 10, value_parser = days(), global = true)]
    pub evaluation_days: u32,
    /// Calendar days after which a pledge that its unit has not confirmed is hidden
    #[arg(long, env = "ALLIANCE_STALE_DAYS", default_value_t = 180, value_parser = clap::value_parser!(u32).range(1..=3650), global = true)]
    pub stale_days: u32,
    /// Failed sign-ins after which a login is locked
    #[arg(long, env = "ALLIANCE_SIGN_IN_ATTEMPTS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100), global = true)]
    pub sign_in_attempts: u32,
    /// How long a login stays locked, in minutes
    #[arg(long, env = "ALLIANCE_LOCK_MINUTES", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1440), global = true)]
    pub lock_minutes: u32,
    /// How long one request may take, in seconds
    #[arg(long, env = "ALLIANCE_REQUEST_SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=300), global = true)]
    pub request_seconds: u32,
    /// The largest request body, in bytes
    #[arg(long, env = "ALLIANCE_BODY_BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(1024..=4_194_304), global = true)]
    pub body_bytes: u32,
}

fn days() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=365)
}

fn database_url(text: &str) -> Result<String, String> {
    if ["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme)) {
        Ok(text.to_owned())
    } else {
        Err("write sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME".to_owned())
    }
}

impl Settings {
    /// The database URL, from the setting or from the file that it names.
    pub fn url(&self) -> Result<String, String> {
        if let Some(url) = &self.database_url {
            return Ok(url.clone());
        }
        let Some(path) = &self.database_url_file else {
            return Err("no database is named: set ALLIANCE_DATABASE_URL to sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME".to_owned());
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("ALLIANCE_DATABASE_URL_FILE names {}, which cannot be read: {error}", path.display()))?;
        database_url(text.trim()).map_err(|remedy| format!("{} holds no database URL: {remedy}", path.display()))
    }

    /// Where the key file of a database is.
    pub fn key_path(&self, url: &str) -> PathBuf {
        match (&self.key_file, sqlite_path(url)) {
            (Some(path), _) => path.clone(),
            (None, Some(database)) => database.with_file_name("alliance.key"),
            (None, None) => PathBuf::from("alliance.key"),
        }
    }
}

/// The file of an SQLite URL.
pub fn sqlite_path(url: &str) -> Option<&Path> {
    Some(Path::new(url.strip_prefix("sqlite://")?.split('?').next()?))
}

/// Puts the values of the settings file in the place of the defaults, so that the environment and the command line still win.
pub fn with_file(mut command: Command, path: &Path) -> Result<Command, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("the settings file {} cannot be read: {error}", path.display()))?;
    let table: toml::Table = text.parse().map_err(|error| format!("the settings file {} is not TOML: {error}", path.display()))?;
    for (name, value) in table {
        let id = name.replace('-', "_");
        if !command.get_arguments().any(|argument| argument.get_id() == id.as_str()) {
            return Err(format!("the settings file {} names “{name}”, which is no setting; schema/settings.md lists them", path.display()));
        }
        let value = match value {
            toml::Value::String(text) => text,
            other => other.to_string(),
        };
        command = command.mut_arg(id, |argument| argument.default_value(value));
    }
    Ok(command)
}

/// A wrong value, said with its name, the value and the remedy.
pub fn explain(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let (argument, value) = (text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
    let flag = argument.split_whitespace().next()?.trim_start_matches("--");
    let name = format!("ALLIANCE_{}", flag.replace('-', "_").to_uppercase());
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let choice = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) if !values.is_empty() => format!(": use {}", values.join(" or ")),
        _ => String::new(),
    };
    Some(format!("{name} (--{flag}) is “{value}”{cause}{choice}"))
}
