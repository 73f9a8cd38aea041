//! Bookings as the API shows them.

mod inputs;
mod queries;
mod types;

pub use inputs::BookingMutation;
pub use queries::BookingQuery;
pub use types::{Booking, BookingConnection, BookingKey, BookingSeries, BookingsOf, HeldIn, SeriesKey};
