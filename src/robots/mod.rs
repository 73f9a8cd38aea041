//! Robots of WeCom groups (企业微信群机器人): what happens in an area, told to the group of those who work there, and a digest in the morning.
//!
//! A robot reads the change feed with the rights of its area, from a cursor of its own, and tells what is new in one message at a time. Its
//! cursor moves when the message was received, so that nothing is left out. At most 20 messages a minute go to one robot. A message names
//! needs, units, quantities and times, never contacts or residents. The key of a robot is a credential: it is sealed and never shown.

pub mod actions;
pub mod entity;
pub mod graphql;
pub mod rules;
pub mod sending;
pub mod telling;
