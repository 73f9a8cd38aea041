//! What the service promises whatever is asked of it, and the verbs one by one.

mod areas;
mod clients;
mod conformance;
mod contract;
mod described;
mod doors;
mod feed;
mod held;
mod hostile;
mod house;
mod keys;
mod limits;
mod manners;
mod memory;
mod needs;
mod outside;
mod plans;
mod pledges;
mod registered;
mod reports;
mod sign_in;
mod sockets;
mod statements;
mod units;
mod venues;
mod walk;
