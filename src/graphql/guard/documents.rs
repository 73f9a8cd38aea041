//! Documents that were parsed before: frontends send the same few again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{ServerError, Value, Variables};

use super::valid::Checked;
use super::{Limits, Refused, parse_error, scan, within};

/// Bytes of documents in one half; parsed, and once more to be checked, they are many times as large.
const HALF: usize = 256 * 1024;

/// A document as it was parsed, and, once somebody wants to run it, whether it fits the schema.
#[derive(Debug)]
pub struct Document {
    query: Arc<str>,
    pub parsed: ExecutableDocument,
    checked: OnceLock<Result<Checked, Refused>>,
}

impl Document {
    /// Whether the document fits the schema, and the variables the document. Only for what was measured.
    pub fn check(&self, operation: Option<&str>, variables: &Variables) -> Result<(), Refused> {
        self.checked()?.check_variables(operation, variables)
    }

    /// Whether the document fits the schema. Only for what was measured.
    pub(super) fn checked(&self) -> Result<&Checked, Refused> {
        self.checked.get_or_init(|| Checked::new(&self.query)).as_ref().map_err(Clone::clone)
    }

    /// The answer with null where a field failed.
    pub fn complete(&self, operation: Option<&str>, data: Value, errors: &[ServerError]) -> Value {
        match self.checked.get() {
            Some(Ok(checked)) if !errors.is_empty() => checked.complete(operation, data, errors),
            _ => data,
        }
    }
}

/// Two halves: what is asked for moves to the new one, and when that is full the old one is let go.
#[derive(Default)]
pub struct Documents(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    new: HashMap<Arc<str>, Arc<Document>>,
    bytes: usize,
    old: HashMap<Arc<str>, Arc<Document>>,
}

impl Documents {
    /// The document, parsed; it is within the limits that a parser needs.
    pub(super) fn parse(&self, query: &str, limits: &Limits) -> Result<Arc<Document>, Refused> {
        if let Some(document) = self.halves().find(query) {
            return Ok(document);
        }
        within("bytes", query.len(), limits.bytes)?;
        scan::scan(query, limits.tokens)?;
        let parsed = parse_query(query).map_err(parse_error)?;
        within("fragments", parsed.fragments.len(), limits.fragments)?;
        let document = Arc::new(Document { query: query.into(), parsed, checked: OnceLock::new() });
        self.halves().keep(document.clone());
        Ok(document)
    }

    fn halves(&self) -> std::sync::MutexGuard<'_, Halves> {
        self.0.lock().expect("no panic under this lock")
    }
}

impl Halves {
    fn find(&mut self, query: &str) -> Option<Arc<Document>> {
        if let Some(document) = self.new.get(query) {
            return Some(document.clone());
        }
        let document = self.old.remove(query)?;
        self.keep(document.clone());
        Some(document)
    }

    fn keep(&mut self, document: Arc<Document>) {
        let query = document.query.clone();
        if self.bytes + query.len() > HALF {
            self.old = std::mem::take(&mut self.new);
            self.bytes = 0;
        }
        self.bytes += query.len();
        self.new.insert(query, document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_what_is_not_goes() {
        let (documents, limits) = (Documents::default(), Limits::default());
        let often = documents.parse("{ often }", &limits).unwrap();
        let once = documents.parse("{ once }", &limits).unwrap();
        for n in 0..4 {
            let large = format!("{{ a{n} }} #{}", "-".repeat(HALF / 9));
            for line in 0..9 {
                documents.parse(&format!("{large}{line}"), &Limits { bytes: HALF, ..Limits::default() }).unwrap();
            }
            assert!(Arc::ptr_eq(&often, &documents.parse("{ often }", &limits).unwrap()));
        }
        assert!(!Arc::ptr_eq(&once, &documents.parse("{ once }", &limits).unwrap()));
        assert!(documents.halves().bytes <= HALF);
    }
}
