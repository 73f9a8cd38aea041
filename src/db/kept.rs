//! Connections kept in hand for single statements.
//!
//! The pool asks each connection that is given back whether it still answers: a round trip and a task for every statement. A connection that
//! has just answered a statement to its end need not be asked, so these are not given back; what failed, or was dropped half-way, is, and the
//! pool then finds out.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, Connection, Database, Executor, IntoArguments, Pool};
use sea_orm::{ConnAcquireErr, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;

use super::places::{Busy, Places};

/// How long a statement waits for a connection.
pub(super) const WAIT: Duration = Duration::from_secs(10);
/// A connection that has rested so long may have been cut.
pub(super) const RESTED: Duration = Duration::from_secs(2);

pub(super) struct Kept<DB: Database> {
    pool: Pool<DB>,
    places: Places,
    idle: Mutex<Vec<(Instant, PoolConnection<DB>)>>,
}

impl<DB: Database> Kept<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    SqlxValues: IntoArguments<DB>,
    QueryResult: From<DB::Row>,
    ExecResult: From<DB::QueryResult>,
{
    pub(super) fn new(pool: Pool<DB>, places: u32) -> Self {
        Kept { pool, places: Places::new(places as usize), idle: Mutex::default() }
    }

    pub(super) async fn all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let rows = self.run(async |connection| query(statement).fetch_all(connection).await);
        Ok(rows.await?.into_iter().map(QueryResult::from).collect())
    }

    pub(super) async fn one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.run(async |connection| query(statement).fetch_optional(connection).await).await?.map(QueryResult::from))
    }

    pub(super) async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        Ok(self.run(async |connection| query(statement).execute(connection).await).await?.into())
    }

    pub(super) async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        Ok(self.run(async |connection| connection.execute(sqlx::AssertSqlSafe(sql)).await).await?.into())
    }

    pub(super) async fn ping(&self) -> Result<(), DbErr> {
        self.run(async |connection| connection.ping().await).await
    }

    async fn run<T>(&self, work: impl AsyncFnOnce(&mut DB::Connection) -> Result<T, sqlx::Error>) -> Result<T, DbErr> {
        let _place = match tokio::time::timeout(WAIT, self.places.take()).await {
            Ok(place) => place.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))?,
            Err(_) => return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
        };
        let mut connection = self.take().await.map_err(|error| match error {
            sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
            other => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(other))),
        })?;
        let done = work(&mut connection).await;
        let mut idle = self.idle.lock().expect("no panic under this lock");
        match done {
            Ok(value) => {
                if !self.places.is_closed() {
                    idle.push((Instant::now(), connection));
                }
                Ok(value)
            }
            Err(error) => {
                // The others were cut with it.
                if is_cut(&error) {
                    idle.clear();
                }
                Err(DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
            }
        }
    }

    async fn take(&self) -> Result<PoolConnection<DB>, sqlx::Error> {
        loop {
            let idle = self.idle.lock().expect("no panic under this lock").pop();
            let Some((since, mut connection)) = idle else { return self.pool.acquire().await };
            if since.elapsed() < RESTED || connection.ping().await.is_ok() {
                return Ok(connection);
            }
        }
    }

    pub(super) fn busy(&self) -> Busy {
        self.places.busy()
    }

    /// Closes them. Given back to a pool that closes, one that is being asked whether it still answers would be left open.
    pub(super) async fn close(&self) {
        self.places.close();
        let idle = std::mem::take(&mut *self.idle.lock().expect("no panic under this lock"));
        for (_, connection) in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a connection to the database did not close");
            }
        }
    }
}

/// Whether the database has gone away, or said that it is going.
fn is_cut(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(_)) || error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "57P01")
}

fn query<DB: Database>(statement: Statement) -> sqlx::query::Query<'static, DB, SqlxValues>
where
    SqlxValues: IntoArguments<DB>,
{
    let values = statement.values.unwrap_or_else(|| sea_orm::Values(Vec::new()));
    sqlx::query_with(sqlx::AssertSqlSafe(statement.sql), SqlxValues(values))
}
