//! How an application error is answered: a code, a message in the reader's language, nothing of the inside.

use async_graphql::{Error, ErrorExtensions};

use crate::error::AppError;
use crate::ids::new_key;
use crate::lang::Lang;
use crate::telemetry::trail;

tokio::task_local! {
    /// The language of the request under way, for errors that resolvers raise with `?`.
    pub static LANG: Lang;
}

/// Codes of top-level errors, with their meaning, for the documentation.
pub const CODES: &[(&str, &str)] = &[
    ("UNAUTHENTICATED", "Nobody is signed in, or the token is not good any more: sign in or refresh, then send the request again."),
    ("FORBIDDEN", "The viewer may see the object but lacks the permission that `extensions.permission` names."),
    ("NOT_FOUND", "The id names nothing that the viewer may see."),
    ("BAD_USER_INPUT", "An argument or variable is malformed; the message says which rule it breaks."),
    ("LIMIT_EXCEEDED", "The document is too large, too deep or too costly; `extensions.limit` names the limit."),
    ("RATE_LIMITED", "Too many requests; try again after `extensions.retryAfter` seconds."),
    ("GRAPHQL_PARSE_FAILED", "The document is not GraphQL."),
    ("GRAPHQL_VALIDATION_FAILED", "The document does not fit the schema."),
    ("PERSISTED_QUERY_NOT_FOUND", "The persisted operation is unknown here, or not one of the client's own; send it in full."),
    ("INTERNAL", "A fault of the service; `extensions.incident` identifies it in the log. The same request may be sent again."),
];

impl From<AppError> for Error {
    fn from(error: AppError) -> Self {
        let lang = LANG.try_with(|lang| *lang).unwrap_or_default();
        answer(error, lang)
    }
}

pub fn answer(error: AppError, lang: Lang) -> Error {
    let (code, message) = match &error {
        AppError::Refused(refusal) => ("BAD_USER_INPUT", refusal.reason.message(lang)),
        AppError::Unauthenticated => ("UNAUTHENTICATED", lang.pick("请先登录", "Sign in first").to_owned()),
        AppError::Forbidden { .. } => ("FORBIDDEN", lang.pick("您没有此项权限", "You lack the permission for this").to_owned()),
        AppError::NotFound => ("NOT_FOUND", lang.pick("没有找到", "Not found").to_owned()),
        AppError::BadInput { zh, en } => ("BAD_USER_INPUT", lang.pick(*zh, *en).to_owned()),
        AppError::Conflict | AppError::Internal(_) => {
            ("INTERNAL", lang.pick("服务出现故障，请稍后再试", "The service failed; try again later").to_owned())
        }
    };
    let incident = (code == "INTERNAL").then(|| log(&error));
    Error::new(message).extend_with(|_, extensions| {
        extensions.set("code", code);
        if let AppError::Forbidden { permission, .. } = &error {
            extensions.set("permission", *permission);
        }
        if let Some(incident) = incident {
            extensions.set("incident", incident);
        }
    })
}

/// Writes a failure to the log, once, and gives the id that the caller is told.
#[expect(clippy::disallowed_methods, reason = "an incident id is no record: it needs no test clock")]
fn log(error: &AppError) -> String {
    let incident = new_key(chrono::Utc::now()).simple().to_string();
    let cause = match error {
        AppError::Internal(cause) => cause.as_str(),
        _ => "conflict",
    };
    trail::incident();
    tracing::error!(incident, cause, "internal error");
    incident
}
