//! Pledges as the API shows them.

mod lists;
mod mutations;
mod pledge;

pub use lists::{PledgeFilter, PledgeOrder, PledgeQuery, pledges_of};
pub use mutations::PledgeMutation;
pub use pledge::{PledgeKey, ResourcePledge, ResourcePledgeConnection};
