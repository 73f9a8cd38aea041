//! When a venue or a zone is open: by weekday, but for the days on which it is closed.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::areas::rules::optional;
pub use crate::calendar::Span;
use crate::calendar::{shanghai_day, start_of};
use crate::refusal::Refusal;

/// Minutes in a day.
const DAY: u16 = 24 * 60;
const MOST_OPENINGS: usize = 42;
const MOST_CLOSURES: usize = 60;
const LONGEST_CLOSURE: i64 = 366;

/// Open on a weekday (1 is Monday) from a minute of the day to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Opening {
    pub weekday: u8,
    pub opens: u16,
    pub closes: u16,
}

/// The opening hours of a week.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Openings(pub Vec<Opening>);

/// Closed from a day to a day, both included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Closure {
    pub first_day: NaiveDate,
    pub last_day: NaiveDate,
    pub reason: Option<String>,
}

/// The days on which something is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Closures(pub Vec<Closure>);

impl Openings {
    /// In the order of the week; spans of a day may touch but not overlap.
    pub fn check(mut openings: Vec<Opening>) -> Result<Openings, Refusal> {
        openings.sort_unstable();
        let refused = |zh: &str, en: &str| Err(Refusal::invalid("hours", zh, en));
        if openings.len() > MOST_OPENINGS {
            return refused("开放时段最多 42 个", "At most 42 spans in a week");
        }
        if openings.iter().any(|span| span.opens >= span.closes || span.closes > DAY) {
            return refused("开放时段的结束时间须晚于开始时间", "A span ends after it begins");
        }
        if openings.windows(2).any(|pair| pair[0].weekday == pair[1].weekday && pair[1].opens < pair[0].closes) {
            return refused("同一天的开放时段不能重叠", "Spans of one day cannot overlap");
        }
        Ok(Openings(openings))
    }
}

impl Closures {
    pub fn check(closures: Vec<Closure>) -> Result<Closures, Refusal> {
        let refused = |zh: &str, en: &str| Err(Refusal::invalid("closures", zh, en));
        if closures.len() > MOST_CLOSURES {
            return refused("闭馆日期最多 60 项", "At most 60 closures");
        }
        if closures
            .iter()
            .any(|closure| closure.last_day < closure.first_day || (closure.last_day - closure.first_day).num_days() > LONGEST_CLOSURE)
        {
            return refused("闭馆的截止日期不能早于起始日期，且不超过一年", "A closure ends on or after its first day, within a year");
        }
        let clean = |closure: Closure| Ok(Closure { reason: optional("closures", closure.reason.as_deref(), 100)?, ..closure });
        let mut closures = closures.into_iter().map(clean).collect::<Result<Vec<_>, Refusal>>()?;
        closures.sort_unstable();
        Ok(Closures(closures))
    }
}

/// The spans of each day from the one of an instant on until another, whole and as they are written.
pub fn spans(openings: &Openings, closures: &[&Closures], from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Span> {
    let is_closed = |day: &NaiveDate| {
        let mut closures = closures.iter().flat_map(|closures| &closures.0);
        closures.any(|closure| closure.first_day <= *day && *day <= closure.last_day)
    };
    let days = shanghai_day(from).iter_days().take_while(|day| start_of(*day) < to).filter(|day| !is_closed(day));
    let of_day = |day: NaiveDate| {
        let weekday = day.weekday().number_from_monday() as u8;
        let at = move |minute: u16| start_of(day) + TimeDelta::minutes(minute.into());
        openings.0.iter().filter(move |opening| opening.weekday == weekday).map(move |opening| (at(opening.opens), at(opening.closes)))
    };
    days.flat_map(of_day).collect()
}

/// When it is open between two instants, spans that touch made one.
pub fn open_spans(openings: &Openings, closures: &[&Closures], from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Span> {
    let mut open: Vec<Span> = Vec::new();
    for (opens, closes) in spans(openings, closures, from, to) {
        let (opens, closes) = (opens.max(from), closes.min(to));
        match open.last_mut() {
            Some(last) if opens < closes && last.1 == opens => last.1 = closes,
            _ if opens < closes => open.push((opens, closes)),
            _ => {}
        }
    }
    open
}

/// What is left of some spans without others; both in order, and none of either overlapping.
pub fn without(open: Vec<Span>, taken: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    for (opens, closes) in open {
        let mut start = opens;
        for (from, to) in taken.iter().filter(|taken| taken.1 > opens && taken.0 < closes) {
            if *from > start {
                left.push((start, *from));
            }
            start = start.max(*to);
        }
        if start < closes {
            left.push((start, closes));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn opening(weekday: u8, opens: u16, closes: u16) -> Opening {
        Opening { weekday, opens, closes }
    }

    #[test]
    fn spans_that_touch_across_midnight_are_one_and_closed_days_are_left_out() {
        let night = Openings::check(vec![opening(1, 22 * 60, DAY), opening(2, 0, 120), opening(3, 9 * 60, 600)]).unwrap();
        let (from, to) = (at("2025-03-10T00:00:00+08:00"), at("2025-03-17T00:00:00+08:00"));
        let tuesday_night = (at("2025-03-10T22:00:00+08:00"), at("2025-03-11T02:00:00+08:00"));
        let wednesday = (at("2025-03-12T09:00:00+08:00"), at("2025-03-12T10:00:00+08:00"));
        assert_eq!(open_spans(&night, &[], from, to), [tuesday_night, wednesday]);
        let day = |text: &str| text.parse().unwrap();
        let closed = Closures::check(vec![Closure { first_day: day("2025-03-12"), last_day: day("2025-03-12"), reason: None }]).unwrap();
        assert_eq!(open_spans(&night, &[&closed], from, to), [tuesday_night]);
        assert_eq!(open_spans(&night, &[], at("2025-03-11T01:00:00+08:00"), to)[0].0, at("2025-03-11T01:00:00+08:00"));
    }

    #[test]
    fn what_is_taken_is_cut_out_at_the_beginning_in_the_middle_and_at_the_end() {
        let [a, b, c, d, e] = ["08:00", "09:00", "11:00", "12:00", "18:00"].map(|time| at(&format!("2025-03-10T{time}:00+08:00")));
        assert_eq!(without(vec![(a, e)], &[(c, d)]), [(a, c), (d, e)]);
        assert_eq!(without(vec![(a, c), (d, e)], &[(a, b), (c, d)]), [(b, c), (d, e)]);
        assert_eq!(without(vec![(b, d)], &[(a, e)]), []);
        assert_eq!(without(vec![(a, c)], &[(b, d)]), [(a, b)]);
        assert_eq!(without(vec![(a, e)], &[(b, c), (c, d)]), [(a, b), (d, e)]);
    }

    #[test]
    fn hours_of_a_day_do_not_overlap_and_end_after_they_begin() {
        assert!(Openings::check(vec![opening(1, 480, 720), opening(1, 720, 1020)]).is_ok());
        for wrong in [vec![opening(1, 480, 720), opening(1, 719, 1020)], vec![opening(1, 480, 480)], vec![opening(1, 480, DAY + 1)]] {
            assert!(Openings::check(wrong).is_err());
        }
    }
}
