//! Member units, the alliances that they belong to, and the communities that they are paired with.
//!
//! A membership goes `INVITED | APPLIED → ACTIVE → SUSPENDED → WITHDRAWN | EXPIRED`: the host of the alliance (its area's secretary or
//! officer) invites, admits, suspends and resumes; the unit applies, accepts and leaves. A unit is active while at least one membership is;
//! `units.active` says so, kept by every verb that moves a membership, under a lock on the unit's row. What leaving and suspending mean for
//! pledges and matches is told in `matches/standing.rs`.

pub mod actions;
pub mod entity;
pub mod graphql;
pub mod rules;

pub use entity::unit::{Entity, Model};
