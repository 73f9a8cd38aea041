//! The database, and all that differs between SQLite and PostgreSQL.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, DbErr, SqlErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::{AppError, Result};

/// The pool, and the turn to write.
#[derive(Clone)]
pub struct Db {
    pool: DatabaseConnection,
    /// SQLite has one writer: waiting in a fair queue here is cheaper than polling a busy file, and leaves connections to the readers.
    turn: Option<Arc<Mutex<()>>>,
    statements: Arc<AtomicU64>,
}

impl Db {
    /// Connects to `sqlite://PATH` or `postgres://…`; `create` makes a missing SQLite file.
    pub async fn connect(url: &str, connections: u32, create: bool) -> std::result::Result<Db, DbErr> {
        let sqlite = url.starts_with("sqlite:");
        if sqlite {
            SqliteConnectOptions::from_str(url).map_err(|error| DbErr::Custom(error.to_string()))?;
        }
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(connections)
            .min_connections(1)
            .acquire_timeout(Duration::from_secs(10))
            // A connection that has rested may have been cut; a busy one is not asked each time, which would cost a round trip.
            .test_before_acquire_if_idle_for(Duration::from_secs(2))
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(move |options| {
                options
                    .create_if_missing(create)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(10))
                    .pragma("cache_size", "-16000")
            });
        let mut pool = Database::connect(options).await?;
        let statements = Arc::new(AtomicU64::new(0));
        let counter = statements.clone();
        pool.set_metric_callback(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        Ok(Db { pool, turn: sqlite.then(Arc::default), statements })
    }

    pub fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    pub fn is_postgres(&self) -> bool {
        self.pool.get_database_backend() == DbBackend::Postgres
    }

    /// How many statements have been sent so far, for tests and metrics.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Begins a transaction that will write: immediate on SQLite, so that it never fails half-way for want of the lock.
    pub(crate) async fn begin(&self) -> Result<(DatabaseTransaction, Option<OwnedMutexGuard<()>>)> {
        let turn = match &self.turn {
            Some(turn) => Some(turn.clone().lock_owned().await),
            None => None,
        };
        let options = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
        Ok((self.pool.begin_with_options(options).await?, turn))
    }
}

/// Where to read and write: the pool, or within a transaction that is under way, of a dry run or of a batch.
#[derive(Clone)]
pub enum Conn {
    Pool(Db),
    Within(Arc<DatabaseTransaction>),
}

impl Conn {
    pub fn get(&self) -> DatabaseExecutor<'_> {
        match self {
            Conn::Pool(db) => DatabaseExecutor::Connection(&db.pool),
            Conn::Within(transaction) => DatabaseExecutor::Transaction(transaction),
        }
    }
}

/// Turns a violated unique constraint into the refusal that it stands for.
pub fn or_taken<T>(result: std::result::Result<T, DbErr>, refusal: impl FnOnce() -> crate::refusal::Refusal) -> Result<T> {
    result.map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => refusal().into(),
        _ => AppError::from(error),
    })
}
