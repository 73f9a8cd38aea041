//! Figures of an area and a period, each counted from recorded events and each with the rows behind it; nothing here is ever typed in.
//!
//! Sums are public. Rows and the needs that are counted are those that the viewer may see, so that no count tells of a hidden row.

pub mod figures;
pub mod graphql;
mod parts;
