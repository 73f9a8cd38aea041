//! What is read by nearly every request and changes seldom, kept in memory: areas, units, venues, zones, who is signed in, and which pages of
//! partners may ask.
//!
//! A change to any of them counts up one number in the database, in its own transaction. The instance that made it forgets everything when
//! it has committed, before anybody is answered; the others look at the number four times a second and forget when it has moved. While the
//! number cannot be read, and until it has been read once, nothing is remembered.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::app::App;
use crate::areas::entity::area;
use crate::auth::Viewer;
use crate::auth::outside::Found;
use crate::error::Result;
use crate::ids::NodeKind;
use crate::units::entity::unit;
use crate::venues::entity::{venue, zone};
use crate::work::statement;

const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// Rows on one shelf: beyond that it begins anew.
const MOST_ROWS: usize = 20_000;
const FACT: &str = "memory";

/// Who a session was, on which day its grants were read, and until when it runs.
#[derive(Clone)]
pub struct Known {
    pub viewer: Viewer,
    pub day: NaiveDate,
    pub until: DateTime<Utc>,
}

#[derive(Default)]
pub struct Memory {
    trusted: AtomicBool,
    /// Counts how often everything was forgotten: what was read before that must not be kept after it.
    age: AtomicU64,
    /// Counts whatever was written, here or elsewhere, as far as it is known here.
    written: AtomicU64,
    pub areas: Shelf<Arc<area::Model>>,
    pub units: Shelf<Arc<unit::Model>>,
    pub venues: Shelf<Arc<venue::Model>>,
    pub zones: Shelf<Arc<zone::Model>>,
    pub viewers: Shelf<Known>,
    /// Tokens of outside issuers, by the beginnings of their digests.
    pub outsiders: Shelf<Arc<Found>>,
    /// Origins of partner clients' pages, by the day.
    pub origins: Shelf<Arc<HashSet<String>>>,
    /// Registered operations, by digests of whose they are and of their hashes; also that there are none.
    pub operations: Shelf<Option<Arc<str>>>,
    /// Whether a client may send nothing but those.
    pub held: Shelf<bool>,
}

/// Rows of one kind by their keys.
pub struct Shelf<T>(RwLock<HashMap<Uuid, T>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf(RwLock::default())
    }
}

impl<T: Clone> Shelf<T> {
    pub fn get(&self, key: Uuid) -> Option<T> {
        self.0.read().expect("no panic under this lock").get(&key).cloned()
    }

    fn clear(&self) {
        self.0.write().expect("no panic under this lock").clear();
    }
}

impl Memory {
    /// Whether a change to something of this kind makes what is remembered old.
    pub fn holds(kind: NodeKind) -> bool {
        use NodeKind::*;
        matches!(kind, Area | Unit | Membership | Venue | Zone | Client | Account | Grant)
    }

    /// From now on what is read is remembered: somebody watches what others change, or there are no others.
    pub fn trust(&self) {
        self.forget();
        self.trusted.store(true, Ordering::SeqCst);
    }

    fn distrust(&self) {
        self.trusted.store(false, Ordering::SeqCst);
        self.forget();
    }

    /// How much has been written; nothing while nobody watches what others write. To be asked for before an answer is made.
    pub fn written(&self) -> Option<u64> {
        self.trusted.load(Ordering::SeqCst).then(|| self.written.load(Ordering::SeqCst))
    }

    /// Something was written, and whoever wrote it has not been answered yet.
    pub fn write(&self) {
        self.written.fetch_add(1, Ordering::SeqCst);
    }

    /// To be asked for before what is to be kept is read.
    pub fn age(&self) -> u64 {
        self.age.load(Ordering::SeqCst)
    }

    /// Keeps what was read at an age, unless it has been forgotten since.
    pub fn keep<T: Clone>(&self, shelf: &Shelf<T>, age: u64, rows: impl IntoIterator<Item = (Uuid, T)>) {
        if !self.trusted.load(Ordering::SeqCst) {
            return;
        }
        let mut known = shelf.0.write().expect("no panic under this lock");
        // Under the lock: whoever forgets counts first and clears then.
        if self.age() != age {
            return;
        }
        if known.len() > MOST_ROWS {
            known.clear();
        }
        known.extend(rows);
    }

    /// Forgets everything.
    pub fn forget(&self) {
        self.age.fetch_add(1, Ordering::SeqCst);
        self.areas.clear();
        self.units.clear();
        self.venues.clear();
        self.zones.clear();
        self.viewers.clear();
        self.outsiders.clear();
        self.origins.clear();
        self.operations.clear();
        self.held.clear();
    }
}

/// Counts up, in the transaction of the change; last of all, so that nobody who waits for the number holds what this one still needs.
pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<()> {
    let sql = "INSERT INTO facts (name, value) VALUES (?, '1') ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(facts.value AS BIGINT) + 1 AS TEXT)";
    db.execute_raw(statement(db, sql, [FACT.into()])).await?;
    Ok(())
}

/// Follows what other instances change, until it is dropped.
pub async fn follow(app: App) {
    let mut seen: Option<Seen> = None;
    let mut ticks = tokio::time::interval(BETWEEN_LOOKS);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let memory = app.memory();
        match look(&app).await {
            Ok(now) => {
                let before = seen.as_ref();
                if before.is_none_or(|before| before.written != now.written) {
                    memory.write();
                }
                if before.is_none_or(|before| before.number != now.number) {
                    memory.trust();
                }
                seen = Some(now);
            }
            Err(error) => {
                memory.distrust();
                seen = None;
                tracing::warn!(cause = ?error, "what other instances change cannot be read: nothing is remembered");
            }
        }
    }
}

/// What the database says of what was written.
struct Seen {
    /// The number that is counted up with what is remembered.
    number: Option<String>,
    /// Changes with every transaction that wrote something.
    written: Option<String>,
}

async fn look(app: &App) -> Result<Seen> {
    let db = app.db();
    // A transaction that writes has a number, and leaves the snapshot when it ends. SQLite has one writer, so that its journal is in order.
    let written = if db.is_postgres() { "CAST(pg_current_snapshot() AS TEXT)" } else { "(SELECT CAST(MAX(seq) AS TEXT) FROM journal)" };
    let sql = format!("SELECT (SELECT value FROM facts WHERE name = ?), {written}");
    let row = db.query_one_raw(statement(db, &sql, [FACT.into()])).await?;
    let row = row.ok_or_else(|| crate::error::AppError::internal("a look at the database came back empty"))?;
    Ok(Seen { number: row.try_get_by_index(0)?, written: row.try_get_by_index(1)? })
}
