//! Days and times at the API.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::error::AppError;

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

/// An instant of the years 2 to 9998: chrono alone takes any, and reckoning near the ends of what can be written fails.
pub fn instant(at: DateTime<Utc>) -> Result<DateTime<Utc>, AppError> {
    let (zh, en) = ("时间须在公元 2 年至 9998 年之间", "Times lie in the years 2 to 9998");
    if (2..9999).contains(&at.year()) { Ok(at) } else { Err(AppError::BadInput { zh, en }) }
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

/// A time of day in Asia/Shanghai in whole minutes, written 08:30; 24:00 is the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(pub u16);

impl TimeOfDay {
    fn parse(text: &str) -> Option<TimeOfDay> {
        let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u16>().ok()).flatten();
        let (hour, minute) = (digits(hour)?, digits(minute)?);
        (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(TimeOfDay(hour * 60 + minute))
    }
}

/// A time of day in Asia/Shanghai in whole minutes, written 08:30; 24:00 is the end of the day.
#[Scalar(name = "TimeOfDay", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339#section-5.6")]
impl ScalarType for TimeOfDay {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => TimeOfDay::parse(text).ok_or_else(|| InputValueError::custom("not a time of day such as 08:30")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(format!("{:02}:{:02}", self.0 / 60, self.0 % 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_has_two_and_two_digits_up_to_midnight() {
        assert_eq!(TimeOfDay::parse("08:30"), Some(TimeOfDay(510)));
        assert_eq!(TimeOfDay::parse("24:00"), Some(TimeOfDay(1440)));
        for text in ["24:01", "8:30", "08:60", "+8:30", "08:3", "08:30:00", ""] {
            assert_eq!(TimeOfDay::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_has_four_two_and_two_digits() {
        assert_eq!(parse("2025-03-09"), NaiveDate::from_ymd_opt(2025, 3, 9));
        for text in ["+99999-1-1", "-9999-1-01", "0000-01-01", "2025-3-009", "2025-02-30", "2025/03/09", "２０２５-03-09", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
