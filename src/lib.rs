//! Alliance links member units, shared venues and pledged resources to the communities that need them.

pub mod app;
pub mod areas;
pub mod auth;
pub mod calendar;
pub mod clock;
pub mod config;
pub mod contributions;
pub mod db;
pub mod deadlines;
pub mod decimal;
pub mod error;
pub mod graphql;
pub mod http;
pub mod ids;
pub mod journal;
pub mod keys;
pub mod lang;
pub mod matches;
pub mod needs;
pub mod refusal;
pub mod reports;
pub mod resources;
pub mod search;
pub mod terms;
pub mod units;
pub mod work;
