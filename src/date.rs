//! A calendar day at the API.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::NaiveDate;

/// A calendar day in Asia/Shanghai, written 2025-03-09.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub NaiveDate);

impl From<Date> for NaiveDate {
    fn from(date: Date) -> Self {
        date.0
    }
}

/// The day that an optional argument names.
pub fn day(date: Option<Date>) -> Option<NaiveDate> {
    date.map(NaiveDate::from)
}

/// A calendar day in Asia/Shanghai, written 2025-03-09.
#[Scalar(name = "Date", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            // Four digits of year, as RFC 3339 has them: chrono alone would take more and fewer.
            Value::String(text) if text.len() == 10 => {
                text.parse().map(Date).map_err(|_| InputValueError::custom("not a day such as 2025-03-09"))
            }
            Value::String(_) => Err(InputValueError::custom("not a day such as 2025-03-09")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
