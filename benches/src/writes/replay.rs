//! The statements of each operation, read from the log of PostgreSQL, and `pgbench` with the same statements.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::Value;
use tokio::process::Command;
use tokio::task::JoinSet;

use super::service::{Operation, Service, key_of};
use super::{Bench, CALLERS, CAPTURED, PREPARED, REPLAYED, WARM, copy};
use crate::Result;
use crate::data::connect;
use crate::process::Postgres;

/// A statement as the log has it.
#[derive(Clone)]
pub struct Statement {
    sql: String,
    /// The values of a prepared statement as a list of literals; none where it was sent as text, as `BEGIN` is.
    values: Option<String>,
}

/// What each operation asks of the database: the service does them one by one, with a mark in the log before each.
pub async fn capture(bench: &Bench<'_>, operations: &Arc<Vec<Operation>>) -> Result<Vec<Vec<Statement>>> {
    copy(PREPARED, CAPTURED).await?;
    let admin = connect(&Postgres::url("postgres")).await?;
    admin.batch_execute(&format!("ALTER DATABASE {CAPTURED} SET log_statement = 'all'")).await?;
    let sql = "SELECT current_setting('data_directory') || '/' || pg_current_logfile('jsonlog')";
    let log: Option<String> = admin.query_one(sql, &[]).await?.get(0);
    let log = log.ok_or("PostgreSQL writes no log as JSON")?;
    // Before, since a work that failed may have left it full; afterwards, since it is large.
    let empty = || std::fs::File::options().write(true).open(&log)?.set_len(0);
    empty()?;
    let marks = connect(&Postgres::url(CAPTURED)).await?;
    let service = Service::start(bench, CAPTURED).await?;
    let client = Client::new();
    // What the service does by itself is to be seen before the first operation.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for (n, operation) in operations.iter().enumerate() {
        marks.batch_execute(&mark(n)).await?;
        operation.send(&client, Some(&key_of(n))).await?;
    }
    let last = mark(operations.len());
    marks.batch_execute(&last).await?;
    service.end().await?;
    // The collector of the log is a process of its own.
    for _ in 0..100 {
        let text = std::fs::read_to_string(&log)?;
        if text.contains(&last) && text.ends_with('\n') {
            empty()?;
            return statements(&text, operations.len());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err("the log of the statements did not come".into())
}

fn mark(n: usize) -> String {
    format!("SELECT 'operation {n}'")
}

/// Reads the log. A transaction belongs to the operation whose idempotency key is in it: those of deadlines have none. A single statement
/// belongs to the operation under way, unless its like was seen before the first one: that is what the service asks by itself.
fn statements(log: &str, count: usize) -> Result<Vec<Vec<Statement>>> {
    let mut operations = vec![Vec::new(); count];
    let mut under_way = None;
    let mut own = HashSet::new();
    let mut transactions: HashMap<i64, Vec<Statement>> = HashMap::new();
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line)?;
        let session = entry["pid"].as_i64().unwrap_or_default();
        if entry["dbname"] != CAPTURED {
            continue;
        }
        let Some(statement) = statement(&entry)? else { continue };
        if let Some(n) = statement.sql.strip_prefix("SELECT 'operation ") {
            under_way = n.trim_end_matches('\'').parse().ok().filter(|n| *n < count);
        } else if let Some(open) = transactions.get_mut(&session) {
            let ends = statement.values.is_none() && ["COMMIT", "ROLLBACK"].contains(&statement.sql.as_str());
            open.push(statement);
            let whole = if ends { transactions.remove(&session).unwrap_or_default() } else { continue };
            let Some(n) = under_way else { continue };
            let key = format!("'{}'", key_of(n));
            if whole.iter().any(|statement| statement.values.as_ref().is_some_and(|values| values.contains(&key))) {
                operations[n].extend(whole);
            }
        } else if statement.values.is_none() && statement.sql.starts_with("BEGIN") {
            transactions.insert(session, vec![statement]);
        } else if let Some(n) = under_way {
            if !own.contains(&statement.sql) {
                operations[n].push(statement);
            }
        } else {
            own.insert(statement.sql);
        }
    }
    match operations.iter().position(|one| one.iter().filter(|statement| statement.sql == "COMMIT").count() != 1) {
        Some(n) => Err(format!("operation {n} is not one transaction in the log").into()),
        None => Ok(operations),
    }
}

/// The statement of a line of the log, if it is one: `statement: SQL`, or `execute NAME: SQL` with the values beside it.
fn statement(entry: &Value) -> Result<Option<Statement>> {
    let message = entry["message"].as_str().unwrap_or_default();
    if let Some(sql) = message.strip_prefix("statement: ") {
        return Ok(Some(Statement { sql: sql.trim_end_matches(';').to_owned(), values: None }));
    }
    let Some((_, sql)) = message.strip_prefix("execute ").and_then(|rest| rest.split_once(": ")) else { return Ok(None) };
    let values = match entry["detail"].as_str() {
        Some(detail) => literals(detail).ok_or_else(|| format!("values that cannot be read: {detail}"))?,
        None => String::new(),
    };
    Ok(Some(Statement { sql: sql.to_owned(), values: Some(values) }))
}

/// `parameters: $1 = 'a', $2 = NULL` as the literals that it holds: `'a', NULL`.
fn literals(detail: &str) -> Option<String> {
    let mut rest = &detail[detail.find("$1 = ")?..];
    let mut list = Vec::new();
    while !rest.is_empty() {
        rest = rest.strip_prefix(&format!("${} = ", list.len() + 1))?;
        let length = if rest.starts_with("NULL") { 4 } else { quoted(rest)? };
        list.push(&rest[..length]);
        rest = &rest[length..];
        rest = rest.strip_prefix(", ").unwrap_or(rest);
    }
    Some(list.join(", "))
}

/// How long the quoted literal is that a text begins with; a quote in it is doubled.
fn quoted(text: &str) -> Option<usize> {
    let mut at = text.strip_prefix('\'').map(|_| 1)?;
    loop {
        at += text[at..].find('\'')? + 1;
        if !text[at..].starts_with('\'') {
            return Some(at);
        }
        at += 1;
    }
}

/// `pgbench` with the same statements: as many sessions as callers, each with the operations of one caller. Sessions prepare and warm up,
/// then wait for a lock that is given back to all of them at once. Operations a second.
pub async fn replay(bench: &Bench<'_>, operations: &[Vec<Statement>]) -> Result<f64> {
    copy(PREPARED, REPLAYED).await?;
    let gate = connect(&Postgres::url(REPLAYED)).await?;
    gate.batch_execute("SELECT pg_advisory_lock(1)").await?;
    let mut sessions = JoinSet::new();
    for session in 0..CALLERS {
        let file = std::env::temp_dir().join(format!("alliance-bench-{}-{session}.sql", std::process::id()));
        std::fs::write(&file, script(operations, session))?;
        sessions.spawn(pgbench(bench.postgres.join("pgbench"), file));
    }
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while gate.query_one(waiting, &[]).await?.get::<_, i64>(0) < CALLERS as i64 {
        // One that ended before the gate failed.
        if let Some(ended) = sessions.try_join_next() {
            ended??;
            return Err("a session of pgbench did not wait for the others".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let started = Instant::now();
    gate.batch_execute("SELECT pg_advisory_unlock(1)").await?;
    while let Some(ended) = sessions.join_next().await {
        ended??;
    }
    Ok((operations.len() - WARM) as f64 / started.elapsed().as_secs_f64())
}

/// Runs a script once; a statement that fails is an error.
async fn pgbench(program: PathBuf, script: PathBuf) -> Result<()> {
    let mut command = Command::new(program);
    command.args(["-n", "-M", "simple", "-c", "1", "-t", "1", "-f"]).arg(&script).arg(Postgres::url(REPLAYED));
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && said.contains("actually processed: 1/1") && said.contains("failed transactions: 0") {
        std::fs::remove_file(&script)?;
        return Ok(());
    }
    Err(format!("pgbench failed on {}: {said}{}", script.display(), String::from_utf8_lossy(&output.stderr)).into())
}

fn script(operations: &[Vec<Statement>], session: usize) -> String {
    let own = || operations.iter().enumerate().skip(session).step_by(CALLERS);
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut script = String::new();
    for statement in own().flat_map(|(_, operation)| operation).filter(|statement| statement.values.is_some()) {
        let name = names.len();
        names.entry(&statement.sql).or_insert_with(|| {
            let _ = writeln!(script, "PREPARE p{name} AS {};", statement.sql);
            name
        });
    }
    let mut gate = false;
    for (n, operation) in own() {
        if n >= WARM && !gate {
            script.push_str("SELECT pg_advisory_lock_shared(1);\n");
            gate = true;
        }
        for Statement { sql, values } in operation {
            let _ = match values.as_deref() {
                None => writeln!(script, "{sql};"),
                Some("") => writeln!(script, "EXECUTE p{};", names[sql.as_str()]),
                Some(values) => writeln!(script, "EXECUTE p{}({values});", names[sql.as_str()]),
            };
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::literals;

    #[test]
    fn values_are_read_from_the_log() {
        assert_eq!(literals("parameters: $1 = 'a', $2 = NULL").as_deref(), Some("'a', NULL"));
        assert_eq!(literals("parameters: $1 = 'it''s, $2 = ''x''', $2 = ''").as_deref(), Some("'it''s, $2 = ''x''', ''"));
        assert_eq!(literals("parameters: $1 = '老人''', $2 = '7'").as_deref(), Some("'老人''', '7'"));
        assert_eq!(literals("parameters: $1 = 'cut off"), None);
    }
}
