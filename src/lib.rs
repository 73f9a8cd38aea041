//! Alliance links member units, shared venues and pledged resources to the communities that need them.
//!
//! The modules below stand in the order in which they are best read. A request comes in by [`http`], is measured by [`graphql::guard`],
//! becomes a viewer by [`auth`] and ends in one action of a topic, which runs as one transaction ([`work`]): it locks what the viewer may
//! see, asks the permission table, decides by the topic's pure rules, writes, and journals. What time does by itself is in [`deadlines`].

// What everything stands on.
pub mod app;
pub mod boot;
pub mod calendar;
pub mod clock;
pub mod config;
pub mod date;
pub mod db;
pub mod decimal;
pub mod error;
pub mod identifying;
pub mod ids;
pub mod keys;
pub mod lang;
pub mod memory;
pub mod outbound;
pub mod picture;
pub mod refusal;
pub mod search;
pub mod telemetry;
pub mod terms;
pub mod work;

// Who may do what, and what was done.
pub mod auth;
pub mod journal;

// The doors.
pub mod graphql;
pub mod http;

// The pages.
#[cfg(feature = "console")]
pub mod console;

// The topics, each of which may use those before it.
pub mod areas;

pub mod clients;

pub mod units;

pub mod resources;

pub mod contributions;

pub mod venues;

pub mod sittings;

pub mod bookings;

pub mod needs;

pub mod matches;

pub mod reports;

pub mod webhooks;

pub mod robots;

pub mod complaints;

// What happens by itself.
pub mod deadlines;
pub mod upkeep;

// The demonstration.
pub mod demo;
