//! The program and a database that it cannot serve from: said at once, with the remedy, and nothing of the database is changed.

use std::path::Path;
use std::process::{Command, Output};

use alliance::db::Db;
use sea_orm::ConnectionTrait;

use crate::support::Fresh;

/// Runs a command to its end.
fn run(url: &str, folder: &Path, word: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alliance"));
    command.arg(word).current_dir(folder).env("ALLIANCE_DATABASE_URL", url).env("ALLIANCE_KEY_FILE", folder.join("alliance.key"));
    command.env("ALLIANCE_LISTEN", "127.0.0.1:0").output().expect("the program ends")
}

/// It fails, and says this to whoever runs it.
#[track_caller]
fn refuses(url: &str, folder: &Path, word: &str, remedy: &str) {
    let ended = run(url, folder, word);
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{word}: {told}");
    assert!(told.contains(remedy) && !told.is_ascii(), "{word}: {told}");
}

#[track_caller]
fn does(url: &str, folder: &Path, word: &str) {
    let ended = run(url, folder, word);
    assert!(ended.status.success(), "{word}: {}", String::from_utf8_lossy(&ended.stderr));
}

async fn change(url: &str, sql: &str) {
    let db = Db::connect(url, 2, true).await.expect("the database opens");
    db.pool().execute_unprepared(sql).await.expect("the statement runs");
    db.close().await;
}

async fn is_left_to_its_program(url: &str, folder: &Path) {
    change(url, "CREATE TABLE customers (id INTEGER)").await;
    for word in ["migrate", "demo", "serve", "check"] {
        refuses(url, folder, word, "tables of another program");
    }
    // What it had is all that it has.
    change(url, "DROP TABLE customers").await;
    does(url, folder, "migrate");
}

#[tokio::test]
async fn a_database_of_another_program_is_left_to_it_on_sqlite() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    is_left_to_its_program(&format!("sqlite://{}", folder.path().join("alliance.db").display()), folder.path()).await;
}

#[tokio::test]
async fn a_database_of_another_program_is_left_to_it_on_postgres() {
    let (folder, fresh) = (tempfile::tempdir().expect("a temporary folder"), Fresh::create().await);
    change(&fresh.url(), "DROP SCHEMA public CASCADE").await;
    change(&fresh.url(), "CREATE SCHEMA public").await;
    is_left_to_its_program(&fresh.url(), folder.path()).await;
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_refused_on_sqlite() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, folder) = (folder.path().join("alliance.db"), folder.path());
    let url = format!("sqlite://{}", path.display());
    does(&url, folder, "migrate");
    assert!(!path.with_extension("db-wal").exists(), "the log is in the file when a command has ended");
    does(&url, folder, "check");
    for word in ["check", "serve", "migrate"] {
        refuses(&format!("{url}?mode=ro"), folder, word, "leave mode=ro and immutable out");
    }
    refuses(&format!("{url}?foo=1"), folder, "check", "The database URL is malformed");
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_refused_on_postgres() {
    let (folder, fresh) = (tempfile::tempdir().expect("a temporary folder"), Fresh::create().await);
    let url = fresh.url();
    does(&url, folder.path(), "migrate");
    does(&url, folder.path(), "check");
    let joint = if url.contains('?') { '&' } else { '?' };
    let reading = format!("{url}{joint}options=-c%20default_transaction_read_only%3Don");
    for word in ["check", "serve", "migrate"] {
        refuses(&reading, folder.path(), word, "connect to the primary");
    }
}
