//! Units, alliances and memberships as the API shows them.

mod alliances;
mod inputs;
mod mutations;
mod queries;
mod units;

pub use alliances::{Alliance, AllianceKey, Membership, MembershipKey};
pub use mutations::UnitMutation;
pub use queries::UnitQuery;
pub use units::{MemberUnit, MemberUnitConnection, UnitKey, unit};
