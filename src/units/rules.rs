//! What units, memberships and pairings allow: the credit code, and who moves a membership from which state to which.

use super::entity::membership;
use crate::refusal::{Reason, Refusal, State};
use crate::terms::term;

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
        PropertyCompany = "PROPERTY_COMPANY" "物业企业",
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
        State {
            code: self.code(),
            zh: self.zh(),
        }
    }
}

/// Checks a unified social credit code, GB 32100-2015: 18 characters, the last of which is made of the others.
pub fn check_credit_code(code: &str) -> Result<(), Refusal> {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let refusal = || {
        Refusal::invalid(
            "creditCode",
            "统一社会信用代码有误,请核对",
            "The credit code is not valid; check it",
        )
    };
    let digits: Option<Vec<u32>> = code
        .bytes()
        .map(|c| ALPHABET.iter().position(|known| *known == c).map(|place| place as u32))
        .collect();
    let digits = digits.filter(|digits| digits.len() == 18).ok_or_else(refusal)?;
    if check_digit(&digits[..17]) == digits[17] {
        Ok(())
    } else {
        Err(refusal())
    }
}

fn check_digit(digits: &[u32]) -> u32 {
    let (sum, _) = digits
        .iter()
        .fold((0, 1), |(sum, weight), digit| (sum + digit * weight, weight * 3 % 31));
    (31 - sum % 31) % 31
}

/// The 18th character behind 17 others, for invented codes.
pub fn credit_code_with_check(first: &str) -> Option<String> {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let digits: Option<Vec<u32>> = first
        .bytes()
        .map(|c| ALPHABET.iter().position(|known| *known == c).map(|place| place as u32))
        .collect();
    let check = check_digit(&digits.filter(|digits| digits.len() == 17)?);
    Some(format!("{first}{}", char::from(ALPHABET[check as usize])))
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
pub fn step(membership: &membership::Model, step: Step) -> Result<Option<MembershipStatus>, Refusal> {
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
    if !from.contains(&membership.status) {
        return Err(Reason::WrongState {
            state: membership.status.state(),
        }
        .into());
    }
    Ok(Some(to))
}

/// A mobile number of the mainland.
pub fn check_phone(field: &'static str, phone: &str) -> Result<(), Refusal> {
    let digits = phone.as_bytes();
    let right = digits.len() == 11 && digits[0] == b'1' && (b'3'..=b'9').contains(&digits[1]) && digits.iter().all(u8::is_ascii_digit);
    if right {
        Ok(())
    } else {
        Err(Refusal::invalid(field, "手机号码应为 11 位", "A mobile number has 11 digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_code_is_taken_only_with_its_check_character() {
        for code in [
            "91350100M000100Y43",
            "11220303MB1A0001XC",
            "51220303MJ0000034B",
            "91220303MA0X0004X0",
        ] {
            assert_eq!(check_credit_code(code), Ok(()), "{code}");
            assert_eq!(credit_code_with_check(&code[..17]).as_deref(), Some(code));
        }
        for code in [
            "91350100M000100Y4Z",
            "91350100M000100Y4",
            "91350100I000100Y43",
            "",
            "91350100m000100y43",
        ] {
            assert!(check_credit_code(code).is_err(), "{code}");
        }
    }
}
