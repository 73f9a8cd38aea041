//! The ledger of what units put in: fair value in fen and hours, line by line, written when a community accepts a delivery
//! or a co-building comes into use.
//!
//! A line is never changed. A mistake is corrected by a second line that reverses the first, once. The service never moves money.

pub mod actions;
pub mod entity;
pub mod graphql;
