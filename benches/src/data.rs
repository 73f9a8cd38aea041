//! The data: the demonstration's district, made by the service's own actions, and copies of it beside it.
//!
//! A copy is the whole district again under other keys: twelve bits of each key are mixed with the number of the copy, codes and logins carry its number,
//! everything else, history and Chinese text included, stays. Sums, states and references are therefore as consistent as in the original.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use rusqlite::OpenFlags;
use tokio::process::Command;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::Result;
use crate::process::Postgres;

pub struct Database {
    /// `postgres://…` or `sqlite://PATH`.
    pub url: String,
    pub key_file: PathBuf,
}

/// What belongs to the program and not to a district.
const NOT_COPIED: [&str; 10] = [
    "seaql_migrations",
    "facts",
    "holidays",
    "signing_keys",
    "sessions",
    "refresh_tokens",
    "idempotency_keys",
    "sign_in_failures",
    "refused_permissions",
    "calendars",
];
/// The number of a copy has twelve bits.
const MOST_COPIES: u32 = 4095;

pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The database with so many districts: that of an earlier run, or made now.
pub async fn prepare(alliance: &Path, folder: &Path, scale: u32) -> Result<Database> {
    let key_file = folder.canonicalize()?.join("alliance.key");
    let name = format!("district_{scale}");
    let database = Database { url: Postgres::url(&name), key_file };
    let admin = connect(&Postgres::url("postgres")).await?;
    let exists = |name: String| {
        let admin = &admin;
        async move { admin.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.map(|row| row.is_some()) }
    };
    if !exists("district_1".to_owned()).await? {
        eprintln!("filling the district by the service's own actions");
        admin.batch_execute("DROP DATABASE IF EXISTS filling").await?;
        admin.batch_execute("CREATE DATABASE filling").await?;
        let client = connect(&Postgres::url("filling")).await?;
        let filling = Database { url: Postgres::url("filling"), key_file: database.key_file.clone() };
        fill(alliance, &filling, async || matches!(client.query_opt(FILLED, &[]).await, Ok(Some(_)))).await?;
        drop(client);
        admin.batch_execute("ALTER DATABASE filling RENAME TO district_1").await?;
        connect(&Postgres::url("district_1")).await?.batch_execute("VACUUM ANALYZE").await?;
    }
    if !exists(name.clone()).await? {
        if scale > MOST_COPIES + 1 {
            return Err("at most 4,096 districts".into());
        }
        eprintln!("copying the district {} times", scale - 1);
        admin.batch_execute("DROP DATABASE IF EXISTS filling").await?;
        admin.batch_execute("CREATE DATABASE filling TEMPLATE district_1").await?;
        let client = connect(&Postgres::url("filling")).await?;
        copy(&client, scale - 1).await?;
        drop(client);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        admin.batch_execute(&format!("ALTER DATABASE filling RENAME TO {name}")).await?;
    }
    Ok(database)
}

/// The district in a file of SQLite: that of an earlier run, or made now.
pub async fn prepare_sqlite(alliance: &Path, folder: &Path) -> Result<Database> {
    let folder = folder.canonicalize()?;
    let database = |name: &str| Database { url: format!("sqlite://{}", folder.join(name).display()), key_file: folder.join("sqlite.key") };
    if !folder.join("district.sqlite").exists() {
        eprintln!("filling the district on SQLite");
        for left in ["filling.sqlite", "filling.sqlite-wal", "filling.sqlite-shm"] {
            let _ = std::fs::remove_file(folder.join(left));
        }
        let file = folder.join("filling.sqlite");
        let is_full = || rusqlite::Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)?.prepare(FILLED)?.exists([]);
        fill(alliance, &database("filling.sqlite"), async || is_full().unwrap_or(false)).await?;
        // Its log, which goes by the old name, is written into the file.
        rusqlite::Connection::open(&file)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        std::fs::rename(&file, folder.join("district.sqlite"))?;
    }
    Ok(database("district.sqlite"))
}

const FILLED: &str = "SELECT 1 FROM facts WHERE name = 'demo' AND value = 'filled'";

/// Lets the service fill its demonstration, and ends it when it is full.
async fn fill(alliance: &Path, database: &Database, is_full: impl AsyncFn() -> bool) -> Result<()> {
    let _ = std::fs::remove_file(&database.key_file);
    let mut demo = Command::new(alliance)
        .args(["demo", "--database-url", &database.url, "--listen", "127.0.0.1:28089"])
        .env("ALLIANCE_KEY_FILE", &database.key_file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    while !is_full().await {
        if demo.try_wait()?.is_some() {
            return Err("the demonstration ended before it was full".into());
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    demo.kill().await?;
    Ok(())
}

/// Copies every table of the district; what is to be unique gets the number of the copy.
async fn copy(client: &Client, copies: u32) -> Result<()> {
    // Keys: the three hexadecimal digits after the variant, mixed, since a key may hold any number there already. The lineage of an area is made of keys without dashes.
    client
        .batch_execute(
            "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '1GB';
             CREATE FUNCTION mixed(digits text, at int, k int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
             $$ SELECT overlay(digits placing lpad(to_hex(('x' || substr(digits, at, 3))::bit(12)::int # k), 3, '0') from at for 3) $$;
             CREATE FUNCTION copied(id uuid, k int) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
             $$ SELECT mixed(id::text, 21, k)::uuid $$;
             CREATE FUNCTION copied_lineage(lineage text, k int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
             $$ SELECT string_agg(mixed(part, 18, k) || '/', '' ORDER BY place)
                FROM unnest(string_to_array(rtrim(lineage, '/'), '/')) WITH ORDINALITY AS parts (part, place) $$;",
        )
        .await?;
    let own = format!("coalesce(nullif(o.district_id, '{}'), (SELECT district_id FROM pledges WHERE id = o.node_id))", Uuid::nil());
    let tables = client
        .query("SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1", &[])
        .await?;
    for table in tables.iter().map(|row| row.get::<_, String>(0)).filter(|table| !NOT_COPIED.contains(&table.as_str())) {
        let columns = client
            .query(
                "SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position",
                &[&table],
            )
            .await?;
        let names: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
        let values = columns.iter().map(|row| {
            let (name, kind): (String, String) = (row.get(0), row.get(1));
            match (table.as_str(), name.as_str(), kind.as_str()) {
                ("search_words", "district_id", _) => format!("copied({own}, k)"),
                ("pledges", "serves_all", _) => "FALSE".to_owned(),
                (_, _, "uuid") => format!("copied(o.{name}, k)"),
                ("areas", "lineage", _) => "copied_lineage(o.lineage, k)".to_owned(),
                ("areas", "code", _) => "(left(o.code, 6)::bigint + k * 1000000)::text || substr(o.code, 7)".to_owned(),
                ("accounts", "login", _) => "o.login || '-' || k".to_owned(),
                ("units", "credit_code", _) => "overlay(o.credit_code placing lpad(k::text, 4, '0') from 1 for 4)".to_owned(),
                ("journal", "seq", _) => "o.seq + k::bigint * 10000000".to_owned(),
                _ => format!("o.{name}"),
            }
        });
        let sql = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM (SELECT * FROM {table}) AS o CROSS JOIN generate_series(1, {copies}) AS k",
            names.join(", "),
            values.collect::<Vec<_>>().join(", ")
        );
        let rows = client.execute(&sql, &[]).await?;
        eprintln!("  {table}: {rows} rows");
    }
    // What serves everybody where there is one district serves its own among many.
    let named = format!(
        "INSERT INTO pledge_areas (pledge_id, area_id) SELECT copied(id, k), copied(district_id, k) FROM pledges CROSS JOIN generate_series(1, {copies}) AS k
         WHERE serves_all"
    );
    client.batch_execute(&named).await?;
    client.batch_execute("DROP FUNCTION copied_lineage; DROP FUNCTION copied; DROP FUNCTION mixed").await?;
    // By itself: several statements at once are one transaction.
    client.batch_execute("VACUUM ANALYZE").await?;
    Ok(())
}
