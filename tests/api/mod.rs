//! What the service promises whatever is asked of it, and the verbs one by one.

mod areas;
mod contract;
mod described;
mod doors;
mod house;
mod limits;
mod manners;
mod needs;
mod pledges;
mod units;
