#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects)]

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::tenant::Currency;

/// What the payment provider charges, and in which unit it counts.
mod provider;

pub use self::provider::NotChargeable;

#[cfg(test)]
mod tests;

/// An amount in minor units of its currency: cents, pence, yen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: Currency,
}

/// A share in parts per million: 20 % is 200,000. At most 100 %.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(try_from = "u32", into = "u32")]
pub struct Share(u32);

/// Where amounts are rounded, always half up. Shops and tax offices differ in it, so it is a
/// setting: ten pieces at 31.86 with 20 % tax cost 382.30 per unit and 382.32 per line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// The tax of one piece is rounded and multiplied.
    PerUnit,
    /// The tax of a line is rounded; taxes of lines add up to the order's.
    #[default]
    PerLine,
    /// The tax of the order is rounded, and given to the lines by largest remainder.
    PerOrder,
}

impl Rounding {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerUnit => "per_unit",
            Self::PerLine => "per_line",
            Self::PerOrder => "per_order",
        }
    }
}

/// An amount grew beyond what can be counted, or there is no such share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Beyond 63 bits.
    #[error("the amount is too large")]
    TooLarge,
    /// More than all of it.
    #[error("{0} parts per million are more than 1,000,000")]
    MoreThanAll(u32),
    /// The text is no amount of that currency.
    #[error("an amount has digits and at most {0} decimals, such as 12 or 12.9")]
    NotAnAmount(u32),
}

const MILLION: i128 = 1_000_000;

impl Money {
    /// Reads an amount as people write it, `12.99`, with no more decimals than the currency has.
    ///
    /// # Errors
    /// [`MoneyError`] for anything else: signs, blanks and commas have more than one reading.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        if text.ends_with('.') {
            return Err(MoneyError::NotAnAmount(currency.exponent()));
        }
        Ok(Self { amount_minor: minor(text, currency)?, currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = usize::try_from(self.currency.exponent()).unwrap_or(0);
        let sign = if self.amount_minor < 0 { "-" } else { "" };
        let digits = format!(
            "{:0>width$}",
            self.amount_minor.unsigned_abs(),
            width = exponent.saturating_add(1)
        );
        let (whole, decimals) = digits.split_at(digits.len().saturating_sub(exponent));
        let point = if decimals.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{decimals} {}", self.currency.code())
    }
}

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// All of it.
    pub const ALL: Self = Self(1_000_000);

    /// In parts per million.
    ///
    /// # Errors
    /// When it is more than all.
    pub fn from_ppm(ppm: u32) -> Result<Self, MoneyError> {
        if ppm <= Self::ALL.0 { Ok(Self(ppm)) } else { Err(MoneyError::MoreThanAll(ppm)) }
    }

    /// In parts per million.
    #[must_use]
    pub fn ppm(self) -> u32 {
        self.0
    }

    /// What is left of all.
    #[must_use]
    pub fn rest(self) -> Self {
        Self(Self::ALL.0.saturating_sub(self.0))
    }

    /// The share of an amount that is not negative, rounded half up.
    #[must_use]
    pub fn of(self, amount_minor: i64) -> i64 {
        rounded(i128::from(amount_minor).saturating_mul(i128::from(self.0)), MILLION)
    }

    /// The tax within an amount that includes it, rounded half up.
    #[must_use]
    pub fn within(self, gross_minor: i64) -> i64 {
        let rate = i128::from(self.0);
        rounded(i128::from(gross_minor).saturating_mul(rate), MILLION.saturating_add(rate))
    }
}

impl TryFrom<u32> for Share {
    type Error = MoneyError;

    fn try_from(ppm: u32) -> Result<Self, MoneyError> {
        Self::from_ppm(ppm)
    }
}

impl From<Share> for u32 {
    fn from(share: Share) -> Self {
        share.0
    }
}

/// Divides an amount among parts in proportion to their weights, exact to the minor unit, by
/// largest remainder; of equal remainders the first wins. (Hamilton's method.) Negative weights
/// count as nothing; without any weight nobody gets anything.
#[must_use]
pub fn prorate(amount_minor: i64, weights: &[i64]) -> Vec<i64> {
    let weights: Vec<i128> = weights.iter().map(|&weight| i128::from(weight.max(0))).collect();
    let all = weights.iter().fold(0_i128, |all, weight| all.saturating_add(*weight));
    if all == 0 {
        return vec![0; weights.len()];
    }
    let amount = i128::from(amount_minor);
    let product = |weight: &i128| amount.saturating_mul(*weight);
    let whole = |weight: &i128| product(weight).div_euclid(all);
    let mut parts: Vec<i64> =
        weights.iter().map(|weight| i64::try_from(whole(weight)).unwrap_or(0)).collect();
    let given = parts.iter().fold(0_i64, |given, part| given.saturating_add(*part));
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&index| {
        std::cmp::Reverse(weights.get(index).map_or(0, |weight| product(weight).rem_euclid(all)))
    });
    let left = usize::try_from(amount_minor.saturating_sub(given)).unwrap_or(0);
    for index in order.into_iter().take(left) {
        if let Some(part) = parts.get_mut(index) {
            *part = part.saturating_add(1);
        }
    }
    parts
}

/// Adds amounts up.
///
/// # Errors
/// [`MoneyError::TooLarge`].
pub fn sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64, MoneyError> {
    amounts.into_iter().try_fold(0_i64, i64::checked_add).ok_or(MoneyError::TooLarge)
}

/// The amount of so many pieces.
///
/// # Errors
/// [`MoneyError::TooLarge`].
pub fn times(unit_minor: i64, quantity: u32) -> Result<i64, MoneyError> {
    unit_minor.checked_mul(i64::from(quantity)).ok_or(MoneyError::TooLarge)
}

/// Digits with no more decimals than the currency has, in its minor units.
///
/// # Errors
/// [`MoneyError`] for anything else, a sign included.
pub(crate) fn minor(text: &str, currency: Currency) -> Result<i64, MoneyError> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let places = usize::try_from(currency.exponent()).unwrap_or(0);
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(decimals) || decimals.len() > places {
        return Err(MoneyError::NotAnAmount(currency.exponent()));
    }
    format!("{whole}{decimals:0<places$}").parse().map_err(|_beyond| MoneyError::TooLarge)
}

/// Rounds a quotient of what is not negative half up.
fn rounded(dividend: i128, divisor: i128) -> i64 {
    let half = divisor.checked_div(2).unwrap_or(0);
    let quotient = dividend.saturating_add(half).checked_div(divisor).unwrap_or(0);
    i64::try_from(quotient).unwrap_or(i64::MAX)
}
