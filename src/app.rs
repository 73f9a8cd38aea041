//! The application: database, clock, keys and settings, and what is made of them once.

use std::sync::{Arc, RwLock};

use sea_orm::EntityTrait;

use crate::auth::{Passwords, outside::Outside, sessions::Turns, tokens::Tokens};
use crate::calendar::{Calendar, Holiday};
use crate::clock::Clock;
use crate::config::Settings;
use crate::db::Db;
use crate::error::Result;
use crate::keys::KeyFile;
use crate::memory::Memory;
use crate::telemetry::metrics::Metrics;

/// Everything that a request needs; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    keys: KeyFile,
    settings: Settings,
    tokens: Tokens,
    outside: Outside,
    passwords: Passwords,
    sign_ins: Turns,
    calendar: RwLock<Arc<Calendar>>,
    memory: Memory,
    metrics: Arc<Metrics>,
}

impl App {
    pub async fn new(db: Db, clock: Clock, keys: KeyFile, settings: Settings) -> Result<App> {
        crate::outbound::provide_cryptography();
        let app = App(Arc::new(Inner {
            tokens: Tokens::new(settings.issuer.clone()),
            metrics: Arc::new(Metrics::new(clock.now())),
            outside: Outside::new(settings.issuers.as_ref()),
            db,
            clock,
            keys,
            settings,
            passwords: Passwords::default(),
            sign_ins: Turns::default(),
            calendar: RwLock::new(Arc::new(Calendar::shipped())),
            memory: Memory::default(),
        }));
        app.refresh().await?;
        Ok(app)
    }

    /// Reads again what other instances may have changed: signing keys and the holiday table.
    pub async fn refresh(&self) -> Result<()> {
        self.0.tokens.load(&self.0.db, &self.0.keys).await?;
        let rows = crate::areas::holiday::Entity::find().all(&self.0.db).await?;
        let later = rows.into_iter().map(|row| Holiday { year: row.year, date: row.day, working: row.working, name: row.name });
        *self.0.calendar.write().expect("no panic under this lock") = Arc::new(Calendar::shipped().with(later));
        Ok(())
    }

    pub fn db(&self) -> &Db {
        &self.0.db
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub fn keys(&self) -> &KeyFile {
        &self.0.keys
    }

    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub fn outside(&self) -> &Outside {
        &self.0.outside
    }

    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub fn sign_ins(&self) -> &Turns {
        &self.0.sign_ins
    }

    pub fn memory(&self) -> &Memory {
        &self.0.memory
    }

    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    pub fn calendar(&self) -> Arc<Calendar> {
        self.0.calendar.read().expect("no panic under this lock").clone()
    }
}
