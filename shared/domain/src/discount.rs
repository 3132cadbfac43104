#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects)]

use std::num::NonZeroU32;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{DiscountId, ProductId, VariantId};
use crate::money::{Money, Share};
use crate::tenant::Currency;

pub use self::apply::{NotApplicable, applies};
pub use self::code::{Code, NotACode};
pub use self::combine::{Combined, Verdict, combine};
pub use self::purchase::{Bought, Purchase, Taken};

/// Whether a discount applies, and what it takes off.
mod apply;
/// What customers type.
mod code;
/// Several discounts on one purchase.
mod combine;
/// What discounts look at, and what they take off it.
mod purchase;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may end")]
mod tests;

/// What a customer gets, for a code or without one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discount {
    /// Which.
    pub id: DiscountId,
    /// What customers type. None for one that needs no code.
    pub code: Option<Code>,
    /// What people call it.
    pub name: String,
    /// What it takes off.
    pub effect: Effect,
    /// Off what.
    pub target: Target,
    /// Under which conditions.
    #[serde(default)]
    pub conditions: Conditions,
    /// How often.
    #[serde(default)]
    pub limits: Limits,
    /// How often it was used when it was read. The store counts again when it is used.
    #[serde(skip)]
    pub uses: Uses,
}

/// What a discount takes off, at prices as they are shown: with tax where they include it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A share. What is left is rounded half up: a quarter off 19.99 leaves 14.99.
    Percentage(Share),
    /// An amount, divided among the lines by largest remainder.
    Amount(Money),
    /// Delivery, all of it.
    FreeShipping,
    /// Of every `buy + get` pieces, `get` are cheaper. Those are the cheapest of all pieces, and
    /// a set that is not complete gives nothing.
    BuyXGetY {
        /// Pieces at their price.
        buy: NonZeroU32,
        /// Cheaper pieces.
        get: NonZeroU32,
        /// What is taken off those: all of it when they are free.
        percentage: Share,
    },
}

/// What a discount is for. Its conditions count the same lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Everything.
    #[default]
    All,
    /// These products, in every variant.
    Products(Vec<ProductId>),
    /// These variants.
    Variants(Vec<VariantId>),
    /// What is in one of these categories.
    Categories(Vec<String>),
}

/// What must be so for a discount to apply. What is absent need not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// What the lines it is for come to at least, before any code.
    pub minimum_subtotal: Option<Money>,
    /// Pieces of the lines it is for, at least.
    pub minimum_quantity: Option<NonZeroU32>,
    /// From then on.
    pub starts_at: Option<Timestamp>,
    /// Until just before then.
    pub ends_at: Option<Timestamp>,
    /// In this currency alone.
    pub currency: Option<Currency>,
}

/// How often a discount may be used. What is absent is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// By everybody together.
    pub redemptions: Option<NonZeroU32>,
    /// By one customer.
    pub per_customer: Option<NonZeroU32>,
}

/// How often a discount was used. What ended without a sale does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// By everybody together.
    pub all: u32,
    /// By this customer, where it is known who that is.
    pub customer: u32,
}

/// Why a discount could never apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// A share or an amount of nothing.
    #[error("the discount takes nothing off")]
    TakesNothing,
    /// A list without an entry.
    #[error("the discount is for nothing; name what it is for, or let it be for everything")]
    ForNothing,
    /// It ends before it starts.
    #[error("the discount ends before it starts")]
    NoTime,
    /// Two amounts or conditions name different ones.
    #[error("no purchase is in {} and in {}", .0.code(), .1.code())]
    TwoCurrencies(Currency, Currency),
}

/// What tells customers apart when uses are counted: the SHA-256 of the address, in small
/// letters. It is all that is kept of an address when the contact is erased.
#[must_use]
pub fn customer_hash(email: &str) -> Vec<u8> {
    Sha256::digest(email.to_lowercase()).to_vec()
}

impl Discount {
    /// By which a shop knows it: its code, or its id when it needs none.
    #[must_use]
    pub fn handle(&self) -> String {
        self.code.as_ref().map_or_else(|| self.id.to_string(), ToString::to_string)
    }

    /// Checks a discount before it is kept.
    ///
    /// # Errors
    /// When no purchase at all could have it.
    pub fn check(&self) -> Result<(), Unsound> {
        let takes_something = match self.effect {
            Effect::Percentage(share) | Effect::BuyXGetY { percentage: share, .. } => {
                share != Share::NONE
            }
            Effect::Amount(amount) => amount.amount_minor > 0,
            Effect::FreeShipping => true,
        };
        if !takes_something {
            return Err(Unsound::TakesNothing);
        }
        if self.target.is_empty() {
            return Err(Unsound::ForNothing);
        }
        let Conditions { starts_at, ends_at, .. } = self.conditions;
        if starts_at.zip(ends_at).is_some_and(|(start, end)| start >= end) {
            return Err(Unsound::NoTime);
        }
        let mut currencies = self.currencies();
        if let Some(first) = currencies.next()
            && let Some(other) = currencies.find(|other| *other != first)
        {
            return Err(Unsound::TwoCurrencies(first, other));
        }
        Ok(())
    }

    /// The currencies that a purchase must be in.
    fn currencies(&self) -> impl Iterator<Item = Currency> {
        let amount = match self.effect {
            Effect::Amount(amount) => Some(amount.currency),
            Effect::Percentage(_) | Effect::FreeShipping | Effect::BuyXGetY { .. } => None,
        };
        let minimum = self.conditions.minimum_subtotal.map(|minimum| minimum.currency);
        [self.conditions.currency, amount, minimum].into_iter().flatten()
    }
}

impl Target {
    /// It is for that line.
    #[must_use]
    pub fn covers(&self, bought: &Bought) -> bool {
        match self {
            Self::All => true,
            Self::Products(products) => products.contains(&bought.product),
            Self::Variants(variants) => variants.contains(&bought.variant),
            Self::Categories(categories) => {
                categories.iter().any(|category| bought.categories.contains(category))
            }
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::All => false,
            Self::Products(products) => products.is_empty(),
            Self::Variants(variants) => variants.is_empty(),
            Self::Categories(categories) => categories.is_empty(),
        }
    }
}
