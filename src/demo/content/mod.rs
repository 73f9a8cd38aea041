//! The texts of the demonstration district: places, units, and the sentences that people write.
//!
//! Plain tables and nothing else: which unit pledges what, who claims it and when is decided by the code that reads them.
//! The twelve streets of 铁东区 and the organisations that its newspaper names are real. Other offices, state firms
//! and banks bear the names that such bodies have; all else, and what any unit pledges or does here, is invented.
//! No table holds a person's name, a phone or a house number; the tests look for the last two.
//! A pledge and a need can meet when category, form and measure are the same: see [`PledgeTemplate`], [`NeedTemplate`].
//! Enforcement is not a resource: what such a body may pledge is fixed in [`RESTRICTED`].
//! The units and communities that the told scenes need are constants in [`scenes`].
//! The tables are laid out by hand, a few lines a row; rustfmt would give every field its own line.

pub mod needs;
pub mod phrases;
pub mod places;
pub mod pledges;
pub mod scenes;
pub mod units;
pub mod venues;

#[cfg(test)]
mod tests;

pub use crate::needs::rules::Urgency;
pub use crate::resources::rules::{NeedCategory as Category, ResourceForm as Form};
pub use crate::units::rules::{Track, UnitKind};

pub use needs::NEEDS;
pub use places::{DISTRICT_CODE, DISTRICT_NAME, STREETS};
pub use pledges::{PLEDGES, RESTRICTED};
pub use units::UNITS;

/// A 街道, 镇 or 乡 of the district.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Street {
    /// Three digits, to be put after the district's six.
    pub code: &'static str,
    pub name: &'static str,
    pub communities: &'static [Community],
}

/// A 社区 or 村.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Community {
    /// Three digits, invented, to be put after the street's.
    pub code: &'static str,
    pub name: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    pub name: &'static str,
    pub kind: UnitKind,
    pub track: Track,
    /// Code of the street where the unit lies; empty: outside the district.
    pub home: &'static str,
}

/// Something that units of some kinds can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PledgeTemplate {
    pub kinds: &'static [UnitKind],
    /// Where not empty, only units whose name contains one of these words: a bank does not cut hair.
    pub only: &'static [&'static str],
    pub form: Form,
    pub category: Category,
    pub title: &'static str,
    pub description: &'static str,
    pub measure: &'static str,
    /// A whole number from this range, both ends included; none: inexhaustible.
    pub total: Option<(u32, u32)>,
    /// Typical value of one measure unit in fen; 0 where hours are counted instead.
    pub fair_value_fen: u32,
    /// Hours of work in one measure unit; 0 where the value is counted instead.
    pub hours_per: u32,
}

impl PledgeTemplate {
    /// Whether this unit would plausibly pledge it, [`RESTRICTED`] included.
    pub fn suits(&self, unit: &Unit) -> bool {
        let allowed = RESTRICTED.iter().find(|(name, _)| *name == unit.name);
        self.kinds.contains(&unit.kind)
            && (self.only.is_empty() || self.only.iter().any(|word| unit.name.contains(word)))
            && allowed.is_none_or(|(_, titles)| titles.contains(&self.title))
    }
}

/// Something that a community asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeedTemplate {
    pub form: Form,
    pub category: Category,
    pub title: &'static str,
    pub description: &'static str,
    pub measure: &'static str,
    /// A whole number from this range, both ends included.
    pub wanted: (u32, u32),
    pub urgency: Urgency,
    /// Where not empty, the only pledges that make sense by title: a film does not answer a wish for spring couplets.
    pub fits: &'static [&'static str],
}

impl NeedTemplate {
    /// Whether the pledge can be put against this need, and sensibly.
    pub fn met_by(&self, pledge: &PledgeTemplate) -> bool {
        (self.category, self.form, self.measure) == (pledge.category, pledge.form, pledge.measure)
            && (self.fits.is_empty() || self.fits.contains(&pledge.title))
    }
}
