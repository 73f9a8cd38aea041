//! Partner organisations' programs: registered by a district, with a secret or a key of their own, scopes, origins and an end.
//!
//! A client is an account with the role of a partner on its district and without a password. What it proves itself with, a secret or a
//! public key, is a session that runs until the credential ends: tokens, revocation and rates are therefore those of everybody. A new
//! credential leaves the older ones some time to end in; revoking the client ends all of them at once. A client may register the documents
//! that it sends, and can be held to them.

pub mod actions;
pub mod entity;
pub mod graphql;
pub mod operations;
pub mod origins;
pub mod rules;
pub mod tokens;
