//! A fresh PostgreSQL database for each test, copied from a template that holds the migrated tables.

use std::fmt::Write as _;
use std::path::Path;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use sha2::{Digest, Sha256};

/// Held while the template is looked for and made.
const LOCK: i64 = 7_302_203_031;

/// A database that is dropped with this value, after a panic too.
pub struct Fresh {
    server: String,
    name: String,
}

impl Fresh {
    pub async fn create() -> Fresh {
        let Ok(server) = std::env::var("ALLIANCE_TEST_POSTGRES_URL") else {
            panic!("ALLIANCE_TEST_POSTGRES_URL is not set: run the tests with scripts/test, which starts a PostgreSQL for them");
        };
        let name = format!("alliance_test_{:016x}", rand::random::<u64>());
        let admin = connect(&server).await;
        run(&admin, &format!("SELECT pg_advisory_lock({LOCK})")).await;
        let template = template(&server, &admin).await;
        run(&admin, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        admin.close().await.expect("the connection closes");
        Fresh { server, name }
    }

    pub fn url(&self) -> String {
        on(&self.server, &self.name)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A thread of its own, since the test's runtime may be gone or unwinding; what is still connected is thrown out.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let admin = connect(&server).await;
                run(&admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
                admin.close().await.expect("the connection closes");
            });
        });
        if dropped.join().is_err() {
            eprintln!("the database {} was left behind", self.name);
        }
    }
}

/// The name of the template, which is made where it is missing; named by the migrations, so that one of other tables is never used.
async fn template(server: &str, admin: &DatabaseConnection) -> String {
    let template = format!("alliance_template_{}", migrations());
    let known = Statement::from_string(DbBackend::Postgres, format!("SELECT 1 FROM pg_database WHERE datname = '{template}'"));
    if admin.query_one_raw(known).await.expect("the list of databases").is_none() {
        // Made under another name: one that was left half-made is not taken for the template.
        let making = format!("{template}_making");
        run(admin, &format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)")).await;
        run(admin, &format!("CREATE DATABASE {making}")).await;
        let db = connect(&on(server, &making)).await;
        alliance_migrations::migrate(&db).await.expect("the migrations run");
        db.close().await.expect("the connection closes");
        run(admin, &format!("ALTER DATABASE {making} RENAME TO {template}")).await;
    }
    template
}

fn migrations() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> = std::fs::read_dir(root.join("sql"))
        .expect("the folder of migrations")
        .map(|entry| entry.expect("a migration").path())
        .chain([root.join("src/lib.rs")])
        .collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(std::fs::read(file).expect("a migration can be read"));
    }
    hash.finalize()[..8].iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The same server, another database.
fn on(server: &str, database: &str) -> String {
    let (address, options) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = address.rsplit_once('/').expect("the URL ends in a database");
    match options {
        "" => format!("{host}/{database}"),
        options => format!("{host}/{database}?{options}"),
    }
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap_or_else(|error| panic!("PostgreSQL does not answer: {error}"))
}

async fn run(admin: &DatabaseConnection, sql: &str) {
    admin.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
