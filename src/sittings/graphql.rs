//! Sittings as the API shows them.

mod mutations;
mod plans;
mod reservations;

pub use mutations::SittingMutation;
pub use plans::{Sitting, SittingPlan, plan, sittings_of};
pub use reservations::{Reservation, ReservationKey, ReservationQuery};
