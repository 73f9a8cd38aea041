//! A calendar day at the API.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{Datelike, NaiveDate};

/// A calendar day in Asia/Shanghai, written 2025-03-09.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub NaiveDate);

impl From<Date> for NaiveDate {
    fn from(date: Date) -> Self {
        date.0
    }
}

/// A day of the years 1 to 9999, written with four, two and two digits: chrono alone would take signs, and more digits and fewer.
pub fn parse(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10 && bytes.iter().enumerate().all(|(n, c)| if n == 4 || n == 7 { *c == b'-' } else { c.is_ascii_digit() });
    text.parse().ok().filter(|day: &NaiveDate| shape && day.year() > 0)
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
            Value::String(text) => parse(text).map(Date).ok_or_else(|| InputValueError::custom("not a day such as 2025-03-09")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_four_two_and_two_digits() {
        assert_eq!(parse("2025-03-09"), NaiveDate::from_ymd_opt(2025, 3, 9));
        for text in ["+99999-1-1", "-9999-1-01", "0000-01-01", "2025-3-009", "2025-02-30", "2025/03/09", "２０２５-03-09", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
