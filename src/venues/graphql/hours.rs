//! Times as the API takes and shows them.

use async_graphql::{Enum, InputObject, SimpleObject};
use chrono::{DateTime, Utc};

use crate::date::{Date, TimeOfDay};
use crate::venues::rules::hours as rules;

/// A half-open span of time: the end is not in it, so that spans may touch.
#[derive(SimpleObject, Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The first instant.
    starts_at: DateTime<Utc>,
    /// The first instant after it.
    ends_at: DateTime<Utc>,
}

impl From<rules::Span> for Interval {
    fn from((starts_at, ends_at): rules::Span) -> Self {
        Interval { starts_at, ends_at }
    }
}

/// A day of the week.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weekday {
    /// Monday.
    Monday = 1,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

const WEEK: [Weekday; 7] =
    [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday, Weekday::Saturday, Weekday::Sunday];

/// Open on a day of the week, from a time of day to another, Asia/Shanghai.
#[derive(SimpleObject, InputObject, Clone, Copy)]
#[graphql(input_name = "OpeningInput")]
pub struct Opening {
    /// The day of the week.
    weekday: Weekday,
    /// When it opens.
    opens: TimeOfDay,
    /// When it closes, later on the same day; 24:00 for midnight.
    closes: TimeOfDay,
}

/// Closed for some days.
#[derive(SimpleObject, InputObject, Clone)]
#[graphql(input_name = "ClosureInput")]
pub struct Closure {
    /// The first day.
    first_day: Date,
    /// The last day, included.
    last_day: Date,
    /// Why, at most 100 characters.
    reason: Option<String>,
}

pub fn openings(openings: Vec<Opening>) -> Vec<rules::Opening> {
    let read = |opening: Opening| rules::Opening { weekday: opening.weekday as u8, opens: opening.opens.0, closes: opening.closes.0 };
    openings.into_iter().map(read).collect()
}

pub fn shown(openings: &rules::Openings) -> Vec<Opening> {
    let show = |opening: &rules::Opening| Opening {
        weekday: WEEK[usize::from(opening.weekday.clamp(1, 7) - 1)],
        opens: TimeOfDay(opening.opens),
        closes: TimeOfDay(opening.closes),
    };
    openings.0.iter().map(show).collect()
}

pub fn closures(closures: Vec<Closure>) -> Vec<rules::Closure> {
    let read = |closure: Closure| rules::Closure {
        first_day: closure.first_day.into(),
        last_day: closure.last_day.into(),
        reason: closure.reason,
    };
    closures.into_iter().map(read).collect()
}

pub fn closed(closures: &rules::Closures) -> Vec<Closure> {
    let show = |closure: &rules::Closure| Closure {
        first_day: Date(closure.first_day),
        last_day: Date(closure.last_day),
        reason: closure.reason.clone(),
    };
    closures.0.iter().map(show).collect()
}
