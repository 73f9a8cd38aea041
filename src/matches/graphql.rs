//! Matches, deliveries and evaluations as the API shows them.

mod deliveries;
mod inputs;
mod pictures;
mod queries;
mod types;

pub use deliveries::{Delivery, DeliveryKey, Evaluation, EvaluationKey};
pub use inputs::MatchMutation;
pub use pictures::{Picture, PictureKey};
pub use queries::MatchQuery;
pub use types::{Match, MatchConnection, MatchKey, MatchesPage};
