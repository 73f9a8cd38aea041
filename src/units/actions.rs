//! Verbs of units, alliances, memberships and pairings. Suspending, resuming, leaving and expiring also touch pledges and matches: those verbs
//! live in `matches/` and stand on [`move_membership`].

mod alliances;
mod memberships;
mod pairings;
mod units;

pub use alliances::{AllianceChange, found_alliance, update_alliance};
pub use memberships::{Offer, admit_membership, apply_to_alliance, invite_unit, move_membership, permit_step};
pub use pairings::{end_pairing, pair_unit};
pub use units::{Details, NewUnit, UnitChange, add_unit, update_unit};
