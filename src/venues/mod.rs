//! Shared venues: party-masses service centres, stations and posts, and rooms that units own; their function zones and services.
//!
//! A venue belongs to its area or, where a unit owns it, to that unit; the owner manages it. It is open by weekday, closed on the days that
//! it names; a zone follows it unless it has hours of its own. What a zone allows (buffers, lead, length, capacity) is asked by `bookings/`
//! each time that somebody books. A unit can put something into an area's venue: `PROPOSED → AGREED → UNDER_CONSTRUCTION → IN_USE → ENDED`,
//! proposed by either side and agreed to by the other; in use, it is counted as a contribution, once. Nothing is deleted: what closes keeps its past and takes no more bookings.

pub mod actions;
pub mod deadlines;
pub mod entity;
pub mod graphql;
pub mod rules;
