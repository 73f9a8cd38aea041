//! The database, and all that differs between SQLite and PostgreSQL.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, DbErr, RuntimeErr, SqlErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{AppError, Result};

/// How long a statement on PostgreSQL waits for a lock. Then it is a conflict, and its transaction is tried again with nothing in its hands.
const LOCK_WAIT: &str = "5s";
/// After so long without a word from its client PostgreSQL ends a transaction, whose locks nobody would give back.
const SILENCE: &str = "60s";
/// How long a statement on PostgreSQL runs at most, where nobody says otherwise.
const LONGEST: Duration = Duration::from_secs(25);

/// How long connections in use are waited for at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// How often, and for how long, what another transaction got in the way of is tried again.
const ATTEMPTS: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(15);

/// The pool, and the turns to write.
#[derive(Clone)]
pub struct Db {
    pool: DatabaseConnection,
    /// SQLite has one writer: waiting in a fair queue here is cheaper than polling a busy file, and leaves connections to the readers. On
    /// PostgreSQL there are fewer turns than connections, so that writers who wait for one row leave some to the readers too.
    turns: Arc<Semaphore>,
    statements: Arc<AtomicU64>,
}

/// The right to write, given back when it is dropped.
pub(crate) type Turn = OwnedSemaphorePermit;

impl Db {
    /// Connects to `sqlite://PATH` or `postgres://…`; `create` makes a missing SQLite file.
    pub async fn connect(url: &str, connections: u32, create: bool) -> std::result::Result<Db, DbErr> {
        Db::connect_for(url, connections, create, LONGEST).await
    }

    /// The same with the time that a statement on PostgreSQL may take.
    pub async fn connect_for(url: &str, connections: u32, create: bool, longest: Duration) -> std::result::Result<Db, DbErr> {
        let sqlite = url.starts_with("sqlite:");
        if sqlite {
            SqliteConnectOptions::from_str(url).map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
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
            })
            .map_sqlx_postgres_opts(move |options| {
                let longest = format!("{}s", longest.as_secs());
                let ours = [
                    ("lock_timeout", LOCK_WAIT),
                    ("statement_timeout", longest.as_str()),
                    ("idle_in_transaction_session_timeout", SILENCE),
                ];
                // What the operator says in the URL stays.
                let said = options.get_options().unwrap_or_default().to_owned();
                options.options(ours.into_iter().filter(|(name, _)| !said.contains(name)))
            });
        let mut pool = Database::connect(options).await?;
        let statements = Arc::new(AtomicU64::new(0));
        let counter = statements.clone();
        pool.set_metric_callback(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let turns = if sqlite { 1 } else { connections.saturating_sub((connections / 4).max(2)).max(1) };
        Ok(Db { pool, turns: Arc::new(Semaphore::new(turns as usize)), statements })
    }

    /// Closes the connections; SQLite then writes its log into the file. One that is still in use is not waited for long.
    pub async fn close(&self) {
        match tokio::time::timeout(FAREWELL, self.pool.close_by_ref()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the connections to the database did not close"),
            Err(_) => tracing::warn!("some connections to the database are still in use"),
        }
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
    pub(crate) async fn begin(&self) -> Result<(DatabaseTransaction, Turn)> {
        let turn = self.turn().await?;
        Ok((self.pool.begin_with_options(writing()).await?, turn))
    }

    async fn turn(&self) -> Result<Turn> {
        self.turns.clone().acquire_owned().await.map_err(AppError::internal)
    }

    /// Runs a statement that writes by itself, on the pool: in its turn like a transaction, and again where another was in the way.
    pub(crate) async fn write_one<T, Fut>(&self, write: impl Fn() -> Fut) -> Result<T>
    where
        Fut: Future<Output = Result<T>>,
    {
        insist(|| async {
            let _turn = self.turn().await?;
            write().await
        })
        .await
    }
}

/// How a transaction that will write begins.
pub(crate) fn writing() -> TransactionOptions {
    TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() }
}

/// Tries again what another transaction got in the way of.
pub(crate) async fn insist<T, Fut>(attempt: impl Fn() -> Fut) -> Result<T>
where
    Fut: Future<Output = Result<T>>,
{
    let started = Instant::now();
    for tried in 1.. {
        match attempt().await {
            Err(AppError::Conflict) if tried < ATTEMPTS && started.elapsed() < PATIENCE => {
                let pause = 2u64.pow(tried) + u64::from(rand::random::<u8>() % 8);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            Err(AppError::Conflict) => break,
            outcome => return outcome,
        }
    }
    Err(AppError::internal("a transaction met conflicts at every attempt"))
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
