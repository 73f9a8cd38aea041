//! Stories told through the public door: real HTTP on a loopback port, each on both databases.
//!
//! `support` is the harness; `journeys` are the scenes that the exchange has to carry from the first step to the last; `console` is
//! what people see; `api` is the rest.
//! PostgreSQL comes from `scripts/test`; a test that needs it and does not find it fails.

#[macro_use]
mod support;

mod api;
mod broken;
mod console;
mod journeys;
mod killed;
mod opening;
mod partner;
mod properties;
mod races;
