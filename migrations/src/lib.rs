//! The tables of Alliance, forward only. Each migration is one file of portable SQL in which `{uuid}`, `{instant}`, `{json}` and `{bytes}` stand for
//! the column types that differ between SQLite and PostgreSQL. All pending migrations run in one transaction, on both databases.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

/// The list of migrations, oldest first.
pub struct Migrator;

#[derive(Clone, Copy)]
struct Script {
    name: &'static str,
    sql: &'static str,
}

macro_rules! script {
    ($name:literal) => {
        Script { name: $name, sql: include_str!(concat!("../sql/", $name, ".sql")) }
    };
}

const SCRIPTS: &[Script] = &[
    script!("m0001_spine"),
    script!("m0002_units"),
    script!("m0003_exchange"),
    script!("m0004_venues"),
    script!("m0005_bookings"),
    script!("m0006_co_buildings"),
    script!("m0007_calendars"),
    script!("m0008_sittings"),
    script!("m0009_promised_bookings"),
    script!("m0010_clients"),
    script!("m0011_webhooks"),
    script!("m0012_robots"),
    script!("m0013_operations"),
    script!("m0014_outsiders"),
    script!("m0015_pictures"),
    script!("m0016_complaints"),
];

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        SCRIPTS.iter().map(|script| Box::new(*script) as Box<dyn MigrationTrait>).collect()
    }
}

/// All statements that make the tables on a database of this kind, in order.
pub fn rendered(backend: DbBackend) -> Vec<String> {
    SCRIPTS.iter().flat_map(|script| script.rendered(backend)).collect()
}

impl MigrationName for Script {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Script {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in self.rendered(manager.get_database_backend()) {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

impl Script {
    /// The script's statements as `backend` takes them.
    fn rendered(&self, backend: DbBackend) -> Vec<String> {
        let (uuid, instant, json, bytes) = match backend {
            DbBackend::Postgres => ("UUID", "TIMESTAMPTZ", "JSONB", "BYTEA"),
            _ => ("BLOB", "TEXT", "TEXT", "BLOB"),
        };
        let sql = self.sql.replace("{uuid}", uuid).replace("{instant}", instant).replace("{json}", json).replace("{bytes}", bytes);
        statements(&sql, backend)
    }
}

/// Splits a script at its semicolons; a statement that only one database takes starts with `-- sqlite:` or `-- postgres:`.
fn statements(sql: &str, backend: DbBackend) -> Vec<String> {
    let other = if backend == DbBackend::Postgres { "-- sqlite:" } else { "-- postgres:" };
    sql.split(";\n")
        .filter(|statement| !statement.lines().any(|line| line.starts_with(other)))
        .map(|statement| statement.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n"))
        .filter(|statement| !statement.trim().is_empty())
        .collect()
}

/// Brings the database to the newest version and says how many migrations that took. Two callers at once are safe: the second waits.
pub async fn migrate(db: &DatabaseConnection) -> Result<usize, DbErr> {
    let options =
        sea_orm::TransactionOptions { sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate), ..Default::default() };
    let transaction = db.begin_with_options(options).await?;
    if db.get_database_backend() == DbBackend::Postgres {
        // Whoever comes second waits for as long as it takes, and a large table takes its time.
        transaction.execute_unprepared("SET LOCAL lock_timeout = 0").await?;
        transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        transaction.execute_unprepared("SELECT pg_advisory_xact_lock(4701234567)").await?;
    }
    let pending = Migrator::get_pending_migrations(&transaction).await?.len();
    Migrator::up(&transaction, None).await?;
    transaction.commit().await?;
    Ok(pending)
}

/// How a database stands to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has no table at all.
    Empty,
    /// It lacks this many migrations.
    Behind(usize),
    Current,
    /// It has migrations that this program does not know: a newer one made them, or another program.
    Unknown,
    /// It has tables, and none of ours: another program's.
    Foreign,
}

/// Looks, and writes nothing.
pub async fn standing(db: &DatabaseConnection) -> Result<Standing, DbErr> {
    match Migrator::get_pending_migrations_read_only(db).await {
        Ok(pending) if pending.is_empty() => Ok(Standing::Current),
        Ok(pending) if pending.len() == SCRIPTS.len() && has_tables(db).await? => Ok(Standing::Foreign),
        Ok(pending) if pending.len() == SCRIPTS.len() => Ok(Standing::Empty),
        Ok(pending) => Ok(Standing::Behind(pending.len())),
        Err(DbErr::Custom(_)) => Ok(Standing::Unknown),
        Err(error) => Err(error),
    }
}

/// Whether it has any table but the list of migrations. What an extension of PostgreSQL brings along is nobody's.
async fn has_tables(db: &DatabaseConnection) -> Result<bool, DbErr> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND c.relname <> 'seaql_migrations' AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') LIMIT 1"
        }
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name <> 'seaql_migrations' AND name NOT LIKE 'sqlite%' LIMIT 1",
    };
    Ok(db.query_one_raw(Statement::from_string(backend, sql)).await?.is_some())
}
