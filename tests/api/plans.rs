//! How the database goes about the pages of lists: by an index wherever a table grows, and with nothing to sort but what was searched for.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};

use super::statements::{plenty, screens, stations, venue_screens};
use crate::support::{TestApp, Value, json};

/// Tables that have no end.
const GROWING: [&str; 13] = [
    "needs",
    "need_directions",
    "pledges",
    "pledge_areas",
    "matches",
    "deliveries",
    "evaluations",
    "contributions",
    "bookings",
    "reservations",
    "journal",
    "search_words",
    "idempotency_keys",
];

/// What is wrong with the plan of a statement.
async fn faults(db: &impl ConnectionTrait, statement: &Statement) -> Vec<String> {
    let sql = &statement.sql;
    let mut statement = statement.clone();
    if db.get_database_backend() == DbBackend::Postgres {
        statement.sql = format!("EXPLAIN (FORMAT JSON) {sql}");
        let row = db.query_one_raw(statement).await.expect("it can be explained").expect("a plan");
        let plan: Value = row.try_get_by_index(0).expect("the plan is JSON");
        let mut faults = Vec::new();
        on_postgres(&plan[0]["Plan"], &mut faults);
        faults
    } else {
        let ranked = sql.contains("\"score\"");
        statement.sql = format!("EXPLAIN QUERY PLAN {sql}");
        let rows = db.query_all_raw(statement).await.expect("it can be explained");
        rows.iter().filter_map(|row| on_sqlite(&row.try_get_by_index::<String>(3).expect("the detail of a step"), ranked)).collect()
    }
}

fn on_postgres(node: &Value, faults: &mut Vec<String>) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let table = node["Relation Name"].as_str().unwrap_or_default();
    if kind == "Seq Scan" && GROWING.contains(&table) {
        faults.push(format!("reads the whole of {table}"));
    }
    let below = node["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
    // The best of what was searched for cannot be known before all of it is ranked.
    let ranks = |keys: String| keys.contains("score") || keys.contains("weight");
    // What nobody may see is not read, and there is nothing to sort.
    let is_nothing = below.first().is_some_and(|below| below["Node Type"] == "Result");
    if kind == "Sort" && !is_nothing && !ranks(node["Sort Key"].to_string()) {
        faults.push(format!("sorts by {}", node["Sort Key"]));
    }
    below.iter().for_each(|node| on_postgres(node, faults));
}

fn on_sqlite(step: &str, ranked: bool) -> Option<String> {
    let scanned = step.strip_prefix("SCAN ").filter(|rest| !rest.contains("INDEX"));
    let whole = scanned.is_some_and(|table| GROWING.contains(&table.split(' ').next().unwrap_or_default()));
    (whole || (step.contains("TEMP B-TREE FOR ORDER BY") && !ranked)).then(|| step.to_owned())
}

/// Every statement that reads a page of a list, each once.
async fn pages(app: &TestApp, ask: impl AsyncFnOnce()) -> Vec<Statement> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = heard.clone();
    app.db().listen(move |statement| ear.lock().expect("no panic under this lock").push(statement.clone()));
    ask().await;
    let mut known = BTreeSet::new();
    let heard = std::mem::take(&mut *heard.lock().expect("no panic under this lock"));
    let is_page = |sql: &str| sql.contains(" LIMIT ") && GROWING.iter().any(|table| sql.contains(&format!("\"{table}\".\"id\"")));
    heard.into_iter().filter(|statement| is_page(&statement.sql) && known.insert(statement.sql.clone())).collect()
}

async fn go_by_an_index(app: &TestApp, statements: &[Statement]) {
    assert!(statements.len() >= 3, "few pages were heard of: {}", statements.len());
    let transaction = app.db().pool().begin().await.expect("a transaction");
    if app.db().is_postgres() {
        // With so few rows the planner would read and sort them all; what it cannot do otherwise it still does.
        let sql = "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off";
        transaction.execute_unprepared(sql).await.expect("the planner is told");
    } else {
        // Without figures it takes every table for a large one.
        transaction.execute_unprepared("DELETE FROM sqlite_stat1; ANALYZE sqlite_schema").await.expect("the figures are forgotten");
    }
    let mut wrong = Vec::new();
    for statement in statements {
        for fault in faults(&transaction, statement).await {
            wrong.push(format!("{fault}: {}", statement.sql));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

both! {
    async fn lists_go_by_an_index_and_sort_nothing(app) {
        let w = app.world().await;
        plenty(app, &w).await;
        let nobody = app.anyone();
        let statements = pages(app, async || {
            // The rows behind a figure are those of a period, found by it and sorted then.
            for screen in screens(&w, &nobody).iter().filter(|screen| !screen.name.starts_with("statistics")) {
                screen.who.query(screen.document, json!({ "n": 20 })).await;
            }
        });
        go_by_an_index(app, &statements.await).await;
    }

    async fn lists_of_venues_go_by_an_index_and_sort_nothing(app) {
        let w = app.world().await;
        stations(app, &w).await;
        let nobody = app.anyone();
        let statements = pages(app, async || {
            for screen in venue_screens(&w, &nobody) {
                screen.who.query(screen.document, json!({ "n": 20 })).await;
            }
        });
        go_by_an_index(app, &statements.await).await;
    }
}
