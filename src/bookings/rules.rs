//! What a booking allows: its states, when it may lie, who answers; and the dates of a series.

pub mod free;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use rrule::{Frequency, RRule, Tz, Unvalidated};
use uuid::Uuid;

use super::entity::booking::Model;
use crate::calendar::shanghai_day;
use crate::refusal::{Reason, Refusal, State};
use crate::terms::term;
use crate::venues::entity::{venue, zone};
use crate::venues::rules::hours::Span;
use crate::venues::rules::{bookable_hours, check_open};

/// Dates in one series.
pub const MOST_DATES: usize = 60;

term! {
    /// Where a booking stands.
    BookingStatus {
        /// The time is taken; whoever waits gets it in the order of asking when it comes free.
        Waiting = "WAITING" "候补中",
        /// Holds its time until the owner answers or it expires.
        Requested = "REQUESTED" "待审批",
        /// It stands.
        Approved = "APPROVED" "已通过",
        /// It took place.
        Completed = "COMPLETED" "已完成",
        /// The owner turned it down, or it gave way to an activity of the community.
        Rejected = "REJECTED" "未通过",
        /// It was given up.
        Cancelled = "CANCELLED" "已取消",
        /// Nobody answered or took it up in time.
        Expired = "EXPIRED" "已失效",
        /// Nobody came.
        NoShow = "NO_SHOW" "未到场",
    }
}

impl BookingStatus {
    /// States in which a time is or was taken.
    pub const TAKEN: [BookingStatus; 3] = [BookingStatus::Requested, BookingStatus::Approved, BookingStatus::Completed];

    pub fn is_live(self) -> bool {
        matches!(self, BookingStatus::Requested | BookingStatus::Approved)
    }

    pub fn state(self) -> State {
        State { code: self.code(), zh: self.zh() }
    }
}

term! {
    /// What a series does about dates that clash.
    SeriesClash {
        /// Nothing is booked at all.
        Refuse = "REFUSE" "有冲突则全部不预约",
        /// The dates that clash, or on which the zone is closed, are left out.
        Skip = "SKIP" "跳过冲突日期",
    }
}

/// Whether a venue is that of the party itself.
pub fn is_own(venue: &venue::Model, unit: Option<Uuid>, community: Option<Uuid>) -> bool {
    match venue.unit_id {
        Some(owner) => unit == Some(owner),
        None => community == Some(venue.area_id),
    }
}

fn wrong_state(booking: &Model) -> Refusal {
    Reason::WrongState { state: booking.status.state() }.into()
}

/// The time that a booking holds, with the buffers of its zone.
pub fn held(zone: &zone::Model, (starts, ends): Span) -> Span {
    (starts - TimeDelta::minutes(zone.buffer_before.into()), ends + TimeDelta::minutes(zone.buffer_after.into()))
}

pub fn overlap(one: Span, other: Span) -> bool {
    one.0 < other.1 && other.0 < one.1
}

/// Whether a time is one that a zone takes, whoever else has it: whole minutes, to come, not too far ahead, not too long.
pub fn check_time(venue: &venue::Model, zone: &zone::Model, (starts, ends): Span, now: DateTime<Utc>) -> Result<(), Refusal> {
    check_open(venue, Some(zone), shanghai_day(now)).map_err(|refusal| refusal.at_input("zone"))?;
    for (field, at) in [("startsAt", starts), ("endsAt", ends)] {
        if at.second() != 0 || at.nanosecond() != 0 {
            return Err(Refusal::invalid(field, "时间须为整分钟", "Times are whole minutes"));
        }
    }
    if ends <= starts {
        return Err(Refusal::invalid("endsAt", "结束时间须晚于开始时间", "It ends after it begins"));
    }
    if starts < now {
        return Err(Refusal::invalid("startsAt", "开始时间不能早于现在", "It cannot begin in the past"));
    }
    if ends - starts > TimeDelta::minutes(zone.longest_minutes.into()) {
        return Err(Refusal::from(Reason::TooLong { minutes: zone.longest_minutes }).at_input("endsAt"));
    }
    let (_, last) = free::bookable(zone, now);
    if ends > last {
        let day = shanghai_day(last - TimeDelta::seconds(1));
        return Err(Refusal::from(Reason::TooFarAhead { day }).at_input("startsAt"));
    }
    Ok(())
}

pub fn check_headcount(zone: &zone::Model, headcount: Option<i32>) -> Result<(), Refusal> {
    match (headcount, zone.capacity) {
        (Some(headcount), _) if headcount < 1 => Err(Refusal::invalid("headcount", "人数须大于 0", "The head-count must be above 0")),
        (Some(headcount), Some(capacity)) if headcount > capacity => {
            Err(Refusal::from(Reason::OverCapacity { capacity }).at_input("headcount"))
        }
        _ => Ok(()),
    }
}

/// Whether a time lies wholly within opening hours.
pub fn is_open(venue: &venue::Model, zone: &zone::Model, time: Span) -> bool {
    bookable_hours(venue, zone, time.0, time.1) == [time]
}

/// Whether the owner can approve a request; `false` where that is done already.
pub fn approve(booking: &Model, by: Option<Uuid>, now: DateTime<Utc>) -> Result<bool, Refusal> {
    if booking.status == BookingStatus::Approved {
        return Ok(false);
    }
    answerable(booking, now)?;
    if by.is_some() && by == Some(booking.requested_by) {
        return Err(Reason::SecondPersonRequired.into());
    }
    Ok(true)
}

fn answerable(booking: &Model, now: DateTime<Utc>) -> Result<(), Refusal> {
    if booking.status != BookingStatus::Requested {
        return Err(wrong_state(booking));
    }
    // Whether or not the sweep has come by.
    match booking.next_step_at {
        Some(lapsed) if lapsed <= now => Err(Reason::Lapsed { day: shanghai_day(lapsed - TimeDelta::seconds(1)) }.into()),
        _ => Ok(()),
    }
}

/// Whether the owner can turn a request down; `false` where that is done already.
pub fn reject(booking: &Model) -> Result<bool, Refusal> {
    match booking.status {
        BookingStatus::Rejected => Ok(false),
        BookingStatus::Requested | BookingStatus::Waiting => Ok(true),
        _ => Err(wrong_state(booking)),
    }
}

/// Whether whoever waited can take a promoted request up: where no approval is asked for, or of their own. `false` where that is done already.
pub fn take_up(booking: &Model, venue: &venue::Model, zone: &zone::Model, now: DateTime<Utc>) -> Result<bool, Refusal> {
    if booking.status == BookingStatus::Approved {
        return Ok(false);
    }
    let asks = zone.approval && !is_own(venue, booking.unit_id, booking.community_id);
    if !booking.promoted || asks {
        return Err(wrong_state(booking));
    }
    answerable(booking, now).map(|()| true)
}

/// Whether a booking can still be given up; `false` where that is done already.
pub fn cancel(booking: &Model, now: DateTime<Utc>) -> Result<bool, Refusal> {
    match booking.status {
        BookingStatus::Cancelled => Ok(false),
        BookingStatus::Waiting | BookingStatus::Requested => Ok(true),
        BookingStatus::Approved if now < booking.ends_at => Ok(true),
        _ => Err(wrong_state(booking)),
    }
}

/// Whether the owner can say how a booking went: that it took place, once it is over, or that nobody came, once it has begun.
pub fn conclude(booking: &Model, as_: BookingStatus, now: DateTime<Utc>) -> Result<bool, Refusal> {
    if booking.status == as_ {
        return Ok(false);
    }
    let from = if as_ == BookingStatus::NoShow { booking.starts_at } else { booking.ends_at };
    if booking.status != BookingStatus::Approved || now < from {
        return Err(wrong_state(booking));
    }
    Ok(true)
}

/// What the clock does to a booking.
pub fn due(booking: &Model, now: DateTime<Utc>) -> Option<BookingStatus> {
    booking.next_step_at.filter(|at| *at <= now)?;
    match booking.status {
        BookingStatus::Requested | BookingStatus::Waiting => Some(BookingStatus::Expired),
        BookingStatus::Approved => Some(BookingStatus::Completed),
        _ => None,
    }
}

/// The times of a series: a recurrence rule of RFC 5545 by days, weeks, months or years, counted from the first time.
pub fn dates(rule: &str, first: Span) -> Result<Vec<Span>, Refusal> {
    let refused = |zh: &str, en: &str| Refusal::invalid("rule", zh, en);
    let malformed = || {
        refused(
            "重复规则无法识别，请按 RFC 5545 填写，如 FREQ=WEEKLY;BYDAY=TU;COUNT=8；UNTIL 须为世界时，如 20250630T155959Z",
            "No rule of RFC 5545 such as FREQ=WEEKLY;BYDAY=TU;COUNT=8; UNTIL is in UTC, such as 20250630T155959Z",
        )
    };
    if rule.len() > 200 || !rule.is_ascii() {
        return Err(malformed());
    }
    let parsed: RRule<Unvalidated> = rule.parse().map_err(|_| malformed())?;
    if matches!(parsed.get_freq(), Frequency::Hourly | Frequency::Minutely | Frequency::Secondly) {
        return Err(refused("重复频率最密为每天一次", "It recurs once a day at most"));
    }
    let start = first.0.with_timezone(&Tz::Asia__Shanghai);
    let set = parsed.build(start).map_err(|_| malformed())?;
    let found = set.all(MOST_DATES as u16 + 1);
    if found.dates.len() > MOST_DATES {
        return Err(refused("一次最多预约 60 个日期，请用 COUNT 或 UNTIL 限定", "At most 60 dates: end it by COUNT or UNTIL"));
    }
    if found.dates.is_empty() {
        return Err(refused("该规则没有任何日期", "The rule has no date"));
    }
    Ok(found.dates.into_iter().map(|date| (date.to_utc(), date.to_utc() + (first.1 - first.0))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_rule_gives_its_dates_at_the_hour_of_the_first() {
        let first = (at("2025-03-11T09:00:00+08:00"), at("2025-03-11T10:30:00+08:00"));
        let weekly = dates("FREQ=WEEKLY;BYDAY=TU;COUNT=3", first).unwrap();
        let starts: Vec<_> = weekly.iter().map(|span| span.0).collect();
        assert_eq!(starts, [first.0, at("2025-03-18T09:00:00+08:00"), at("2025-03-25T09:00:00+08:00")]);
        assert_eq!(weekly[2].1, at("2025-03-25T10:30:00+08:00"));
        assert_eq!(dates("FREQ=DAILY;UNTIL=20250312T155959Z", first).unwrap().len(), 2);
        for wrong in
            ["", "FREQ=HOURLY;COUNT=3", "FREQ=DAILY", "FREQ=DAILY;COUNT=61", "every tuesday", "FREQ=WEEKLY;BYDAY=XX;COUNT=2", "每周二"]
        {
            assert!(dates(wrong, first).is_err(), "{wrong}");
        }
    }
}
