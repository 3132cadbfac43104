use super::Money;
use crate::tenant::Currency;

/// Why the provider cannot charge an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotChargeable {
    /// Its documentation contradicts itself on the unit, or names none: a mistake would be a
    /// factor of 10 or more.
    #[error("payments in {0} are not offered: the provider's unit for it is not certain")]
    Currency(&'static str),
    /// It takes three-decimal currencies in tenths of their minor unit.
    #[error("amounts in this currency are multiples of 10 minor units, such as 5.120")]
    LastDigit,
    /// It takes this currency without decimals.
    #[error("amounts in this currency are multiples of 100 minor units, such as 500.00")]
    Decimals,
    /// Nothing or less.
    #[error("an amount to charge is more than nothing")]
    Nothing,
}

/// Currencies that Stripe counts without decimals, although ISO 4217 gives them two.
const WHOLE: [&str; 1] = ["MGA"];
/// ISK is passed in hundredths although it has none; UGX is in two contradictory lists. The
/// others have no two decimals by ISO 4217, and are in no list of those that Stripe counts
/// otherwise. (docs.stripe.com/currencies)
const UNCERTAIN: [&str; 7] = ["CLF", "IQD", "ISK", "LYD", "UGX", "UYI", "UYW"];

impl Money {
    /// The amount as Stripe takes it.
    ///
    /// # Errors
    /// [`NotChargeable`] when it cannot be passed exactly: the customer pays what is shown, or
    /// nothing.
    pub fn to_provider(self) -> Result<i64, NotChargeable> {
        let code = self.currency.code();
        if let Some(code) = UNCERTAIN.iter().find(|uncertain| **uncertain == code) {
            return Err(NotChargeable::Currency(code));
        }
        if self.amount_minor <= 0 {
            return Err(NotChargeable::Nothing);
        }
        if self.currency.exponent() == 3 && self.amount_minor.rem_euclid(10) != 0 {
            return Err(NotChargeable::LastDigit);
        }
        if !WHOLE.contains(&code) {
            return Ok(self.amount_minor);
        }
        match self.amount_minor.rem_euclid(100) {
            0 => Ok(self.amount_minor.div_euclid(100)),
            _ => Err(NotChargeable::Decimals),
        }
    }

    /// The largest part of it that can be passed exactly.
    #[must_use]
    pub fn chargeable_part_minor(self) -> i64 {
        let code = self.currency.code();
        let step = match self.currency.exponent() {
            _ if UNCERTAIN.contains(&code) => return 0,
            3 => 10,
            _ if WHOLE.contains(&code) => 100,
            _ => 1,
        };
        self.amount_minor.saturating_sub(self.amount_minor.rem_euclid(step)).max(0)
    }

    /// An amount as Stripe states it.
    #[must_use]
    pub fn from_provider(amount: i64, currency: Currency) -> Self {
        let factor = if WHOLE.contains(&currency.code()) { 100 } else { 1 };
        Self { amount_minor: amount.saturating_mul(factor), currency }
    }
}
