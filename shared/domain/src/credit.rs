use std::fmt;

use jiff::Timestamp;

use crate::id::CreditId;
use crate::tenant::Currency;

#[cfg(test)]
mod tests;

/// Credit with a shop: a balance that whoever shows its code may spend. A gift card is just that.
/// Store credit is the same and names its customer, so it has the same code, ledger and limits,
/// and a checkout under another address may not spend it. A contact is no customer: every order
/// has its own. So it is the address that tells customers apart, as it does where discounts are
/// counted, and only its hash is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Credit {
    /// Which.
    pub id: CreditId,
    /// The end of its code: by this its holder knows it.
    pub last_four: String,
    /// Which of our keys its code was made with.
    pub code_key: u32,
    /// Of all its amounts.
    pub currency: Currency,
    /// What it was worth when it was issued, in minor units.
    pub issued_minor: i64,
    /// What is left of it.
    pub balance_minor: i64,
    /// From then on it cannot be spent.
    pub expires_at: Option<Timestamp>,
    /// Since then it cannot be spent.
    pub disabled_at: Option<Timestamp>,
    /// Whose it is, as [`crate::discount::customer_hash`] has it; anybody's who has the code,
    /// unless given.
    pub customer: Option<Vec<u8>>,
    /// Whoever wants to spend it is known, and not its customer.
    pub is_anothers: bool,
    /// What the shop wrote down.
    pub note: Option<String>,
    /// When it was issued.
    pub created_at: Timestamp,
}

/// Why a credit pays nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The shop has disabled it.
    #[error("it was disabled")]
    Disabled,
    /// Its time is over.
    #[error("it has expired: it was good until {0}")]
    Expired(Timestamp),
    /// It is of another currency.
    #[error("it is in {}, and the cart is not", .0.code())]
    Currency(Currency),
    /// It belongs to another address.
    #[error("it is for a customer with another e-mail address")]
    AnotherCustomer,
    /// All of it is spent.
    #[error("nothing is left of it")]
    Empty,
}

/// What a holder shows: 20 of [`ALPHABET`], which is 100 bits, of which 80 nobody can guess who has
/// seen the last four.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

/// The text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has 20 letters and digits, such as 7K2M9-QXR4T-3HW8Z-5NVPC")]
pub struct NotACode;

/// The most of an amount that is issued or changed at once, in minor units.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;

/// Letters and digits that nobody takes for each other (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 20;
const GROUP: usize = 5;

impl Credit {
    /// What it pays of an amount now, in minor units: all of it, or what is left. It pays nothing
    /// of nothing.
    ///
    /// # Errors
    /// Why it cannot be spent.
    pub fn pays(&self, (currency, minor): (Currency, i64), at: Timestamp) -> Result<i64, Unusable> {
        if self.disabled_at.is_some() {
            return Err(Unusable::Disabled);
        }
        if let Some(expired_at) = self.expires_at.filter(|expires_at| *expires_at <= at) {
            return Err(Unusable::Expired(expired_at));
        }
        if self.currency != currency {
            return Err(Unusable::Currency(self.currency));
        }
        if self.is_anothers {
            return Err(Unusable::AnotherCustomer);
        }
        if self.balance_minor <= 0 {
            return Err(Unusable::Empty);
        }
        Ok(self.balance_minor.min(minor).max(0))
    }
}

impl Code {
    /// The code that is made of a number nobody can guess: its last 100 bits.
    #[must_use]
    pub fn from_number(mut number: u128) -> Self {
        let mut next = || {
            let digit = usize::try_from(number % 32).unwrap_or(0);
            number /= 32;
            char::from(ALPHABET[digit])
        };
        Self((0..LENGTH).map(|_| next()).collect())
    }

    /// Reads what a holder typed: blanks, hyphens and small letters do not matter, and what looks
    /// like a digit is one.
    ///
    /// # Errors
    /// When it is too long or too short, or has other characters.
    pub fn parse(text: &str) -> Result<Self, NotACode> {
        let typed = text.chars().filter(|it| !it.is_whitespace() && *it != '-');
        let read = typed.map(|it| match it.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        });
        let code: String = read.take(LENGTH + 1).collect();
        let sound = code.bytes().all(|byte| ALPHABET.contains(&byte));
        if code.len() == LENGTH && sound { Ok(Self(code)) } else { Err(NotACode) }
    }

    /// Without hyphens.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its end, which may be shown.
    #[must_use]
    pub fn last_four(&self) -> &str {
        &self.0[LENGTH - 4..]
    }
}

/// In groups of five, to be typed.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, letter) in self.0.chars().enumerate() {
            if position > 0 && position % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

/// Never the code itself, so that no log has it.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code(…{})", self.last_four())
    }
}
