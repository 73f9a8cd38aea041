//! What the mutations of units, alliances, memberships and pairings take.

use async_graphql::{ID, InputObject, MaybeUndefined};

use crate::date::{Date, day};
use crate::error::Result;
use crate::graphql::key;
use crate::ids::NodeKind;
use crate::units::actions::{AllianceChange, Details, NewUnit, Offer, UnitChange};
use crate::units::rules::{Track, UnitKind};

/// A new member unit.
#[derive(InputObject)]
pub struct AddUnitInput {
    /// The district that keeps its entry.
    district: ID,
    /// Its name, at most 80 characters.
    name: String,
    /// What sort of organisation it is.
    kind: UnitKind,
    /// Which line of party building it belongs to.
    track: Track,
    /// Its unified social credit code, 18 characters.
    credit_code: Option<String>,
    /// Why it has no credit code, at most 200 characters; needed where there is none.
    no_credit_code_reason: Option<String>,
    /// Its address, at most 200 characters; it need not lie in the area that it serves.
    address: Option<String>,
    /// The person to talk to, at most 40 characters.
    contact_name: Option<String>,
    /// That person's mobile number, 11 digits; kept sealed.
    contact_phone: Option<String>,
    /// The secretary of its party organisation, at most 40 characters.
    party_secretary: Option<String>,
}

impl AddUnitInput {
    pub fn read(self) -> Result<NewUnit> {
        Ok(NewUnit {
            district: key(NodeKind::Area, &self.district)?,
            name: self.name,
            kind: self.kind,
            track: self.track,
            details: Details {
                credit_code: Some(self.credit_code),
                no_credit_code_reason: Some(self.no_credit_code_reason),
                address: Some(self.address),
                contact_name: Some(self.contact_name),
                contact_phone: Some(self.contact_phone),
                party_secretary: Some(self.party_secretary),
            },
        })
    }
}

/// A change to a unit's entry: what is absent stays, null takes a value away.
#[derive(InputObject)]
pub struct UpdateUnitInput {
    /// The unit.
    id: ID,
    /// Its name, at most 80 characters.
    name: Option<String>,
    /// What sort of organisation it is.
    kind: Option<UnitKind>,
    /// Which line of party building it belongs to.
    track: Option<Track>,
    /// Its unified social credit code, 18 characters; the reason for having none then falls away.
    credit_code: MaybeUndefined<String>,
    /// Why it has no credit code, at most 200 characters; needed where there is none.
    no_credit_code_reason: MaybeUndefined<String>,
    /// Its address, at most 200 characters.
    address: MaybeUndefined<String>,
    /// The person to talk to, at most 40 characters.
    contact_name: MaybeUndefined<String>,
    /// That person's mobile number, 11 digits; kept sealed.
    contact_phone: MaybeUndefined<String>,
    /// The secretary of its party organisation, at most 40 characters.
    party_secretary: MaybeUndefined<String>,
}

impl UpdateUnitInput {
    pub fn read(self) -> Result<UnitChange> {
        Ok(UnitChange {
            id: key(NodeKind::Unit, &self.id)?,
            name: self.name,
            kind: self.kind,
            track: self.track,
            details: Details {
                credit_code: self.credit_code.into(),
                no_credit_code_reason: self.no_credit_code_reason.into(),
                address: self.address.into(),
                contact_name: self.contact_name.into(),
                contact_phone: self.contact_phone.into(),
                party_secretary: self.party_secretary.into(),
            },
        })
    }
}

/// A new alliance.
#[derive(InputObject)]
pub struct FoundAllianceInput {
    /// The area that hosts it.
    pub host: ID,
    /// Its name, at most 80 characters.
    pub name: String,
    /// How it works, in the host's words, at most 500 characters.
    pub model: Option<String>,
}

/// A change to an alliance: what is absent stays.
#[derive(InputObject)]
pub struct UpdateAllianceInput {
    /// The alliance.
    id: ID,
    /// Its name, at most 80 characters.
    name: Option<String>,
    /// How it works, in the host's words, at most 500 characters; null takes it away.
    model: MaybeUndefined<String>,
}

impl UpdateAllianceInput {
    pub fn read(self) -> Result<AllianceChange> {
        Ok(AllianceChange { id: key(NodeKind::Alliance, &self.id)?, name: self.name, model: self.model.into() })
    }
}

/// An invitation of a unit to an alliance.
#[derive(InputObject)]
pub struct InviteUnitInput {
    /// The alliance that invites.
    alliance: ID,
    /// The unit that is invited.
    unit: ID,
    /// What is to be agreed, at most 2000 characters.
    agreement: Option<String>,
    /// The last day of the agreement, not before today; open where absent.
    until: Option<Date>,
}

impl InviteUnitInput {
    pub fn read(self) -> Result<Offer> {
        Ok(Offer {
            alliance: key(NodeKind::Alliance, &self.alliance)?,
            unit: key(NodeKind::Unit, &self.unit)?,
            agreement: self.agreement,
            until: day(self.until),
        })
    }
}

/// An application of a unit to an alliance.
#[derive(InputObject)]
pub struct ApplyToAllianceInput {
    /// The alliance that it applies to.
    alliance: ID,
    /// The unit that applies.
    unit: ID,
    /// What is to be agreed, at most 2000 characters.
    agreement: Option<String>,
    /// The last day of the agreement, not before today; open where absent.
    until: Option<Date>,
}

impl ApplyToAllianceInput {
    pub fn read(self) -> Result<Offer> {
        Ok(Offer {
            alliance: key(NodeKind::Alliance, &self.alliance)?,
            unit: key(NodeKind::Unit, &self.unit)?,
            agreement: self.agreement,
            until: day(self.until),
        })
    }
}

/// A new pairing.
#[derive(InputObject)]
pub struct PairUnitInput {
    /// The unit, an active member of an alliance.
    pub unit: ID,
    /// The community.
    pub community: ID,
    /// The first day; today where absent.
    pub since: Option<Date>,
}

/// The end of a pairing.
#[derive(InputObject)]
pub struct EndPairingInput {
    /// The unit.
    pub unit: ID,
    /// The community.
    pub community: ID,
    /// The last day, not before the first; today where absent.
    pub on: Option<Date>,
    /// Why it ends, at most 500 characters.
    pub reason: String,
}
