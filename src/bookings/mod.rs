//! Bookings of function zones, by units and communities.
//!
//! `REQUESTED → APPROVED → COMPLETED`; a request holds its time until the owner of the venue answers or it expires, and the owner's own
//! bookings, and all where the zone asks for no approval, stand at once. `REJECTED, CANCELLED, EXPIRED, NO_SHOW` give the time back. Who finds
//! it taken may wait (`WAITING`): in the order of asking, a time that comes free is held for a day for whoever waits. An activity of the
//! community whose venue it is sends pending requests of others away, never an approved one.
//!
//! What always holds, kept by the database: no two live bookings of a zone overlap, buffers included; intervals are half-open, so that
//! touching is no overlap. Rows are locked in one order: unit, zone, booking. An action locks the zone before it looks.

pub mod actions;
pub mod calendars;
pub mod deadlines;
pub mod entity;
pub mod graphql;
pub mod rules;

pub use entity::booking::{Entity, Model};
