//! Who may be called about a unit, and who sees it.

use uuid::Uuid;

use crate::auth::{Role, Viewer};
use crate::refusal::Refusal;

/// A mobile number of the mainland.
pub fn check_phone(field: &'static str, phone: &str) -> Result<(), Refusal> {
    let digits = phone.as_bytes();
    let right = digits.len() == 11 && digits[0] == b'1' && (b'3'..=b'9').contains(&digits[1]) && digits.iter().all(u8::is_ascii_digit);
    if right { Ok(()) } else { Err(Refusal::invalid(field, "请填写有效的 11 位手机号码", "A mobile number has 11 digits")) }
}

/// How much of a unit's contact a viewer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Open,
    Masked,
    Hidden,
}

impl Sight {
    pub fn show(self, text: Option<&str>, mask: fn(&str) -> String) -> Option<String> {
        match self {
            Sight::Open => text.map(str::to_owned),
            Sight::Masked => text.map(mask),
            Sight::Hidden => None,
        }
    }
}

/// Who sees a unit's contact: its own people, the street and the district that look after it; the auditor of these, masked. `areas` are the
/// unit's district and the hosts of its alliances with all above them; `counterpart` says whether the viewer acts for a community that the
/// unit has a confirmed match with.
pub fn contact_visible(viewer: &Viewer, unit: Uuid, areas: &[Uuid], counterpart: bool) -> Sight {
    let covers = |role| viewer.grants.iter().any(|grant| grant.role == role && grant.area_id.is_some_and(|area| areas.contains(&area)));
    if counterpart || viewer.is_system() || viewer.units().contains(&unit) || covers(Role::StreetOfficer) || covers(Role::DistrictAdmin) {
        Sight::Open
    } else if covers(Role::Auditor) {
        Sight::Masked
    } else {
        Sight::Hidden
    }
}

/// Who reads the agreement of a membership and why it was suspended or ended: the unit, and the host with those above it.
pub fn terms_visible(viewer: &Viewer, unit: Uuid, host: &[Uuid]) -> bool {
    viewer.is_system() || viewer.units().contains(&unit) || viewer.areas().iter().any(|area| host.contains(area))
}

/// 138****5678.
pub fn mask_phone(phone: &str) -> String {
    let shown = |from: usize, to: usize| phone.chars().skip(from).take(to - from).collect::<String>();
    format!("{}****{}", shown(0, 3), shown(7, 11))
}

/// 张*, 张**.
pub fn mask_name(name: &str) -> String {
    let first = name.chars().take(1);
    first.chain(name.chars().skip(1).map(|_| '*')).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{DISTRICT, STREET, UNIT, viewer};
    use super::*;

    #[test]
    fn a_contact_is_open_to_its_own_masked_to_the_auditor_and_hidden_from_all_others() {
        let areas = [STREET, DISTRICT];
        for (role, scope, sight) in [
            (Role::UnitRepresentative, UNIT, Sight::Open),
            (Role::StreetOfficer, STREET, Sight::Open),
            (Role::DistrictAdmin, DISTRICT, Sight::Open),
            (Role::Auditor, DISTRICT, Sight::Masked),
            (Role::CommunitySecretary, STREET, Sight::Hidden),
            (Role::StreetOfficer, Uuid::from_u128(9), Sight::Hidden),
            (Role::Member, UNIT, Sight::Hidden),
        ] {
            assert_eq!(contact_visible(&viewer(role, scope), UNIT, &areas, false), sight, "{role:?}");
        }
        assert_eq!(contact_visible(&viewer(Role::CommunitySecretary, STREET), UNIT, &areas, true), Sight::Open);
        assert_eq!(contact_visible(&Viewer::anonymous(), UNIT, &areas, false), Sight::Hidden);
        assert_eq!(Sight::Masked.show(Some("13812345678"), mask_phone).as_deref(), Some("138****5678"));
        assert_eq!((mask_name("张三"), mask_name("张三丰")), ("张*".to_owned(), "张**".to_owned()));
    }
}
