use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::id::{CartId, LineId, OrderId, ProductId, ShippingOptionId, VariantId};
use crate::money::{MoneyError, Rounding, Share};
use crate::order::{Capture, Delivered, Line, Totals};
use crate::pricing::{Basket, BasketLine, Priced, Prices, price};
use crate::tenant::Currency;

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

/// What a cart comes to, and what is in the way of buying it.
#[derive(Clone, Debug, PartialEq)]
pub struct Quote {
    /// Every line with its price; lines that cannot be bought cost nothing.
    pub priced: Priced,
    /// What has to be done before it can be bought.
    pub hindrances: Vec<Hindrance>,
    /// The ways of the shop that fit the cart.
    pub options: Vec<ShippingOption>,
}

/// What is in the way of buying a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// There is nothing in it.
    Empty,
    /// This line is not for sale any more, or has no price in the cart's currency.
    NotForSale(LineId),
    /// Nobody knows where it goes.
    NoCountry,
    /// The shop has ways to get there, and none is chosen.
    NoShipping,
    /// The chosen way does not fit the cart any more.
    ShippingDoesNotFit,
}

/// The most of everything.
pub mod limit {
    /// Lines of a cart.
    pub const LINES: usize = 500;
    /// Pieces of a line.
    pub const QUANTITY: u32 = 10_000;
    /// Tax zones of a shop, and ways to get there.
    pub const OF_A_SHOP: i64 = 250;
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

    /// What it comes to at the prices that it was read with. Totals are computed here and
    /// nowhere else.
    ///
    /// # Errors
    /// When an amount grows beyond 63 bits.
    pub fn quote(&self) -> Result<Quote, MoneyError> {
        let lines: Vec<BasketLine> = self.lines.iter().map(|line| self.basket_line(line)).collect();
        let bare = price(&self.basket(lines.clone(), None))?;
        let shown_minor = bare.subtotal_minor.saturating_sub(bare.discount_minor);
        let fits =
            |option: &&ShippingOption| option.fits(&self.country, self.weight_grams(), shown_minor);
        let options: Vec<ShippingOption> = self.options.iter().filter(fits).cloned().collect();
        let chosen = options.iter().find(|option| Some(option.id) == self.shipping);
        let hindrances = self.hindrances(chosen.is_some());
        let priced = match chosen {
            None => bare,
            Some(option) => {
                let delivery = BasketLine {
                    unit_price_minor: option.price_minor,
                    quantity: 1,
                    tax: self.rate(&option.tax_category),
                    discount_minor: 0,
                };
                price(&self.basket(lines, Some(delivery)))?
            }
        };
        Ok(Quote { priced, hindrances, options })
    }

    /// The lines of the order that this cart becomes, with what each comes to.
    #[must_use]
    pub fn order_lines(&self, priced: &Priced) -> Vec<Line> {
        let both = self.lines.iter().zip(&priced.lines);
        both.map(|(line, priced)| Line {
            id: line.id,
            product: line.product,
            variant: line.variant,
            sku: line.sku.clone(),
            title: line.title.clone(),
            categories: line.categories.clone(),
            quantity: line.quantity,
            is_stocked: line.is_stocked,
            unit_price_minor: line.unit_price_minor.unwrap_or(0),
            discount_minor: priced.discount_minor,
            net_minor: priced.net_minor,
            tax_minor: priced.tax_minor,
        })
        .collect()
    }

    /// How the order gets there, and what that comes to.
    #[must_use]
    pub fn delivered(&self, quote: &Quote) -> Option<Delivered> {
        let chosen = quote.options.iter().find(|option| Some(option.id) == self.shipping)?;
        let priced = quote.priced.delivery?;
        Some(Delivered {
            name: chosen.name.clone(),
            net_minor: priced.net_minor,
            tax_minor: priced.tax_minor,
        })
    }

    fn basket(&self, lines: Vec<BasketLine>, delivery: Option<BasketLine>) -> Basket {
        let (prices, rounding) = (self.taxes.prices, self.settings.rounding);
        Basket { prices, rounding, lines, discount_minor: 0, delivery }
    }

    fn basket_line(&self, line: &CartLine) -> BasketLine {
        let for_sale = line.unit_price_minor.filter(|_| line.is_for_sale);
        BasketLine {
            unit_price_minor: for_sale.unwrap_or(0),
            quantity: line.quantity,
            tax: self.rate(&line.tax_category),
            discount_minor: 0,
        }
    }

    fn rate(&self, tax_category: &str) -> Share {
        self.taxes.rates.get(tax_category).copied().unwrap_or(Share::NONE)
    }

    fn weight_grams(&self) -> i64 {
        let weight =
            |line: &CartLine| i64::from(line.weight_grams).saturating_mul(i64::from(line.quantity));
        self.lines.iter().map(weight).fold(0, i64::saturating_add)
    }

    fn hindrances(&self, is_chosen: bool) -> Vec<Hindrance> {
        let mut hindrances = vec![];
        if self.lines.is_empty() {
            hindrances.push(Hindrance::Empty);
        }
        let gone =
            self.lines.iter().filter(|line| !line.is_for_sale || line.unit_price_minor.is_none());
        hindrances.extend(gone.map(|line| Hindrance::NotForSale(line.id)));
        if self.country.is_empty() {
            hindrances.push(Hindrance::NoCountry);
        }
        match self.shipping {
            Some(_) if !is_chosen => hindrances.push(Hindrance::ShippingDoesNotFit),
            None if !self.options.is_empty() => hindrances.push(Hindrance::NoShipping),
            _ => {}
        }
        hindrances
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

impl Quote {
    /// The totals of the order that the cart becomes.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let Priced { subtotal_minor, discount_minor, net_minor, tax_minor, total_minor, .. } =
            self.priced;
        let delivery = self.priced.delivery;
        let delivery_minor = delivery
            .map_or(0, |delivery| delivery.subtotal_minor.saturating_sub(delivery.discount_minor));
        Totals { subtotal_minor, discount_minor, delivery_minor, net_minor, tax_minor, total_minor }
    }
}
