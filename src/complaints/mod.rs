//! Complaints and suggestions (投诉建议): anybody sends them to a community, a street or a district, without an account, and follows them by
//! a receipt number that is shown once.
//!
//! What was written is for those who answer for the area that it was sent to, and for whoever has the number; it is sealed in the database.
//! One that is not answered in time goes up to the street and then to the district. What was written, whom to call and the answer are erased
//! half a year after the answer; that there was one stays.

pub mod actions;
pub mod deadlines;
pub mod entity;
pub mod graphql;
pub mod rules;
