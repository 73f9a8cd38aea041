//! What the service answers, taken apart: data, errors, refusals, objects.

use std::fmt;
use std::ops::Index;

use serde_json::{Value, json};

/// Anything that a global id can be had from.
pub trait Id {
    fn id(&self) -> &str;
}

impl Id for str {
    fn id(&self) -> &str {
        self
    }
}

impl Id for String {
    fn id(&self) -> &str {
        self
    }
}

impl<T: Id + ?Sized> Id for &T {
    fn id(&self) -> &str {
        (*self).id()
    }
}

/// An answer to one request.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    pub fn data(&self) -> &Value {
        &self.body["data"]
    }

    pub fn errors(&self) -> &[Value] {
        self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The code of the only error.
    pub fn code(&self) -> &str {
        let [error] = self.errors() else {
            panic!("one error expected: {self}");
        };
        error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("an error without a code: {self}"))
    }

    /// The code of the only refusal of a mutation.
    pub fn refusal_code(&self, field: &str) -> &str {
        let payload = &self.data()[field];
        assert_eq!(payload["result"], Value::Null, "{self}");
        let [refusal] = payload["refusals"].as_array().map(Vec::as_slice).unwrap_or_default() else {
            panic!("one refusal of {field} expected: {self}");
        };
        refusal["code"].as_str().expect("a refusal has a code")
    }

    /// The data of an answer without errors.
    pub fn ok(self) -> Value {
        assert_eq!(self.errors(), [] as [Value; 0], "{self}");
        self.body["data"].clone()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {} {:#}", self.status, self.body)
    }
}

/// One mutation that was tried; the story says what should have become of it.
#[derive(Debug)]
#[must_use = "say what should have become of it: done, refused or failed"]
pub struct Attempt {
    pub verb: &'static str,
    pub answer: Answer,
}

impl Attempt {
    /// It was done: the object after it.
    #[track_caller]
    pub fn done(self) -> Thing {
        let payload = &self.answer.data()[self.verb];
        assert_eq!(payload["refusals"], json!([]), "{} was refused: {}", self.verb, self.answer);
        assert!(!payload["result"].is_null(), "{} has no result: {}", self.verb, self.answer);
        Thing(payload["result"].clone())
    }

    /// It was done, with exactly these warnings.
    #[track_caller]
    pub fn done_with_warnings(self, codes: &[&str]) -> Thing {
        let warnings = self.answer.data()[self.verb]["warnings"].as_array().cloned().unwrap_or_default();
        let warned: Vec<_> = warnings.iter().map(|warning| warning["code"].as_str().unwrap_or_default()).collect();
        assert_eq!(warned, codes, "{}", self.answer);
        self.done()
    }

    /// The rules said no, for this one reason; the refusal.
    #[track_caller]
    pub fn refused(self, code: &str) -> Value {
        assert_eq!(self.answer.refusal_code(self.verb), code, "{}", self.answer);
        self.answer.data()[self.verb]["refusals"][0].clone()
    }

    /// It ended in this one error; the error.
    #[track_caller]
    pub fn failed(self, code: &str) -> Value {
        assert_eq!(self.answer.code(), code, "{}", self.answer);
        self.answer.errors()[0].clone()
    }

    pub fn was_done(&self) -> bool {
        !self.answer.data()[self.verb]["result"].is_null()
    }
}

/// An object as the API showed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Thing(pub Value);

impl Thing {
    /// A field that holds a text.
    #[track_caller]
    pub fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_else(|| panic!("no text in {field}: {:#}", self.0))
    }

    /// What the viewer may do with it: `true`, or the code that says why not.
    #[track_caller]
    pub fn can(&self, action: &str) -> Result<(), String> {
        let answers = self.0["viewerCan"].as_array().expect("viewerCan was asked for");
        let answer = answers.iter().find(|answer| answer["action"] == action);
        let answer = answer.unwrap_or_else(|| panic!("{action} is not among {:#}", self.0["viewerCan"]));
        match &answer["code"] {
            Value::Null => Ok(()),
            code => Err(code.as_str().unwrap_or_default().to_owned()),
        }
    }

    /// Its state and its sum, parts of nothing left out: `PUBLISHED_OPEN: 30 = 10 unmatched + 20 promised`.
    pub fn standing(&self) -> String {
        let (whole, parts): (_, &[&str]) = match self.text("__typename") {
            "CommunityNeed" => ("wanted", &["unmatched", "promised", "delivered", "accepted"]),
            "ResourcePledge" => ("total", &["available", "held", "given"]),
            "Match" => ("quantity", &["outstanding", "delivered", "accepted", "returned"]),
            "Delivery" => ("quantity", &["accepted"]),
            _ => return self.0["status"].as_str().unwrap_or("-").to_owned(),
        };
        let parts: Vec<String> = parts
            .iter()
            .filter(|part| self.0[**part].as_str().is_some_and(|amount| amount != "0"))
            .map(|part| format!("{} {part}", self.text(part)))
            .collect();
        let whole = self.0[whole].as_str().unwrap_or("any");
        format!("{}: {whole} = {}", self.text("status"), if parts.is_empty() { "0".to_owned() } else { parts.join(" + ") })
    }
}

impl Id for Thing {
    fn id(&self) -> &str {
        self.text("id")
    }
}

impl Index<&str> for Thing {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.0[field]
    }
}
