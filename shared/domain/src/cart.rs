use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::credit::Credit;
use crate::discount::{Code, Discount};
use crate::id::{CartId, LineId, OrderId, ProductId, ShippingOptionId, VariantId};
use crate::money::{Rounding, Share};
use crate::order::Capture;
use crate::pricing::Prices;
use crate::tenant::Currency;

pub use self::quote::{Hindrance, Quote, Reduction};

/// What it comes to.
mod quote;

#[cfg(test)]
mod tests;

/// What a customer is about to buy, with all that its price depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Cart {
    /// Which.
    pub id: CartId,
    /// Whose: the SHA-256 of the token that its customer holds.
    pub token_hash: Vec<u8>,
    /// Grows with every change, from 1.
    pub version: i32,
    /// The order that it became, if it did.
    pub order: Option<OrderId>,
    /// The cart that took over what was in it, if one did.
    pub merged_into: Option<CartId>,
    /// Its prices and discounts are those of this instant.
    pub at: Timestamp,
    /// Of all prices.
    pub currency: Currency,
    /// Where it goes: an ISO 3166 code of two letters, or nothing yet.
    pub country: String,
    /// Where it comes from.
    pub channel: String,
    /// How it is to get there.
    pub shipping: Option<ShippingOptionId>,
    /// From then on it is gone.
    pub expires_at: Timestamp,
    /// What is in it, in the order it was put there.
    pub lines: Vec<CartLine>,
    /// What its customer typed, in that order.
    pub codes: Vec<Code>,
    /// What may be taken off: first what needs no code, then what belongs to the codes.
    pub discounts: Vec<Discount>,
    /// The gift card or store credit that is to pay for it.
    pub credit: Option<Credit>,
    /// What its country taxes.
    pub taxes: Taxes,
    /// All ways of the shop to get there.
    pub options: Vec<ShippingOption>,
    /// How the shop sells.
    pub settings: Settings,
}

/// So many pieces of something.
#[derive(Clone, Debug, PartialEq)]
pub struct CartLine {
    /// Which: it stays that of the order.
    pub id: LineId,
    /// Pieces.
    pub quantity: u32,
    /// What the customer wants written on it and the like.
    pub properties: Value,
    /// Of what.
    pub variant: VariantId,
    /// Of which product.
    pub product: ProductId,
    /// The shop's own number for it.
    pub sku: String,
    /// What people call it.
    pub title: String,
    /// Where it is found.
    pub categories: Vec<String>,
    /// What a piece weighs, in grams.
    pub weight_grams: i32,
    /// It is taken from stock.
    pub is_stocked: bool,
    /// How it is taxed.
    pub tax_category: String,
    /// It may be bought.
    pub is_for_sale: bool,
    /// What a piece costs now, if it has a price in the cart's currency.
    pub unit_price_minor: Option<i64>,
}

/// Countries that are taxed alike.
#[derive(Clone, Debug, PartialEq)]
pub struct TaxZone {
    /// What the shop calls it.
    pub zone: String,
    /// ISO 3166 codes of two letters; all others when empty.
    pub countries: Vec<String>,
    /// Whether the shop's prices include the tax there.
    pub prices_include_tax: bool,
    /// The rate of each tax category; nothing where there is none.
    pub rates: BTreeMap<String, Share>,
}

/// What a country taxes.
#[derive(Clone, Debug, PartialEq)]
pub struct Taxes {
    /// Whether prices include it.
    pub prices: Prices,
    /// The rate of each tax category; nothing where there is none.
    pub rates: BTreeMap<String, Share>,
}

/// A way to get there.
#[derive(Clone, Debug, PartialEq)]
pub struct ShippingOption {
    /// Which.
    pub id: ShippingOptionId,
    /// What people call it.
    pub name: String,
    /// What it costs, in minor units of its currency.
    pub price_minor: i64,
    /// How it is taxed.
    pub tax_category: String,
    /// Where it goes; everywhere when empty.
    pub countries: Vec<String>,
    /// From this weight on, in grams, and up to that.
    pub weight_grams: (i64, Option<i64>),
    /// From this total of the lines on, in minor units, and up to that.
    pub total_minor: (i64, Option<i64>),
}

/// How a shop sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where tax is rounded.
    pub rounding: Rounding,
    /// When money is taken.
    pub capture: Capture,
    /// How long stock waits for its payment, in minutes.
    pub payment_minutes: i32,
}

/// The most of everything.
pub mod limit {
    /// Lines of a cart.
    pub const LINES: usize = 500;
    /// Pieces of a line.
    pub const QUANTITY: u32 = 10_000;
    /// Tax zones of a shop, and ways to get there.
    pub const OF_A_SHOP: i64 = 250;
    /// Codes of a cart.
    pub const CODES: usize = 10;
    /// Bytes of the properties of a line as JSON.
    pub const PROPERTIES: usize = 2_048;
}

/// Whether the text can be an ISO 3166 code: two capitals.
#[must_use]
pub fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// What is kept of the token that a customer holds: its SHA-256.
#[must_use]
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

impl Cart {
    /// Whether whoever shows this token is its customer.
    #[must_use]
    pub fn is_of(&self, token: &str) -> bool {
        self.token_hash == token_hash(token)
    }
}

impl ShippingOption {
    fn fits(&self, country: &str, weight_grams: i64, total_minor: i64) -> bool {
        let within =
            |(from, to): (i64, Option<i64>), it| from <= it && to.is_none_or(|to| it <= to);
        (self.countries.is_empty() || self.countries.iter().any(|it| it == country))
            && within(self.weight_grams, weight_grams)
            && within(self.total_minor, total_minor)
    }
}
