//! Canteens and day care: a zone with sittings by weekday, its price bands, its sponsored places and its licence.
//!
//! The owner of the venue plans them. Communities reserve places for residents, who are counted by price band and never named; no more than
//! the seats of a sitting, no more sponsored places than are left, none after the licence has run out. What is given up before the sitting
//! begins comes back. While a sitting is on, the zone takes no bookings.

pub mod actions;
pub mod deadlines;
pub mod entity;
pub mod graphql;
pub mod rules;
