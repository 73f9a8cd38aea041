//! The area tree: district, street, community, compound, grid, building, entrance; and the calendar that deadlines are counted in.
//!
//! An area is one place between two redrawings. Its code is an attribute with dates, never the key: when a community is split, the old
//! area is closed, new ones take over from a day on, and every record keeps the area it was made in. A code has one bearer at a time.

pub mod actions;
pub mod entity;
pub mod graphql;
pub mod rules;

pub use entity::area::{Entity, Model};
pub use entity::{Place, holiday, visible};
