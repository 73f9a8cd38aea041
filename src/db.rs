//! The database, and all that differs between SQLite and PostgreSQL.

mod kept;
mod places;

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{Postgres, Sqlite};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    ExecResult, QueryResult, RuntimeErr, SqlErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::error::{AppError, Result};
use crate::telemetry::trail;
use kept::Kept;
use places::Places;

pub use places::Busy;

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

/// The connections: some for single statements, the others for transactions, so that writers who wait for one row leave some to the readers.
#[derive(Clone)]
pub struct Db {
    /// Where transactions begin; one for each turn.
    pool: DatabaseConnection,
    single: Arc<Single>,
    /// SQLite has one writer: waiting in a fair queue here is cheaper than polling a busy file.
    turns: Arc<Places>,
    sent: Arc<Sent>,
}

type Listener = Box<dyn Fn(&Statement) + Send + Sync>;

/// What is known of the statements that were sent.
#[derive(Default)]
struct Sent {
    count: AtomicU64,
    micros: AtomicU64,
    listener: OnceLock<Listener>,
}

impl Sent {
    fn tell(&self, statement: &Statement) {
        self.count.fetch_add(1, Ordering::Relaxed);
        if let Some(listener) = self.listener.get() {
            listener(statement);
        }
    }

    fn took(&self, time: Duration) {
        self.micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        trail::statement(time);
    }

    /// Waits for the answer to a statement; for a connection too.
    async fn time<T>(&self, sending: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let answer = sending.await;
        self.took(began.elapsed());
        answer
    }
}

/// Where single statements run.
enum Single {
    Postgres(Kept<Postgres>),
    Sqlite(Kept<Sqlite>),
}

/// The same call on either kind.
macro_rules! single {
    ($db:expr, $kept:ident => $call:expr) => {
        match &*$db.single {
            Single::Postgres($kept) => $call,
            Single::Sqlite($kept) => $call,
        }
    };
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
        // SQLite runs on the cores of this machine: connections beyond what keeps them busy would only hold memory.
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
        let connections = if sqlite { std::cmp::min(connections, 4 * cores + 1) } else { connections };
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(connections)
            .min_connections(1)
            .acquire_timeout(kept::WAIT)
            // A connection that has rested may have been cut; a busy one is not asked each time, which would cost a round trip.
            .test_before_acquire_if_idle_for(kept::RESTED)
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(move |options| {
                options
                    .create_if_missing(create)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(10))
                    .pragma("cache_size", "-4000")
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
        let sent = Arc::<Sent>::default();
        let within = sent.clone();
        pool.set_metric_callback(move |info| {
            within.tell(info.statement);
            within.took(info.elapsed);
        });
        let turns = if sqlite { 1 } else { connections / 2 };
        let places = connections - turns;
        let single = if sqlite {
            Single::Sqlite(Kept::new(pool.get_sqlite_connection_pool().clone(), places))
        } else {
            Single::Postgres(Kept::new(pool.get_postgres_connection_pool().clone(), places))
        };
        Ok(Db { pool, single: Arc::new(single), turns: Arc::new(Places::new(turns as usize)), sent })
    }

    /// Closes the connections; SQLite then writes its log into the file. One that is still in use is not waited for long.
    pub async fn close(&self) {
        let all = async {
            single!(self, kept => kept.close().await);
            self.pool.close_by_ref().await
        };
        match tokio::time::timeout(FAREWELL, all).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the connections to the database did not close"),
            Err(_) => tracing::warn!("some connections to the database are still in use"),
        }
    }

    pub fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    pub fn is_postgres(&self) -> bool {
        matches!(*self.single, Single::Postgres(_))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> std::result::Result<(), DbErr> {
        single!(self, kept => kept.ping().await)
    }

    /// How many statements have been sent so far, for tests and metrics.
    pub fn statements(&self) -> u64 {
        self.sent.count.load(Ordering::Relaxed)
    }

    /// How long they took so far, all together.
    pub fn statement_time(&self) -> Duration {
        Duration::from_micros(self.sent.micros.load(Ordering::Relaxed))
    }

    /// How busy it is with single statements and with transactions.
    pub fn busy(&self) -> [(&'static str, Busy); 2] {
        [("statement", single!(self, kept => kept.busy())), ("transaction", self.turns.busy())]
    }

    /// Lets a listener, the first one, hear of every statement that is sent.
    pub fn listen(&self, listener: impl Fn(&Statement) + Send + Sync + 'static) {
        let _ = self.sent.listener.set(Box::new(listener));
    }

    /// Begins a transaction that will write: immediate on SQLite, so that it never fails half-way for want of the lock.
    pub(crate) async fn begin(&self) -> Result<(DatabaseTransaction, Turn)> {
        let turn = self.turn().await?;
        Ok((self.pool.begin_with_options(writing()).await?, turn))
    }

    async fn turn(&self) -> Result<Turn> {
        self.turns.take().await.map_err(AppError::internal)
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

#[async_trait::async_trait]
impl ConnectionTrait for Db {
    fn get_database_backend(&self) -> DbBackend {
        if self.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite }
    }

    async fn execute_raw(&self, statement: Statement) -> std::result::Result<ExecResult, DbErr> {
        self.sent.tell(&statement);
        self.sent.time(async { single!(self, kept => kept.execute(statement).await) }).await
    }

    async fn execute_unprepared(&self, sql: &str) -> std::result::Result<ExecResult, DbErr> {
        single!(self, kept => kept.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> std::result::Result<Option<QueryResult>, DbErr> {
        self.sent.tell(&statement);
        self.sent.time(async { single!(self, kept => kept.one(statement).await) }).await
    }

    async fn query_all_raw(&self, statement: Statement) -> std::result::Result<Vec<QueryResult>, DbErr> {
        self.sent.tell(&statement);
        self.sent.time(async { single!(self, kept => kept.all(statement).await) }).await
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

#[async_trait::async_trait]
impl ConnectionTrait for Conn {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Conn::Pool(db) => db.get_database_backend(),
            Conn::Within(transaction) => transaction.get_database_backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> std::result::Result<ExecResult, DbErr> {
        match self {
            Conn::Pool(db) => db.execute_raw(statement).await,
            Conn::Within(transaction) => transaction.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> std::result::Result<ExecResult, DbErr> {
        match self {
            Conn::Pool(db) => db.execute_unprepared(sql).await,
            Conn::Within(transaction) => transaction.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> std::result::Result<Option<QueryResult>, DbErr> {
        match self {
            Conn::Pool(db) => db.query_one_raw(statement).await,
            Conn::Within(transaction) => transaction.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> std::result::Result<Vec<QueryResult>, DbErr> {
        match self {
            Conn::Pool(db) => db.query_all_raw(statement).await,
            Conn::Within(transaction) => transaction.query_all_raw(statement).await,
        }
    }
}

/// Whether a column holds one of some values of an enumeration. They stand in the text of the statement: a plan that is made once for all
/// values would take a state that nearly all rows are in for a rare one.
pub fn is_one_of<E: ActiveEnum<Value = String>>(column: impl ColumnTrait, values: impl IntoIterator<Item = E>) -> SimpleExpr {
    let values = values.into_iter().map(|value| Expr::cust(format!("'{}'", value.to_value())));
    Expr::col(column.as_column_ref()).is_in(values)
}

/// Keys for a list in a statement, filled up with the key of nothing: lists of a few lengths are statements of a few texts, which the database
/// has planned already.
pub fn padded(keys: impl IntoIterator<Item = Uuid>) -> Vec<Uuid> {
    let mut keys: Vec<Uuid> = keys.into_iter().collect();
    keys.resize(keys.len().next_power_of_two(), Uuid::nil());
    keys
}

/// A row of a list.
pub trait Row: Sized {
    fn read(row: &QueryResult) -> std::result::Result<Self, DbErr>;
}

/// Says how the rows of a list are read: by the names of their columns, or, where lists of them are long and read all the time, column by
/// column in the order in which the entity declares them.
macro_rules! row {
    ($model:ty) => {
        impl $crate::db::Row for $model {
            fn read(row: &sea_orm::QueryResult) -> Result<Self, sea_orm::DbErr> {
                sea_orm::FromQueryResult::from_query_result(row, "")
            }
        }
    };
    ($model:ty { $($field:ident),* $(,)? }) => {
        impl $crate::db::Row for $model {
            fn read(row: &sea_orm::QueryResult) -> Result<Self, sea_orm::DbErr> {
                debug_assert!(row.column_names().iter().zip([$(stringify!($field)),*]).all(|(column, field)| column == field));
                let mut places = 0..;
                $(let $field = row.try_get_by_index(places.next().unwrap_or_default())?;)*
                Ok(Self { $($field),* })
            }
        }
    };
}
pub(crate) use row;

/// Turns a violated unique constraint into the refusal that it stands for.
pub fn or_taken<T>(result: std::result::Result<T, DbErr>, refusal: impl FnOnce() -> crate::refusal::Refusal) -> Result<T> {
    result.map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => refusal().into(),
        _ => AppError::from(error),
    })
}
