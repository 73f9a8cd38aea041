//! Units, alliances and memberships as the API shows them.

mod alliances;
mod units;

pub use alliances::{Alliance, AllianceKey, Membership, MembershipKey};
pub use units::{MemberUnit, MemberUnitConnection, UnitKey, UnitQuery, unit};
