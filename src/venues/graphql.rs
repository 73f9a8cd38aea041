//! Venues as the API shows them.

mod co_buildings;
mod hours;
mod lists;
mod mutations;
mod services;
mod venues;
mod zones;

pub use co_buildings::{CoBuildingKey, CoBuildingMutation, VenueCoBuilding};
pub use hours::{Interval, Opening, openings, shown};
pub use lists::VenueQuery;
pub use mutations::VenueMutation;
pub use services::{ServiceKey, VenueService};
pub use venues::{Venue, VenueConnection, VenueKey, venue};
pub use zones::{FunctionZone, ZoneKey, zone};
