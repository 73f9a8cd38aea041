//! Needs as the API shows them.

mod inputs;
mod queries;
mod types;

pub use inputs::NeedMutation;
pub use queries::NeedQuery;
pub use types::{CommunityNeed, CommunityNeedConnection, NeedKey};
