//! The walk: every root field of the schema, asked by nobody, by accounts of a wrong role or place, and by the right one. The fields come
//! from the running server; one that the table does not list fails, so that nobody adds a field without saying who may ask it.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Actor, Answer, PASSWORD, TestApp, Value, json};

mod stock;
mod table;

use stock::stock;
use table::{mutations, queries, secrets};

/// What a cell of the table expects.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cell {
    /// An answer that is not null; of a mutation, a result without refusals.
    Data,
    Null,
    /// A list of so many.
    Sees(i64),
    Unauthenticated,
    /// Of all rights exactly this one is missing.
    Forbidden(&'static str),
    NotFound,
    Refused(&'static str),
}
use Cell::*;

/// A root field with valid arguments, and who gets what.
struct Row<'a> {
    field: &'static str,
    document: String,
    cells: Vec<(&'static str, &'a Actor, Cell)>,
}

/// What became of a field.
fn outcome(field: &str, answer: &Answer) -> Result<Cell, String> {
    if let [error] = answer.errors() {
        return match error["extensions"]["code"].as_str() {
            Some("UNAUTHENTICATED") => Ok(Unauthenticated),
            Some("NOT_FOUND") => Ok(NotFound),
            Some("FORBIDDEN") => {
                let named = error["extensions"]["permission"].as_str().unwrap_or_default();
                let known = alliance::auth::Permission::ALL.iter().find(|permission| permission.code() == named);
                known.map(|permission| Forbidden(permission.code())).ok_or_else(|| answer.to_string())
            }
            _ => Err(answer.to_string()),
        };
    }
    let data = &answer.data()[field];
    match (&data["refusals"], &data["totalCount"]) {
        _ if !answer.errors().is_empty() => Err(answer.to_string()),
        (Value::Array(refusals), _) if refusals.is_empty() && !data["result"].is_null() => Ok(Data),
        (Value::Array(refusals), _) => match refusals.first().map(|refusal| &refusal["code"]) {
            Some(code) if code == "HEADER_NOT_ALLOWED" => Ok(Refused("HEADER_NOT_ALLOWED")),
            _ => Err(answer.to_string()),
        },
        (_, Value::Number(count)) => Ok(Sees(count.as_i64().unwrap_or(-1))),
        _ if data.is_null() || data == &json!([null]) => Ok(Null),
        _ => Ok(Data),
    }
}

/// Asks every row; the failure names all cells that differ.
async fn walk(rows: &[Row<'_>], dry: bool) {
    let mut wrong = Vec::new();
    for row in rows {
        for (who, actor, expected) in &row.cells {
            let actor = if dry { actor.in_a_dry_run() } else { (*actor).clone() };
            let found = outcome(row.field, &actor.run(&row.document, json!({})).await);
            if found.as_ref() != Ok(expected) {
                wrong.push(format!("{} as {who}: {expected:?} expected, got {found:?}", row.field));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The root fields of a type, as the server tells them.
async fn fields(app: &TestApp, of: &str) -> BTreeSet<String> {
    let data = app.anyone().query(&format!("{{ __type(name: \"{of}\") {{ fields {{ name }} }} }}"), json!({})).await;
    let fields = data["__type"]["fields"].as_array().expect("fields").clone();
    fields.iter().map(|field| field["name"].as_str().expect("a name").to_owned()).collect()
}

fn named(rows: &[&[Row<'_>]]) -> BTreeSet<String> {
    rows.iter().flat_map(|rows| rows.iter()).map(|row| row.field.to_owned()).collect()
}

/// Everything in the database but the log of refused attempts, table by table.
async fn contents(app: &TestApp) -> BTreeMap<String, String> {
    let postgres = app.db().is_postgres();
    let tables = if postgres {
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    };
    let mut contents = BTreeMap::new();
    for row in app.rows(tables).await {
        let table: String = row.try_get_by_index(0).expect("a name");
        if table == "refused_permissions" {
            continue;
        }
        let sql = if postgres {
            format!("SELECT COALESCE(string_agg(r, '|' ORDER BY r), '') FROM (SELECT CAST(t AS TEXT) AS r FROM {table} t) AS x")
        } else {
            let columns = app.rows(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
            let columns: Vec<_> =
                columns.iter().map(|row| format!("quote({})", row.try_get_by_index::<String>(0).expect("a name"))).collect();
            let row = columns.join(" || ',' || ");
            format!("SELECT COALESCE(group_concat(r, '|'), '') FROM (SELECT {row} AS r FROM {table} ORDER BY 1)")
        };
        let rows: String = app.rows(&sql).await[0].try_get_by_index(0).expect("a text");
        contents.insert(table, rows);
    }
    contents
}

both! {
    async fn every_root_field_answers_each_caller_as_the_table_says(app) {
        let w = app.world().await;
        let s = stock(app, &w).await;
        let (nobody, guest) = (app.anyone(), app.actor("auditor").await);
        let open = format!("mutation {{ signIn(login: \"unit\", password: \"{PASSWORD}\") {{ result {{ refreshToken }} }} }}");
        let open = nobody.query(&open, json!({})).await;
        let refresh = open["signIn"]["result"]["refreshToken"].as_str().expect("a refresh token").to_owned();
        let (queries, mutations) = (queries(&w, &s, &nobody), mutations(&w, &s, &nobody));
        let secrets = secrets(&w, &s, &nobody, &guest, &refresh);
        assert_eq!(fields(app, "Query").await, named(&[&queries]), "a query that the table does not list, or no longer");
        assert_eq!(fields(app, "Mutation").await, named(&[&mutations, &secrets]), "a mutation that the table does not list, or no longer");
        assert_eq!(fields(app, "Subscription").await, BTreeSet::from(["changes".to_owned()]), "one without a story in feed.rs");

        walk(&queries, false).await;
        let (before, logged) = (contents(app).await, app.count("refused_permissions").await);
        walk(&mutations, true).await;
        for (table, rows) in contents(app).await {
            assert_eq!(Some(&rows), before.get(&table), "the dry runs left something in {table}");
        }
        let forbidden = mutations.iter().flat_map(|row| &row.cells).filter(|cell| matches!(cell.2, Forbidden(_))).count();
        assert_eq!(app.count("refused_permissions").await - logged, forbidden as i64, "each refused attempt is in the log");

        let barred: Vec<_> = secrets.iter().map(|row| {
            let cells = vec![("district", &w.district, Refused("HEADER_NOT_ALLOWED"))];
            Row { field: row.field, document: row.document.clone(), cells }
        }).collect();
        walk(&barred, true).await;
        for (table, rows) in contents(app).await {
            assert_eq!(Some(&rows), before.get(&table), "what takes no dry run left something in {table}");
        }
        walk(&secrets, false).await;
    }
}
