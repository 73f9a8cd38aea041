//! What a unit is known by: the unified social credit code, GB 32100-2015.

use crate::refusal::Refusal;

const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// A unit has a credit code or a reason for having none.
pub fn check_identity(credit_code: Option<&str>, reason: Option<&str>) -> Result<(), Refusal> {
    match (credit_code, reason) {
        (Some(code), None) => check_credit_code(code),
        (None, Some(_)) => Ok(()),
        (None, None) => Err(Refusal::invalid(
            "creditCode",
            "请填写统一社会信用代码；没有的，请填写理由",
            "Give the credit code, or the reason why there is none",
        )),
        (Some(_), Some(_)) => Err(Refusal::invalid(
            "noCreditCodeReason",
            "已有统一社会信用代码，无需填写理由",
            "A unit with a credit code needs no reason for having none",
        )),
    }
}

/// Checks a unified social credit code, GB 32100-2015: 18 characters, the last of which is made of the others.
pub fn check_credit_code(code: &str) -> Result<(), Refusal> {
    let refusal = || Refusal::invalid("creditCode", "统一社会信用代码有误，请核对", "The credit code is not valid; check it");
    let digits = digits(code).filter(|digits| digits.len() == 18).ok_or_else(refusal)?;
    if check_digit(&digits[..17]) == digits[17] { Ok(()) } else { Err(refusal()) }
}

/// What each character stands for; `None` where one does not belong in a code.
fn digits(code: &str) -> Option<Vec<u32>> {
    code.bytes().map(|c| ALPHABET.iter().position(|known| *known == c).map(|place| place as u32)).collect()
}

fn check_digit(digits: &[u32]) -> u32 {
    let (sum, _) = digits.iter().fold((0, 1), |(sum, weight), digit| (sum + digit * weight, weight * 3 % 31));
    (31 - sum % 31) % 31
}

/// The 18th character behind 17 others, for invented codes.
pub fn credit_code_with_check(first: &str) -> Option<String> {
    let check = check_digit(&digits(first).filter(|digits| digits.len() == 17)?);
    Some(format!("{first}{}", char::from(ALPHABET[check as usize])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_code_is_taken_only_with_its_check_character() {
        for code in ["91350100M000100Y43", "11220303MB1A0001XC", "51220303MJ0000034B", "91220303MA0X0004X0"] {
            assert_eq!(check_credit_code(code), Ok(()), "{code}");
            assert_eq!(credit_code_with_check(&code[..17]).as_deref(), Some(code));
        }
        for code in ["91350100M000100Y4Z", "91350100M000100Y4", "91350100I000100Y43", "", "91350100m000100y43"] {
            assert!(check_credit_code(code).is_err(), "{code}");
        }
    }

    #[test]
    fn a_unit_has_a_code_or_a_reason_and_not_both() {
        let code = "91350100M000100Y43";
        assert!(check_identity(Some(code), None).is_ok() && check_identity(None, Some("党支部")).is_ok());
        assert!(check_identity(None, None).is_err() && check_identity(Some(code), Some("党支部")).is_err());
    }
}
