//! The fields of a form or of an address, and the variables that an operation takes from them.

use std::collections::BTreeMap;

use apollo_compiler::executable::{Operation, Type};
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use serde_json::{Map, Value, json};
use tokio::sync::OwnedSemaphorePermit;

use crate::graphql::guard::{is_scalar, required_fields};
use crate::http::{Http, whole, whole_of};
use crate::lang::{Lang, half_width};
use crate::matches::rules::MOST_PICTURES;

use super::MOST_FIELDS;
use super::sessions::ACCESS;
use super::visit::Visit;

/// Bytes of a form with pictures.
const LARGEST: usize = 32 << 20;
/// Bytes of one of its fields that is no picture.
const LONGEST_FIELD: usize = 64 << 10;

/// What a form sent.
#[derive(Default)]
pub(super) struct Sent {
    pub(super) fields: Fields,
    pub(super) pictures: Vec<Bytes>,
    /// What is in memory for as long.
    pub(super) place: Option<OwnedSemaphorePermit>,
}

impl Sent {
    /// Reads a body, with pictures where somebody is signed in.
    pub(super) async fn read(http: &Http, visit: &Visit, body: Body) -> Result<Sent, StatusCode> {
        let media = visit.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Ok(boundary) = multer::parse_boundary(media) else {
            let fields = Fields::read(&whole(&http.app, body).await?);
            return Ok(Sent { fields, ..Sent::default() });
        };
        let mut sent = Sent::default();
        let mut most = LONGEST_FIELD;
        if visit.cookies.get(ACCESS).is_some() {
            sent.place = Some(http.uploads.clone().try_acquire_owned().map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?);
            most = LARGEST;
        }
        let body = whole_of(body, most).await?;
        let mut parts = multer::Multipart::new(futures_util::stream::iter([Ok::<_, std::io::Error>(body)]), boundary);
        while let Some(part) = parts.next_field().await.map_err(|_| StatusCode::BAD_REQUEST)? {
            let (name, is_file) = (part.name().unwrap_or_default().to_owned(), part.file_name().is_some());
            let bytes = part.bytes().await.map_err(|_| StatusCode::BAD_REQUEST)?;
            if sent.fields.0.len() >= MOST_FIELDS || sent.pictures.len() as u64 > MOST_PICTURES {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            if is_file {
                // A browser sends an empty one where none was chosen.
                sent.pictures.extend(Some(bytes).filter(|bytes| !bytes.is_empty()));
            } else if bytes.len() <= LONGEST_FIELD {
                sent.fields.0.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            } else {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
        }
        Ok(sent)
    }
}

/// Names and values, in the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn read(text: &[u8]) -> Fields {
        Fields(serde_urlencoded::from_bytes(text).unwrap_or_default())
    }

    pub(super) fn set(&mut self, name: &str, value: String) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value));
    }

    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is a field, or a part of one.
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    }

    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// The rows that `name.0.field`, `name.1.field` and so on describe. One that lacks what its type needs is none.
    fn rows(&self, name: &str, leaf: &str) -> Vec<Value> {
        let mut rows: BTreeMap<usize, Map<String, Value>> = BTreeMap::new();
        for (known, value) in &self.0 {
            let rest = known.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
            let Some((Ok(place), field)) = rest.and_then(|rest| rest.split_once('.')).map(|(place, field)| (place.parse(), field)) else {
                continue;
            };
            if !value.trim().is_empty() {
                rows.entry(place).or_default().insert(field.to_owned(), value.trim().into());
            }
        }
        let needed = required_fields(leaf);
        let whole = |row: &Map<String, Value>| needed.iter().all(|field| row.contains_key(*field));
        rows.into_values().filter(whole).map(Value::Object).collect()
    }
}

/// The variables that an operation declares: from the first of the fields that name them, else from what is known anyway. What was left empty
/// is left out.
pub(super) fn variables(operation: &Operation, from: &[&Fields], known: &Map<String, Value>) -> Map<String, Value> {
    let mut variables = Map::new();
    for variable in &operation.variables {
        let name = variable.name.as_str();
        // A field that was left empty is one that the form has.
        let given = from.iter().find(|fields| fields.has(name)).and_then(|fields| value(&variable.ty, name, fields));
        let of = variable.ty.inner_named_type();
        let given = given.or_else(|| known.get(name).map(|known| known.as_str().map_or_else(|| known.clone(), |text| one(of, text))));
        if let Some(value) = given {
            variables.insert(name.to_owned(), value);
        }
    }
    variables
}

/// What is wrong with the variables before anybody is asked, as refusals beside the fields.
pub(super) fn faults(operation: &Operation, variables: &Map<String, Value>, lang: Lang) -> Vec<Value> {
    let mut faults = Vec::new();
    for variable in &operation.variables {
        let (name, leaf) = (variable.name.as_str(), variable.ty.inner_named_type().as_str());
        let message = match variables.get(name) {
            None if variable.ty.is_non_null() && variable.default_value.is_none() => lang.pick("请填写或选择这一项", "Fill this in"),
            Some(value) if !fits(leaf, value) => match leaf {
                "Int" | "Float" | "Decimal" => lang.pick("请填数字，如 30 或 2.5", "Give a number, such as 30 or 2.5"),
                "Date" => lang.pick("请填日期，如 2025-03-10", "Give a day, such as 2025-03-10"),
                _ => lang.pick("请填时间，如 08:30", "Give a time, such as 08:30"),
            },
            _ => continue,
        };
        faults.push(json!({ "message": message, "path": [name] }));
    }
    faults
}

fn fits(leaf: &str, value: &Value) -> bool {
    if let Value::Array(items) = value {
        return items.iter().all(|item| fits(leaf, item));
    }
    match leaf {
        "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Float" => value.is_number(),
        _ => is_scalar(leaf, async_graphql::Value::from_json(value.clone()).ok()),
    }
}

fn value(of: &Type, name: &str, fields: &Fields) -> Option<Value> {
    let leaf = of.inner_named_type().as_str();
    if of.is_list() {
        let rows = fields.rows(name, leaf);
        if !rows.is_empty() {
            return Some(rows.into());
        }
        let items: Vec<_> = fields.all(name).filter(|text| !text.trim().is_empty()).map(|text| one(leaf, text)).collect();
        // An empty list is said by one empty field.
        return (!items.is_empty() || fields.first(name).is_some() && of.is_non_null()).then(|| items.into());
    }
    let text = fields.first(name)?.trim();
    (!text.is_empty()).then(|| one(leaf, text))
}

fn one(leaf: &str, text: &str) -> Value {
    let plain = matches!(leaf, "Int" | "Float" | "Decimal").then(|| digits(text));
    let text = plain.as_deref().unwrap_or(text);
    match leaf {
        "Int" => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        "Float" => text.parse::<f64>().map_or_else(|_| text.into(), Value::from),
        "Boolean" => (text != "false").into(),
        // A time of a form is one of Asia/Shanghai, and a day its beginning.
        "DateTime" if text.len() == 10 => format!("{text}T00:00:00+08:00").into(),
        "DateTime" if text.len() == 16 => format!("{text}:00+08:00").into(),
        _ => text.into(),
    }
}

/// A number as a keyboard for Chinese writes it, or as a page shows it: in full-width digits, its thousands set apart.
fn digits(text: &str) -> String {
    let plain = text.chars().filter(|c| !matches!(c, ',' | '，'));
    plain.map(|c| if matches!(c, '０'..='９' | '．' | '－') { half_width(c) } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::console::pages::Document;

    #[test]
    fn fields_become_what_an_operation_declares() {
        let text = "mutation M($zone: ID!, $hours: [OpeningInput!], $capacity: Int, $approval: Boolean, $name: String) {
            changeZone(input: { id: $zone, hours: $hours, capacity: $capacity, approval: $approval, name: $name }) { result { id } } }";
        let document = Document::of(text);
        let operation = document.mutation("M").expect("it is there");
        let form = "zone=zone_1&capacity=%EF%BC%93%2C%EF%BC%90&approval=on&name=+&extra=1&hours.0.weekday=MONDAY&hours.0.opens=08%3A00&hours.0.closes=12%3A00\
                    &hours.1.weekday=TUESDAY&hours.1.opens=&hours.1.closes=";
        let variables = variables(operation, &[&Fields::read(form.as_bytes())], &Map::new());
        let monday = json!({ "weekday": "MONDAY", "opens": "08:00", "closes": "12:00" });
        let expected = json!({ "zone": "zone_1", "hours": [monday], "capacity": 30, "approval": true });
        assert_eq!(Value::Object(variables), expected);
    }
}
