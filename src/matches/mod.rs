//! Matches: a unit claims a need or a community requests a pledge, the other side confirms, the unit delivers, the community accepts,
//! both rate.
//!
//! `APPLIED → CONFIRMED → FULFILLING → DELIVERED → COMPLETED`; ended with nothing accepted it is `REJECTED, CANCELLED_BY_UNIT,
//! REVOKED_BY_COMMUNITY, TIMED_OUT` or `TRANSFERRED`, ended after something was accepted it is `COMPLETED` with the rest returned.
//! What always holds, kept by the database: quantity = outstanding + delivered + accepted + returned, and each movement of a match moves
//! its need and its pledge by the same quantity (`ledger.rs`). Nothing ends while a report waits for an answer. Rows are locked in one
//! order: unit, zone, booking, need, pledge, match, delivery.

pub mod actions;
pub mod deadlines;
pub mod entity;
pub mod graphql;
mod ledger;
pub mod rules;
pub mod standing;

pub use entity::exchange::{Entity, Model};
