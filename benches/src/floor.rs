//! The floor: the least that can stand between a caller and the database. One statement, written by hand, makes the JSON; its text is
//! passed on as it is.

mod postgres;
mod sqlite;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Result;

/// The statement of a work, and what it takes in its order.
#[derive(Serialize, Deserialize)]
pub struct Question {
    work: String,
    values: Vec<Value>,
}

#[derive(Serialize, Deserialize)]
pub enum Value {
    Key(Uuid),
    Text(String),
    Day(NaiveDate),
    Time(DateTime<Utc>),
}

/// The statement of each work, by its name.
type Statements = [(&'static str, &'static str); 7];

impl Question {
    fn statement(&self, all: &Statements) -> Result<&'static str> {
        let found = all.iter().find(|(work, _)| *work == self.work);
        found.map(|(_, sql)| *sql).ok_or_else(|| format!("no work is called {}", self.work).into())
    }

    pub fn text(work: &str, values: impl Into<Vec<Value>>) -> String {
        serde_json::to_string(&Question { work: work.to_owned(), values: values.into() }).expect("plain values")
    }
}

enum Floor {
    Postgres(postgres::Postgres),
    Sqlite(sqlite::Sqlite),
}

pub async fn serve(database: &str, listen: &str) -> Result<()> {
    let floor = match database.strip_prefix("sqlite://") {
        Some(path) => Floor::Sqlite(sqlite::Sqlite::open(path)?),
        None => Floor::Postgres(postgres::Postgres::open(database)?),
    };
    let app = Router::new().route("/graphql", post(answer)).with_state(Arc::new(floor));
    axum::serve(tokio::net::TcpListener::bind(listen).await?, app).await?;
    Ok(())
}

async fn answer(State(floor): State<Arc<Floor>>, body: Bytes) -> Response {
    match ask(&floor, &body).await {
        Ok(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn ask(floor: &Floor, body: &[u8]) -> Result<String> {
    // Anything else is only asked whether it is there.
    let Ok(question) = serde_json::from_slice::<Question>(body) else { return Ok("[]".to_owned()) };
    match floor {
        Floor::Postgres(postgres) => postgres.ask(&question).await,
        Floor::Sqlite(sqlite) => sqlite.ask(question).await,
    }
}
