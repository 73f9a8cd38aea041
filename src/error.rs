//! The one application error. It has no `Display`, so that `?` cannot turn a library's text into an answer.

use sea_orm::{DbErr, RuntimeErr};

use crate::ids::GlobalId;
use crate::refusal::{Reason, Refusal};

pub type Result<T, E = AppError> = std::result::Result<T, E>;

#[derive(Clone, Debug)]
pub enum AppError {
    /// The rules say no: data for the caller.
    Refused(Box<Refusal>),
    /// Nobody is signed in, or the token no longer opens anything.
    Unauthenticated,
    /// The viewer may see the object but not do this with it.
    Forbidden { permission: &'static str, node: Option<GlobalId> },
    /// What does not exist and what may not be seen.
    NotFound,
    /// A malformed argument: a cursor, a page size, a time span.
    BadInput { zh: &'static str, en: &'static str },
    /// Another transaction was in the way: the same work may be tried again.
    Conflict,
    /// Anything else; logged once with its incident id, answered with that id alone.
    Internal(String),
}

impl AppError {
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        AppError::Internal(cause.to_string())
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        AppError::Refused(Box::new(refusal))
    }
}

impl From<Reason> for AppError {
    fn from(reason: Reason) -> Self {
        Refusal::from(reason).into()
    }
}

/// SQLSTATEs of PostgreSQL after which the same transaction may succeed or be refused for a reason: serialisation failure, deadlock, a lock
/// waited for too long, a time that somebody else has taken; and the code of SQLite for the last.
const RETRYABLE: [&str; 5] = ["40001", "40P01", "55P03", "23P01", "1811"];
/// The SQLSTATE of PostgreSQL for a text with a NUL, which it cannot hold.
const UNWRITABLE: &str = "22021";

impl From<DbErr> for AppError {
    fn from(error: DbErr) -> Self {
        if let DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
        | DbErr::Conn(RuntimeErr::SqlxError(cause)) = &error
            && let Some(database) = cause.as_database_error()
        {
            let code = database.code().unwrap_or_default();
            // SQLite's codes are shorter than SQLSTATEs and keep the primary one in the low byte: 5 is busy, 6 locked.
            let busy = code.len() < 5 && code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6));
            if RETRYABLE.contains(&code.as_ref()) || busy {
                return AppError::Conflict;
            }
            if code == UNWRITABLE {
                return AppError::BadInput { zh: "含有不能使用的字符", en: "It holds characters that cannot be used" };
            }
        }
        AppError::internal(error)
    }
}
