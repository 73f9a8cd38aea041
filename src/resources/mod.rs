//! The resource list: what units pledge, how much of it is left, and whom it serves.
//!
//! A pledge goes `DRAFT → SUBMITTED → LISTED | RETURNED → SUBMITTED`: its unit submits, somebody else lists or returns it, the street officer
//! of an alliance that the unit is in or the district. The unit pauses, resumes, renews and withdraws. `LISTED ⇄ EXHAUSTED` follows from
//! what is available, `EXPIRED` from the date; a listed pledge that its unit has not confirmed for long stays `LISTED` and is hidden
//! (`stale`) until the unit renews it. Whatever takes a pledge off the list stops new requests; what is held for matches lives on.
//!
//! What always holds: total = available + held + given, or total and available are null and the pledge is inexhaustible. Quantities are whole
//! thousandths of the measure, moved by `hold`, `release` and `give` alone, under a lock on the row.

pub mod actions;
pub mod entity;
pub mod graphql;
pub mod rules;

pub use entity::pledge::{Entity, Model};
