//! Accounts and sessions as the API shows them.

mod accounts;
mod grants;
mod sessions;

pub use accounts::{AccountMutation, AccountQuery};
pub use grants::GrantMutation;
pub use sessions::{SessionMutation, SessionQuery};

use crate::error::Result;
use crate::graphql::Request;
use crate::refusal::Reason;

/// That the request asks for neither a replay nor a rehearsal: a secret that was handed out, set or ended cannot be had again or put back.
pub fn without_headers(request: &Request) -> Result<()> {
    if request.idempotency_key.is_some() || request.dry_run {
        return Err(Reason::HeaderNotAllowed.into());
    }
    Ok(())
}
