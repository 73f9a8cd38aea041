//! Settings: by command line, by `ALLIANCE_*` environment, by file, in this order; each with its default.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::{Args, Command, FromArgMatches};
use ipnet::IpNet;

use crate::auth::outside::Issuers;

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
    #[arg(long, env = "ALLIANCE_LISTEN", default_value = "127.0.0.1:8080", value_parser = address, global = true)]
    pub listen: SocketAddr,
    /// How many connections to the database an instance keeps at most; on SQLite no more than four for each core, and one to write
    #[arg(long, env = "ALLIANCE_CONNECTIONS", default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=500), global = true)]
    pub connections: u32,
    /// The issuer written into access tokens and expected in them
    #[arg(long, env = "ALLIANCE_ISSUER", default_value = "alliance", global = true)]
    pub issuer: String,
    /// A TOML file with the outside issuers (OpenID Connect) whose tokens are taken, and the roles that their claims give
    #[arg(long, env = "ALLIANCE_ISSUERS", value_name = "FILE", value_parser = Issuers::file, global = true)]
    pub issuers: Option<Issuers>,
    /// How often due deadlines are looked for, in seconds
    #[arg(long, env = "ALLIANCE_STEP_SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600), global = true)]
    pub step_seconds: u32,
    /// Which log lines are written: error, warn, info, debug, or by module as in warn,alliance=debug
    #[arg(long, env = "ALLIANCE_LOG", default_value = "info", value_parser = filter, global = true)]
    pub log: String,
    /// How log lines are written: text or json
    #[arg(long, env = "ALLIANCE_LOG_FORMAT", default_value = "text", value_parser = ["text", "json"], global = true)]
    pub log_format: String,
    /// Where Prometheus asks for metrics: address and port of a second listener; absent, there are none
    #[arg(long, env = "ALLIANCE_METRICS_LISTEN", value_parser = address, global = true)]
    pub metrics_listen: Option<SocketAddr>,
    /// The OpenTelemetry collector that traces are sent to by OTLP over HTTP: http://HOST:PORT; absent, there are none
    #[arg(long, env = "ALLIANCE_OTLP_ENDPOINT", value_parser = collector, global = true)]
    pub otlp_endpoint: Option<String>,
    /// Which share of the requests is traced, from 0 to 1; where a trusted proxy has decided, that stands
    #[arg(long, env = "ALLIANCE_TRACE_RATIO", default_value = "0.1", value_parser = ratio, global = true)]
    pub trace_ratio: f64,
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
    /// Working days after which a request to book a zone that nobody answered expires
    #[arg(long, env = "ALLIANCE_BOOKING_DAYS", default_value_t = 2, value_parser = days(), global = true)]
    pub booking_days: u32,
    /// Working days in which a complaint is to be answered, after which it goes up to the street, then to the district
    #[arg(long, env = "ALLIANCE_COMPLAINT_DAYS", default_value_t = 10, value_parser = days(), global = true)]
    pub complaint_days: u32,
    /// Hours for which a time that came free is held for whoever waited for it
    #[arg(long, env = "ALLIANCE_PROMOTION_HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=240), global = true)]
    pub promotion_hours: u32,
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
    /// Whether callers may ask only so much in a minute, on or off; the limits on a single request always hold
    #[arg(long, env = "ALLIANCE_RATE_LIMIT", default_value = "on", value_parser = switch(), action = clap::ArgAction::Set, global = true)]
    pub rate_limit: bool,
    /// Whether the schema may be asked for by introspection, on or off
    #[arg(long, env = "ALLIANCE_INTROSPECTION", default_value = "on", value_parser = switch(), action = clap::ArgAction::Set, global = true)]
    pub introspection: bool,
    /// Whether the explorer at /graphiql and the reference at /reference are served, on or off
    #[arg(long, env = "ALLIANCE_EXPLORER", default_value = "on", value_parser = switch(), action = clap::ArgAction::Set, global = true)]
    pub explorer: bool,
    /// Proxies whose X-Forwarded-For, X-Request-Id and traceparent are believed: addresses or networks, separated by commas
    #[arg(long, env = "ALLIANCE_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network, global = true)]
    pub trusted_proxies: Vec<IpNet>,
    /// Inner networks that webhooks may be sent to, also without TLS: addresses or networks, separated by commas
    #[arg(long, env = "ALLIANCE_WEBHOOK_NETWORKS", value_delimiter = ',', value_parser = network, global = true)]
    pub webhook_networks: Vec<IpNet>,
    /// Hours of failure after which a webhook or a robot is paused
    #[arg(long, env = "ALLIANCE_WEBHOOK_PAUSE_HOURS", default_value_t = 72, value_parser = clap::value_parser!(u32).range(1..=720), global = true)]
    pub webhook_pause_hours: u32,
    /// Where robots of WeCom groups are sent to; another address is for a proxy of the operator's
    #[arg(long, env = "ALLIANCE_ROBOT_URL", default_value = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", global = true)]
    pub robot_url: String,
}

/// A message to whoever runs the program: Chinese first, English below.
pub fn both(zh: impl std::fmt::Display, en: impl std::fmt::Display) -> String {
    format!("{zh}\n{en}")
}

fn switch() -> clap::builder::BoolishValueParser {
    clap::builder::BoolishValueParser::new()
}

fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| "请写作 / write 10.0.0.1 或 / or 10.0.0.0/8".to_owned())
}

fn days() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=365)
}

fn database_url(text: &str) -> Result<String, String> {
    if ["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme)) {
        Ok(text.to_owned())
    } else {
        Err("请写作 / write sqlite://PATH 或 / or postgres://USER:PASSWORD@HOST/NAME".to_owned())
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "请写作 / write 127.0.0.1:8080".to_owned())
}

/// A collector next door: the way to it is not encrypted, and nothing secret stands in its address.
fn collector(text: &str) -> Result<String, String> {
    let address = text.trim_end_matches('/');
    let is_plain = |uri: axum::http::Uri| {
        let authority = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        authority && uri.scheme_str() == Some("http") && uri.query().is_none()
    };
    let valid = address.parse().is_ok_and(is_plain);
    valid.then(|| address.to_owned()).ok_or("请写作 / write http://127.0.0.1:4318".to_owned())
}

fn ratio(text: &str) -> Result<f64, String> {
    let read = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    read.ok_or("请写作 0 至 1 / write 0 to 1".to_owned())
}

fn filter(text: &str) -> Result<String, String> {
    let valid = tracing_subscriber::EnvFilter::try_new(text).is_ok();
    valid.then(|| text.to_owned()).ok_or("请用 / use error, warn, info, debug".to_owned())
}

impl Settings {
    /// The settings that a command line without a command gives, for tests.
    pub fn of(arguments: &[&str]) -> Settings {
        let command = Settings::augment_args(Command::new("alliance").no_binary_name(true));
        let matches = command.get_matches_from(arguments);
        Settings::from_arg_matches(&matches).expect("the matches come from these very arguments")
    }

    /// The database URL, from the setting or from the file that it names.
    pub fn url(&self) -> Result<String, String> {
        if let Some(url) = &self.database_url {
            return Ok(url.clone());
        }
        let Some(path) = &self.database_url_file else {
            return Err(both(
                "未指定数据库：请将 ALLIANCE_DATABASE_URL 设为 sqlite://路径 或 postgres://用户:密码@主机/库名",
                "no database is named: set ALLIANCE_DATABASE_URL to sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME",
            ));
        };
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            both(
                format!("无法读取 ALLIANCE_DATABASE_URL_FILE 所指的 {name}"),
                format!("ALLIANCE_DATABASE_URL_FILE names {name}, which cannot be read: {error}"),
            )
        })?;
        database_url(text.trim()).map_err(|remedy| format!("{name} 中没有数据库地址 / holds no database URL: {remedy}"))
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
    let file = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| both(format!("无法读取配置文件 {file}"), format!("the settings file {file} cannot be read: {error}")))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error| both(format!("配置文件 {file} 不是有效的 TOML"), format!("the settings file {file} is not TOML: {error}")))?;
    for (name, value) in table {
        let id = name.replace('-', "_");
        if !command.get_arguments().any(|argument| argument.get_id() == id.as_str()) {
            return Err(both(
                format!("配置文件 {file} 中的“{name}”不是配置项，全部配置项见 schema/settings.md"),
                format!("the settings file {file} names “{name}”, which is no setting; schema/settings.md lists them"),
            ));
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
    let settings = Settings::augment_args(Command::new("alliance"));
    let name = match settings.get_arguments().find(|known| known.get_long() == Some(flag)) {
        Some(_) => format!("ALLIANCE_{} (--{flag})", flag.replace('-', "_").to_uppercase()),
        None => format!("--{flag}"),
    };
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let choice = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) if !values.is_empty() => format!(": 请用 / use {}", values.join(", ")),
        _ => String::new(),
    };
    // A database URL holds a password: its scheme is enough to see what is wrong.
    let value = match value.split_once("://") {
        Some((scheme, _)) if flag == "database-url" => format!("{scheme}://…"),
        None if flag == "database-url" => "…".to_owned(),
        _ if flag == "otlp-endpoint" && value.contains('@') => "…".to_owned(),
        _ => value,
    };
    Some(format!("取值有误 / wrong value: {name} = “{value}”{cause}{choice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Settings::augment_args(Command::new("alliance"))
    }

    #[test]
    fn the_command_line_wins_over_the_file_and_the_file_over_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alliance.toml");
        std::fs::write(&path, "answer-days = 7\nopen-days = 8\nreview-needs = false\n").unwrap();
        let matches = with_file(command(), &path).unwrap().get_matches_from(["alliance", "--open-days", "9"]);
        let settings = Settings::from_arg_matches(&matches).unwrap();
        assert_eq!((settings.answer_days, settings.open_days, settings.directed_days), (7, 9, 5));
        assert!(!settings.review_needs);
        std::fs::write(&path, "anser-days = 7\n").unwrap();
        assert!(with_file(command(), &path).unwrap_err().contains("anser-days"));
    }

    #[test]
    fn a_wrong_value_is_named_with_its_remedy_and_no_password_is_shown() {
        let explained = |arguments: &[&str]| explain(&command().try_get_matches_from(arguments).unwrap_err()).unwrap();
        let text = explained(&["alliance", "--log-format", "xml"]);
        assert!(text.contains("ALLIANCE_LOG_FORMAT") && text.contains("xml") && text.contains("json"), "{text}");
        for wrong in ["https://collector:4318", "collector:4318", "http://name:geheim@collector", "http://", "http://a/?b=c"] {
            let text = explained(&["alliance", "--otlp-endpoint", wrong]);
            assert!(text.contains("ALLIANCE_OTLP_ENDPOINT") && text.contains("http://127.0.0.1:4318"), "{text}");
            assert!(!text.contains("geheim"), "{text}");
        }
        let text = explained(&["alliance", "--trace-ratio", "1.5"]);
        assert!(text.contains("ALLIANCE_TRACE_RATIO") && text.contains("0 to 1"), "{text}");
        let text = explained(&["alliance", "--answer-days", "0"]);
        assert!(text.contains("ALLIANCE_ANSWER_DAYS") && text.contains("1..=365"), "{text}");
        let text = explained(&["alliance", "--database-url", "mysql://root:geheim@host/db"]);
        assert!(text.contains("mysql://…") && !text.contains("geheim"), "{text}");
    }
}
