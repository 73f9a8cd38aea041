//! What is asked: for each work the same questions of every peer, each in its own words, and how its answers are brought to one form.

mod pages;
mod sums;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::process::Peer;
use crate::subjects::Subjects;

/// As whom our service is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    District,
    Nobody,
    /// Nobody, by GET, who holds the answer still and names its tag.
    Holder,
}

pub struct Work {
    pub name: &'static str,
    pub caller: Caller,
    alliance: Vec<String>,
    floor: Vec<String>,
    /// Where PostGraphile has something to say.
    postgraphile: Option<Vec<String>>,
    pub shape: fn(Peer, Value) -> Value,
}

impl Work {
    pub fn questions(&self, peer: Peer) -> Option<&[String]> {
        match peer {
            Peer::Alliance => Some(&self.alliance),
            Peer::Floor => Some(&self.floor),
            Peer::Postgraphile => self.postgraphile.as_deref(),
        }
    }

    pub fn is_held(&self, peer: Peer) -> bool {
        self.caller == Caller::Holder && peer == Peer::Alliance
    }
}

pub fn all(subjects: &Subjects) -> Vec<Work> {
    vec![
        pages::needs(subjects),
        pages::pledges(subjects),
        sums::free_times(subjects),
        pages::unit_year(subjects),
        pages::node(subjects),
        sums::statistics(subjects),
        pages::public(subjects),
    ]
}

fn global(kind: &str, key: Uuid) -> String {
    format!("{kind}_{}", key.simple())
}

/// A question as one line, without what a script in Lua would take amiss.
fn question(document: &str, variables: Value) -> String {
    let document = document.split_whitespace().collect::<Vec<_>>().join(" ");
    json!({ "query": document, "variables": variables }).to_string()
}

/// Quantities as thousandths: `"1.5"`, `1500` and `"1500"` are three spellings of one.
fn thousandths(peer: Peer, value: &Value) -> Value {
    match (peer, value) {
        (Peer::Alliance, Value::String(text)) => json!((text.parse::<f64>().unwrap_or(f64::NAN) * 1000.0).round() as i64),
        (_, Value::String(text)) => json!(text.parse::<i64>().ok()),
        (_, other) => other.clone(),
    }
}

fn list(answer: &Value) -> Vec<Value> {
    answer.as_array().cloned().unwrap_or_default()
}

/// When a day begins in Shanghai.
fn start_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc() - TimeDelta::hours(8)
}
