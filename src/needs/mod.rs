//! What communities need, from the draft to the last acceptance.
//!
//! `DRAFT → SUBMITTED → RETURNED → SUBMITTED | PUBLISHED_DIRECTED → PUBLISHED_OPEN → ESCALATED`: the community posts and submits, the street
//! publishes or returns. First only the paired units may claim, then all members, then the need goes up to the street and the district.
//! How far it is published and how far it is fulfilled are two things: `publication` moves by review and by the clock, and the status is
//! told from it and from the quantities by [`rules::status`]. What always holds, kept by the database: wanted = unmatched + promised +
//! delivered + accepted. Withdrawing and closing end matches, so these verbs live in `matches/`.

pub mod actions;
pub mod deadlines;
pub mod entity;
pub mod graphql;
pub mod rules;

pub use entity::need::{Entity, Model};
