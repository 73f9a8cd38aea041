//! Exact numbers: whole thousandths inside, decimal strings at the API.

use std::fmt;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use rust_decimal::prelude::ToPrimitive;

/// The largest number that the API takes: sums of a million of them still fit.
const LARGEST: i64 = 999_999_999_999_000;

/// An exact decimal with at most three places, a string in answers and in input: money in yuan, quantities, hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(i64);

impl Decimal {
    pub fn thousandths(thousandths: i64) -> Self {
        Decimal(thousandths)
    }

    pub fn whole(units: i64) -> Self {
        Decimal(units * 1000)
    }

    pub fn fen(fen: i64) -> Self {
        Decimal(fen * 10)
    }

    pub fn to_thousandths(self) -> i64 {
        self.0
    }

    /// Whole fen, or nothing where the amount is not whole fen.
    pub fn to_fen(self) -> Option<i64> {
        (self.0 % 10 == 0).then_some(self.0 / 10)
    }

    pub fn parse(text: &str) -> Option<Self> {
        let plain = !text.is_empty() && text.len() <= 20 && text.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-');
        let number = rust_decimal::Decimal::from_str_exact(text).ok().filter(|_| plain)?.normalize();
        let thousandths = (number * rust_decimal::Decimal::ONE_THOUSAND).normalize();
        let whole = (thousandths.scale() == 0).then(|| thousandths.to_i64()).flatten()?;
        (whole.abs() <= LARGEST).then_some(Decimal(whole))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", rust_decimal::Decimal::new(self.0, 3).normalize())
    }
}

/// An exact decimal with at most three places, as a string: money in yuan, quantities in their measure, hours.
#[Scalar(name = "Decimal", specified_by_url = "https://spec.graphql.org/draft/#sec-Scalars.Custom-Scalars")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Decimal::parse(text).ok_or_else(|| InputValueError::custom("not a decimal of at most three places")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_places_are_kept_and_a_fourth_is_refused() {
        for (text, shown) in [("30", "30"), ("30.000", "30"), ("0.125", "0.125"), ("-1.5", "-1.5"), ("12.50", "12.5"), ("1.2500", "1.25")] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "1.2345", "1e3", "一", "1_000", "+5", " 1", "NaN", "1000000000000", "99999999999999999999999"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_third_place_is_not_money() {
        assert_eq!(Decimal::parse("12.34").unwrap().to_fen(), Some(1234));
        assert_eq!(Decimal::parse("12.345").unwrap().to_fen(), None);
    }
}
