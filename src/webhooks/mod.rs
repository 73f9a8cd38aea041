//! Webhooks: where a partner's program wants to hear of changes, and the messages that were sent there.
//!
//! A webhook reads the change feed as its client would, from a cursor of its own, and every change becomes one message: written in the
//! transaction that moves the cursor, so that none is lost or doubled. A message is sent until it is received; the next one of the same
//! object waits for it. A webhook that has failed for days, or whose address says that it is gone, is PAUSED; resuming goes on where it
//! stopped. Messages are signed as Standard Webhooks has it and carry ids, no contents: whoever gets one asks the API, with its own rights.

pub mod actions;
pub mod entity;
pub mod graphql;
pub mod rules;
pub mod sending;
