//! When a zone can be booked: open, not held by anybody, not past and not too far ahead.

use chrono::{DateTime, Days, TimeDelta, Utc};

use crate::calendar::{shanghai_day, start_of};
use crate::venues::entity::{venue, zone};
use crate::venues::rules::bookable_hours;
use crate::venues::rules::hours::Span;

/// The furthest that anybody looks ahead in one question.
pub const LONGEST_LOOK: i64 = 90;
/// The buffers of two bookings beside each other, at their longest: what is held so far from a span can still stand in its way.
pub const LONGEST_BUFFERS: TimeDelta = TimeDelta::minutes(480);
/// How many times are offered in the place of one that is taken.
const OFFERED: usize = 3;

/// The first whole minute from an instant on.
fn whole_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    let over = at.timestamp() % 60 * 1_000_000_000 + i64::from(at.timestamp_subsec_nanos());
    if over == 0 { at } else { at + TimeDelta::nanoseconds(60_000_000_000 - over) }
}

/// From when to when a zone can be booked at all today.
pub fn bookable(zone: &zone::Model, now: DateTime<Utc>) -> Span {
    let last = shanghai_day(now) + Days::new(zone.lead_days.unsigned_abs().into());
    (whole_minute(now), start_of(last + Days::new(1)))
}

/// The maximal spans of at least some length in which a booking can lie between two instants. `held` are the times that live bookings hold,
/// with their buffers, in order.
pub fn free(venue: &venue::Model, zone: &zone::Model, held: &[Span], look: Span, least: TimeDelta, now: DateTime<Utc>) -> Vec<Span> {
    let today = shanghai_day(now);
    if [venue.closed_on, zone.closed_on].into_iter().flatten().any(|day| day <= today) {
        return Vec::new();
    }
    let (first, last) = bookable(zone, now);
    let (from, to) = (look.0.max(first), look.1.min(last));
    let (before, after) = (TimeDelta::minutes(zone.buffer_before.into()), TimeDelta::minutes(zone.buffer_after.into()));
    let mut spans = Vec::new();
    for (opens, closes) in bookable_hours(venue, zone, from, to) {
        let mut start = opens;
        for (held_from, held_until) in held {
            // A booking here must have its own buffers outside what is held.
            let (end, next) = (*held_from - after, *held_until + before);
            if next <= start || closes <= end {
                continue;
            }
            if end > start {
                spans.push((start, end));
            }
            start = start.max(next);
        }
        if closes > start {
            spans.push((start, closes));
        }
    }
    spans.retain(|(start, end)| *end - *start >= least.max(TimeDelta::minutes(1)));
    spans
}

/// The next times of a length from an instant on, out of what is free.
pub fn next_times(free: &[Span], length: TimeDelta) -> Vec<Span> {
    let mut times = Vec::new();
    for (start, end) in free {
        let mut at = *start;
        while at + length <= *end && times.len() < OFFERED {
            times.push((at, at + length));
            at += length;
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::venues::rules::hours::{Closures, Opening, Openings};
    use crate::venues::rules::{VenueKind, ZoneKind};

    fn at(minutes: i64) -> DateTime<Utc> {
        // Monday, 2025-03-10, midnight in Shanghai.
        "2025-03-10T00:00:00+08:00".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
    }

    fn room(openings: Vec<Opening>, before: i32, after: i32) -> (venue::Model, zone::Model) {
        let id = Uuid::from_u128(1);
        let venue = venue::Model {
            id,
            district_id: id,
            street_id: None,
            community_id: None,
            area_id: id,
            unit_id: None,
            name: String::new(),
            kind: VenueKind::Station,
            address: None,
            latitude: None,
            longitude: None,
            hours: Openings(openings),
            closures: Closures::default(),
            opened_on: shanghai_day(at(0)),
            closed_on: None,
            created_at: at(0),
        };
        let zone = zone::Model {
            id,
            district_id: id,
            venue_id: id,
            name: String::new(),
            kind: ZoneKind::Meeting,
            capacity: None,
            equipment: None,
            hours: None,
            closures: Closures::default(),
            buffer_before: before,
            buffer_after: after,
            lead_days: 30,
            longest_minutes: 480,
            approval: true,
            sittings: None,
            closed_on: None,
            created_at: at(0),
        };
        (venue, zone)
    }

    proptest! {
        /// Minute by minute: a booking of one minute fits exactly where a span says so, and spans that touch are one.
        #[test]
        fn what_is_free_is_what_can_be_booked(
            hours in prop::collection::vec((0u16..24, 1u16..6), 1..3),
            bookings in prop::collection::vec((0i64..2880, 1i64..240), 0..6),
            (before, after) in (0i32..20, 0i32..20),
            now in 0i64..1000,
        ) {
            let openings: Vec<Opening> = (1..=2).flat_map(|weekday| hours.iter().map(move |(opens, length)| {
                Opening { weekday, opens: opens * 60, closes: (opens + length).min(24) * 60 }
            })).collect();
            let Ok(Openings(openings)) = Openings::check(openings) else { return Ok(()) };
            let (venue, zone) = room(openings.clone(), before, after);
            let mut held: Vec<(i64, i64)> = Vec::new();
            for (start, length) in bookings {
                let new = (start - i64::from(before), start + length + i64::from(after));
                if held.iter().all(|old| old.1 <= new.0 || new.1 <= old.0) {
                    held.push(new);
                }
            }
            held.sort_unstable();
            let spans: Vec<Span> = held.iter().map(|(from, to)| (at(*from), at(*to))).collect();
            let found = free(&venue, &zone, &spans, (at(0), at(2880)), TimeDelta::minutes(1), at(now));
            prop_assert!(found.windows(2).all(|pair| pair[0].1 < pair[1].0), "maximal and in order");
            for minute in 0..2880i64 {
                let day = minute / 1440;
                let open = openings.iter().any(|opening| {
                    i64::from(opening.weekday) == day + 1 && i64::from(opening.opens) <= minute % 1440 && minute % 1440 < i64::from(opening.closes)
                });
                let (from, to) = (minute - i64::from(before), minute + 1 + i64::from(after));
                let taken = held.iter().any(|old| old.0 < to && from < old.1);
                let told = found.iter().any(|span| span.0 <= at(minute) && at(minute + 1) <= span.1);
                prop_assert_eq!(told, open && !taken && minute >= now, "minute {}", minute);
            }
        }
    }

    #[test]
    fn three_times_are_offered_from_the_first_that_is_long_enough() {
        let spans = [(at(0), at(30)), (at(60), at(150)), (at(200), at(400))];
        let hour = TimeDelta::minutes(60);
        assert_eq!(next_times(&[spans[1], spans[2]], hour), [(at(60), at(120)), (at(200), at(260)), (at(260), at(320))]);
        assert_eq!(next_times(&spans[..1], hour), []);
    }
}
