//! One transaction a mutation: check, write, journal and idempotency key together, or nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Capacity, Permission, Permit, Scope, Viewer};
use crate::calendar::{Calendar, shanghai_day};
use crate::db::{Conn, insist};
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, new_key};
use crate::journal::Entry;
use crate::memory::{self, Memory};
use crate::refusal::{Warning, WarningCode};

/// A transaction under way: who acts, when, and what is to be journalled when it commits. Cheap to clone.
#[derive(Clone)]
pub struct Work(Arc<Inner>);

struct Inner {
    app: App,
    viewer: Viewer,
    now: DateTime<Utc>,
    calendar: Arc<Calendar>,
    transaction: DatabaseTransaction,
    entries: Mutex<Vec<Entry>>,
    warnings: Mutex<Vec<Warning>>,
    forgets: AtomicBool,
}

impl Work {
    pub fn app(&self) -> &App {
        &self.0.app
    }

    pub fn viewer(&self) -> &Viewer {
        &self.0.viewer
    }

    /// One instant for the whole transaction.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.now
    }

    /// The calendar day of `now` in Asia/Shanghai.
    pub fn today(&self) -> NaiveDate {
        shanghai_day(self.0.now)
    }

    pub fn new_key(&self) -> Uuid {
        new_key(self.0.now)
    }

    /// For reading and locking. Writing takes a [`Permit`].
    pub fn read(&self) -> &DatabaseTransaction {
        &self.0.transaction
    }

    /// Asks the permission table; the answer is the right to write.
    pub fn permit(&self, permission: Permission, scope: &Scope, node: Option<GlobalId>) -> Result<Permit> {
        match self.0.viewer.granted(permission, scope) {
            Some(capacity) => Ok(Permit::new(self.clone(), capacity)),
            None => Err(self.0.viewer.lacks(permission, node)),
        }
    }

    /// The right to write what is the account's own and nobody else's.
    pub fn own(&self) -> Result<Permit> {
        let account = self.viewer().account_id().ok_or(AppError::Unauthenticated)?;
        Ok(Permit::new(self.clone(), Capacity { account: Some(account), role: None, on_behalf: false }))
    }

    pub fn warn(&self, code: WarningCode, path: &[&'static str], related: Vec<GlobalId>) {
        self.0.warnings.lock().expect("no panic under this lock").push(Warning { code, path: path.to_vec(), related });
    }

    /// The end of the nth working day after today; warns where no holiday table covers it.
    pub fn working_days(&self, days: u32) -> DateTime<Utc> {
        let deadline = self.0.calendar.deadline(self.0.now, days);
        if !self.0.calendar.covers(shanghai_day(deadline - chrono::Duration::seconds(1))) {
            let known = self.0.warnings.lock().expect("no panic under this lock").iter().any(|w| w.code == WarningCode::HolidaysUnknown);
            if !known {
                self.warn(WarningCode::HolidaysUnknown, &[], Vec::new());
            }
        }
        deadline
    }

    pub fn warning_codes(&self) -> Vec<WarningCode> {
        self.0.warnings.lock().expect("no panic under this lock").iter().map(|warning| warning.code).collect()
    }

    pub fn calendar(&self) -> &Calendar {
        &self.0.calendar
    }

    /// What is remembered of sessions will be old: they ended without an entry in the journal.
    pub(crate) fn forget(&self) {
        self.0.forgets.store(true, Ordering::SeqCst);
    }

    pub(crate) fn journal(&self, entry: Entry) {
        self.0.entries.lock().expect("no panic under this lock").push(entry);
    }
}

/// What a transaction gave: its result and what is worth a second look.
pub struct Done<T> {
    pub value: T,
    pub warnings: Vec<Warning>,
}

impl App {
    /// Runs `work` in one transaction, which is a part of the one that is under way if there is one; tries again where another transaction
    /// was in the way. Whatever ends with an error leaves nothing.
    pub async fn write<T, F, Fut>(&self, viewer: &Viewer, conn: &Conn, work: F) -> Result<Done<T>>
    where
        F: Fn(Work) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        insist(|| self.attempt(viewer, conn, &work)).await
    }

    /// Runs many writes in one transaction: all of them stay, or none. A conflict is not tried again here.
    pub async fn batch<T>(&self, writes: impl AsyncFnOnce(Conn) -> Result<T>) -> Result<T> {
        let (transaction, _turn) = self.db().begin().await?;
        let transaction = Arc::new(transaction);
        let value = writes(Conn::Within(transaction.clone())).await?;
        let transaction = Arc::into_inner(transaction).ok_or_else(|| AppError::internal("a batch outlived its writes"))?;
        transaction.commit().await?;
        self.memory().forget();
        self.memory().write();
        Ok(value)
    }

    async fn attempt<T, F, Fut>(&self, viewer: &Viewer, conn: &Conn, work: &F) -> Result<Done<T>>
    where
        F: Fn(Work) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let (transaction, _turn) = match conn {
            Conn::Pool(db) => {
                let (transaction, turn) = db.begin().await?;
                (transaction, Some(turn))
            }
            Conn::Within(outer) => (outer.begin().await?, None),
        };
        let inner = Arc::new(Inner {
            app: self.clone(),
            viewer: viewer.clone(),
            now: self.clock().now(),
            calendar: self.calendar(),
            transaction,
            entries: Mutex::default(),
            warnings: Mutex::default(),
            forgets: AtomicBool::default(),
        });
        let outcome = work(Work(inner.clone())).await;
        let inner = Arc::into_inner(inner).ok_or_else(|| AppError::internal("the transaction outlived its work"))?;
        match outcome {
            Ok(value) => {
                let entries = inner.entries.into_inner().expect("no panic under this lock");
                crate::journal::append(&inner.transaction, inner.now, &entries).await?;
                let forgets = inner.forgets.into_inner() || entries.iter().any(|entry| Memory::holds(entry.node.kind));
                if forgets {
                    memory::count(&inner.transaction).await?;
                }
                inner.transaction.commit().await?;
                if forgets {
                    self.memory().forget();
                }
                self.memory().write();
                // What is part of another transaction may be taken back with it.
                if matches!(conn, Conn::Pool(_)) {
                    self.metrics().changed(entries.iter().map(|entry| entry.node.kind));
                }
                Ok(Done { value, warnings: inner.warnings.into_inner().expect("no panic under this lock") })
            }
            Err(error) => {
                // A rollback that fails changes nothing: the connection is gone, and the transaction with it.
                let _ = inner.transaction.rollback().await;
                Err(error)
            }
        }
    }
}

/// The statement as it is written for the database at hand: `?` becomes `$1`, `$2`… on PostgreSQL.
pub fn statement(db: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = sea_orm::Value>) -> sea_orm::Statement {
    let backend = db.get_database_backend();
    let sql = if backend == sea_orm::DbBackend::Postgres {
        let mut number = 0;
        sql.split_inclusive('?')
            .map(|part| match part.strip_suffix('?') {
                Some(head) => {
                    number += 1;
                    format!("{head}${number}")
                }
                None => part.to_owned(),
            })
            .collect()
    } else {
        sql.to_owned()
    };
    sea_orm::Statement::from_sql_and_values(backend, sql, values)
}
