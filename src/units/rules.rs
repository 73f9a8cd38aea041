//! What units, memberships and pairings allow: who moves a membership from which state to which, and when a pairing begins and ends.

mod contact;
mod identity;

use chrono::NaiveDate;

use super::entity::{membership, pairing};
use crate::areas;
use crate::areas::rules::{AreaLevel, check_current};
use crate::auth::{Permission, Role, Scope, Viewer};
use crate::error;
use crate::refusal::{Reason, Refusal, State};
use crate::terms::term;

pub use contact::{Sight, check_phone, contact_visible, mask_name, mask_phone, terms_visible};
pub use identity::{check_credit_code, check_identity, credit_code_with_check};

term! {
    /// What sort of organisation a unit is.
    UnitKind {
        /// A party or government organ.
        PartyGovernmentOrgan = "PARTY_GOVERNMENT_ORGAN" "党政机关",
        /// A public institution.
        PublicInstitution = "PUBLIC_INSTITUTION" "事业单位",
        /// A state-owned enterprise.
        StateEnterprise = "STATE_ENTERPRISE" "国有企业",
        /// A private enterprise.
        PrivateEnterprise = "PRIVATE_ENTERPRISE" "非公企业",
        /// A social organisation.
        SocialOrganisation = "SOCIAL_ORGANISATION" "社会组织",
        /// A school.
        School = "SCHOOL" "学校",
        /// A hospital or health service.
        Medical = "MEDICAL" "医疗卫生机构",
        /// A bank or insurer.
        Financial = "FINANCIAL" "金融机构",
        /// A garrison.
        Garrison = "GARRISON" "驻区部队",
        /// A property management company.
        PropertyCompany = "PROPERTY_COMPANY" "物业服务企业",
        /// Any other.
        Other = "OTHER" "其他",
    }
}

term! {
    /// Which line of party building a unit belongs to.
    Track {
        /// Streets and communities.
        StreetCommunity = "STREET_COMMUNITY" "街道社区党建",
        /// Units.
        Unit = "UNIT" "单位党建",
        /// Industries.
        Industry = "INDUSTRY" "行业党建",
    }
}

term! {
    /// How a unit stands in an alliance.
    MembershipStatus {
        /// The host has invited the unit; it has not answered.
        Invited = "INVITED" "已邀请",
        /// The unit has applied; the host has not answered.
        Applied = "APPLIED" "已申请",
        /// The unit is a member.
        Active = "ACTIVE" "正式成员",
        /// The host has suspended the unit.
        Suspended = "SUSPENDED" "已暂停",
        /// The unit has left, or was turned down.
        Withdrawn = "WITHDRAWN" "已退出",
        /// The agreement has reached its last day.
        Expired = "EXPIRED" "已到期",
    }
}

impl MembershipStatus {
    pub fn state(self) -> State {
        State { code: self.code(), zh: self.zh() }
    }

    /// A suspended unit still belongs to its alliance.
    pub fn belongs(self) -> bool {
        matches!(self, MembershipStatus::Active | MembershipStatus::Suspended)
    }
}

/// Steps of a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The host admits an applicant, or the unit accepts an invitation.
    Admit,
    Suspend,
    Resume,
    /// The unit leaves or turns an invitation down; the host turns an applicant down.
    Withdraw,
    Expire,
}

/// Where a step leads; `None` where the membership is there already.
pub fn step(membership: &membership::Model, step: Step, today: NaiveDate) -> Result<Option<MembershipStatus>, Refusal> {
    use MembershipStatus::*;
    let (from, to): (&[MembershipStatus], _) = match step {
        Step::Admit => (&[Invited, Applied], Active),
        Step::Suspend => (&[Active], Suspended),
        Step::Resume => (&[Suspended], Active),
        Step::Withdraw => (&[Invited, Applied, Active, Suspended], Withdrawn),
        Step::Expire => (&[Active, Suspended], Expired),
    };
    if membership.status == to {
        return Ok(None);
    }
    let lapsed = membership.until.filter(|last| *last < today);
    if !from.contains(&membership.status) || (step == Step::Expire && lapsed.is_none()) {
        return Err(wrong_state(membership));
    }
    match lapsed {
        Some(day) if to == Active => Err(Reason::Lapsed { day }.into()),
        _ => Ok(Some(to)),
    }
}

fn wrong_state(membership: &membership::Model) -> Refusal {
    Refusal::from(Reason::WrongState { state: membership.status.state() }).about(membership.node())
}

/// The first and the last day of a membership that goes to a state: it begins with the first admission, and ends today unless its agreement
/// ended before.
pub fn term_of(membership: &membership::Model, to: MembershipStatus, today: NaiveDate) -> (Option<NaiveDate>, Option<NaiveDate>) {
    use MembershipStatus::*;
    let since = membership.since.or((to == Active).then_some(today));
    let until = match to {
        Withdrawn | Expired => Some(membership.until.map_or(today, |last| last.min(today))),
        _ => membership.until,
    };
    (since, until)
}

/// The right that a step asks for, at the alliance's host or for the unit; where both may take it, the one that the viewer holds.
pub fn right(viewer: &Viewer, step: Step, membership: &membership::Model, host: &Scope) -> (Permission, Scope) {
    use MembershipStatus::*;
    let host = (Permission::ManageMemberships, host.clone());
    let unit = (Permission::JoinAlliance, Scope::Unit(membership.unit_id));
    match (step, membership.status) {
        (Step::Admit, Applied) | (Step::Suspend | Step::Resume | Step::Expire, _) => host,
        // A unit leaves by itself; where nobody is left to say so, the district ends it.
        (Step::Withdraw, Active | Suspended)
            if viewer.granted(host.0, &host.1).is_some_and(|capacity| capacity.role == Some(Role::DistrictAdmin)) =>
        {
            host
        }
        (Step::Admit, Invited) | (Step::Withdraw, Active | Suspended) => unit,
        // What nobody has agreed to yet, either side drops; what is done already, either may have done.
        _ if viewer.granted(unit.0, &unit.1).is_some() => unit,
        _ => host,
    }
}

/// Whether the viewer may take a step that is still to be taken.
pub fn may(viewer: &Viewer, step: Step, membership: &membership::Model, host: &Scope, today: NaiveDate) -> error::Result<()> {
    let (permission, scope) = right(viewer, step, membership, host);
    viewer.may(permission, &scope)?;
    self::step(membership, step, today)?.ok_or_else(|| wrong_state(membership))?;
    Ok(())
}

/// The last day of an agreement, which must not be over when it is offered.
pub fn check_until(until: Option<NaiveDate>, today: NaiveDate) -> Result<(), Refusal> {
    if until.is_some_and(|last| last < today) {
        return Err(Refusal::invalid("until", "协议截止日期不能早于今天", "The last day of the agreement cannot lie in the past"));
    }
    Ok(())
}

/// Units are paired with communities that are in force.
pub fn check_community(area: &areas::Model, today: NaiveDate) -> Result<(), Refusal> {
    if area.level != AreaLevel::Community {
        return Err(Refusal::invalid("community", "结对对象应为社区(村)", "A unit is paired with a community"));
    }
    check_current(area, "community", today)
}

/// Whether a pairing is still to be ended on a day. What ended earlier, or before today, stays as it is.
pub fn check_pairing_end(pairing: &pairing::Model, on: NaiveDate, today: NaiveDate) -> Result<bool, Refusal> {
    if pairing.until.is_some_and(|last| last <= on || last < today) {
        return Ok(false);
    }
    if on < pairing.since {
        return Err(Refusal::invalid(
            "on",
            format!("结束日期不能早于结对日期 {}", pairing.since),
            format!("The pairing began on {} and cannot end before", pairing.since),
        ));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::auth::{Identity, Role, RoleGrant};
    use crate::error::AppError;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn membership(status: MembershipStatus, until: Option<&str>) -> membership::Model {
        membership::Model {
            id: Uuid::from_u128(1),
            alliance_id: Uuid::from_u128(2),
            unit_id: UNIT,
            status,
            since: status.belongs().then(|| day("2026-01-01")),
            until: until.map(day),
            agreement: None,
            reason: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    pub(super) const UNIT: Uuid = Uuid::from_u128(3);
    pub(super) const STREET: Uuid = Uuid::from_u128(4);
    pub(super) const DISTRICT: Uuid = Uuid::from_u128(5);

    pub(super) fn viewer(role: Role, scope: Uuid) -> Viewer {
        let account = Identity { id: Uuid::from_u128(6), name: "王芳".to_owned(), session: Uuid::from_u128(7) };
        let grant = RoleGrant {
            id: Uuid::from_u128(8),
            account_id: account.id,
            role,
            area_id: (scope != UNIT).then_some(scope),
            unit_id: (scope == UNIT).then_some(scope),
            valid_from: day("2026-01-01"),
            valid_until: None,
            granted_at: chrono::DateTime::UNIX_EPOCH,
            revoked_at: None,
        };
        Viewer::new(account, vec![grant])
    }

    #[test]
    fn a_membership_goes_only_where_its_state_and_its_agreement_lead() {
        use MembershipStatus::*;
        let today = day("2026-07-01");
        let all = [Invited, Applied, Active, Suspended, Withdrawn, Expired];
        let over = Some("2026-06-30");
        for (step, until, from, to) in [
            (Step::Admit, None, &[Invited, Applied][..], Active),
            (Step::Admit, over, &[], Active),
            (Step::Suspend, None, &[Active], Suspended),
            (Step::Resume, None, &[Suspended], Active),
            (Step::Resume, over, &[], Active),
            (Step::Withdraw, None, &[Invited, Applied, Active, Suspended], Withdrawn),
            (Step::Expire, over, &[Active, Suspended], Expired),
            (Step::Expire, Some("2026-07-01"), &[], Expired),
            (Step::Expire, None, &[], Expired),
        ] {
            for status in all {
                let moved = super::step(&membership(status, until), step, today);
                match moved {
                    Ok(Some(reached)) => assert!(from.contains(&status) && reached == to, "{step:?} from {status:?}"),
                    Ok(None) => assert_eq!(status, to),
                    Err(_) => assert!(!from.contains(&status) && status != to, "{step:?} from {status:?}"),
                }
            }
        }
        let refusal = super::step(&membership(Invited, over), Step::Admit, today).unwrap_err();
        assert_eq!(refusal.reason, Reason::Lapsed { day: day("2026-06-30") });
    }

    #[test]
    fn a_membership_begins_once_and_its_end_is_never_put_off() {
        use MembershipStatus::*;
        let today = day("2026-07-01");
        let (begun, open) = (Some(day("2026-01-01")), Some(today));
        assert_eq!(term_of(&membership(Invited, Some("2026-12-31")), Active, today), (open, Some(day("2026-12-31"))));
        assert_eq!(term_of(&membership(Suspended, None), Active, today), (begun, None));
        assert_eq!(term_of(&membership(Active, Some("2026-12-31")), Withdrawn, today), (begun, open));
        assert_eq!(term_of(&membership(Active, Some("2026-06-29")), Expired, today), (begun, Some(day("2026-06-29"))));
        assert_eq!(term_of(&membership(Applied, None), Withdrawn, today), (None, open));
    }

    #[test]
    fn each_side_takes_its_own_steps() {
        use MembershipStatus::*;
        let today = day("2026-07-01");
        let scope = Scope::Areas(vec![STREET, DISTRICT]);
        let (host, unit) = (viewer(Role::StreetOfficer, STREET), viewer(Role::UnitRepresentative, UNIT));
        let stranger = viewer(Role::StreetOfficer, Uuid::from_u128(9));
        for (step, status, by_host, by_unit) in [
            (Step::Admit, Applied, true, false),
            (Step::Admit, Invited, false, true),
            (Step::Suspend, Active, true, false),
            (Step::Resume, Suspended, true, false),
            (Step::Withdraw, Applied, true, true),
            (Step::Withdraw, Invited, true, true),
            (Step::Withdraw, Active, false, true),
            (Step::Withdraw, Suspended, false, true),
            (Step::Admit, Active, false, false),
        ] {
            let membership = membership(status, None);
            let may = |viewer| super::may(viewer, step, &membership, &scope, today);
            assert_eq!(may(&host).is_ok(), by_host, "{step:?} from {status:?}");
            assert_eq!(may(&unit).is_ok(), by_unit, "{step:?} from {status:?}");
            assert!(matches!(may(&stranger), Err(AppError::Forbidden { .. })));
            assert!(matches!(may(&Viewer::anonymous()), Err(AppError::Unauthenticated)));
        }
        // Sent twice, an acceptance is no offence of either side.
        for viewer in [&host, &unit] {
            let (permission, scope) = right(viewer, Step::Admit, &membership(Active, None), &scope);
            assert!(viewer.may(permission, &scope).is_ok());
        }
    }

    #[test]
    fn a_pairing_ends_once_and_not_before_it_began() {
        let pairing = |until: Option<&str>| pairing::Model {
            id: Uuid::from_u128(1),
            unit_id: UNIT,
            community_id: STREET,
            since: day("2026-03-01"),
            until: until.map(day),
        };
        let today = day("2026-07-01");
        assert_eq!(check_pairing_end(&pairing(None), today, today), Ok(true));
        assert!(check_pairing_end(&pairing(None), day("2026-02-28"), today).is_err());
        assert_eq!(check_pairing_end(&pairing(Some("2026-06-30")), day("2026-05-01"), today), Ok(false));
        assert_eq!(check_pairing_end(&pairing(Some("2026-12-31")), today, today), Ok(true));
        assert_eq!(check_pairing_end(&pairing(Some("2026-12-31")), day("2027-01-01"), today), Ok(false));
    }
}
