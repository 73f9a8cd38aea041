//! Bookings as the API shows them.

mod calendars;
mod inputs;
mod queries;
mod types;

pub use calendars::{BookingCalendar, CalendarKey, CalendarMutation, CalendarQuery};
pub use inputs::BookingMutation;
pub use queries::BookingQuery;
pub use types::{BookedFor, Booking, BookingConnection, BookingKey, BookingSeries, BookingsOf, HeldIn, SeriesKey};
