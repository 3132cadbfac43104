use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::discount::Code;
use crate::id::{CartId, ContactId, DiscountId, LineId, ProductId, ReturnId, VariantId};
use crate::tenant::Currency;

use super::Capture;

/// What was agreed when the order was opened. Amounts are in minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// The cart that became this order: it becomes no other.
    pub cart: CartId,
    /// Name and addresses, which can be erased.
    pub contact: ContactId,
    /// Of all amounts.
    pub currency: Currency,
    /// Where it goes: an ISO 3166 code of two letters.
    pub country: String,
    /// Where it came from, such as `web`.
    pub channel: String,
    /// What is bought, and what is sent since in place of what came back.
    pub lines: Vec<Line>,
    /// How it gets there. None for what needs no transport.
    pub delivery: Option<Delivered>,
    /// What was taken off, and is used up by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Applied>,
    /// What it all comes to.
    pub totals: Totals,
    /// When money is taken.
    pub capture: Capture,
    /// Unless it is paid by then, its stock is let go.
    pub expires_at: Timestamp,
}

/// One line. The amounts are for the whole line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Which: it was the cart's.
    pub id: LineId,
    /// What is bought.
    pub product: ProductId,
    /// In which size or color.
    pub variant: VariantId,
    /// As it was called then.
    pub sku: String,
    /// As it was called then.
    pub title: String,
    /// Categories it was in then, for figures.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Pieces.
    pub quantity: u32,
    /// It is taken from stock.
    pub is_stocked: bool,
    /// Of one piece, as the catalog had it.
    pub unit_price_minor: i64,
    /// Taken off the line.
    pub discount_minor: i64,
    /// After discount, without tax.
    pub net_minor: i64,
    /// Tax of the line.
    pub tax_minor: i64,
    /// What came back, when this is sent in its place and costs nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<ReturnId>,
}

/// Something that is sent in place of what came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Replacement {
    /// What is sent.
    pub product: ProductId,
    /// In which size or color.
    pub variant: VariantId,
    /// As it is called.
    pub sku: String,
    /// As it is called.
    pub title: String,
    /// Categories that it is in.
    pub categories: Vec<String>,
    /// Pieces.
    pub quantity: u32,
    /// It is taken from stock.
    pub is_stocked: bool,
}

/// How an order gets there, and what that costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// As it was called then.
    pub name: String,
    /// After discount, without tax.
    pub net_minor: i64,
    /// Tax of it.
    pub tax_minor: i64,
}

/// A discount that an order had. It is in the amounts of the lines and of delivery already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// Which.
    pub discount: DiscountId,
    /// What was typed. None for one that needs no code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Taken off, in minor units, as prices are shown.
    pub amount_minor: i64,
}

/// What an order comes to, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Lines at catalog prices.
    pub subtotal_minor: i64,
    /// Taken off lines and delivery.
    pub discount_minor: i64,
    /// Delivery after discount, as it is shown.
    pub delivery_minor: i64,
    /// Everything without tax.
    pub net_minor: i64,
    /// All tax.
    pub tax_minor: i64,
    /// What is paid.
    pub total_minor: i64,
}

/// Some pieces of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portion {
    /// The line.
    pub line: LineId,
    /// Pieces.
    pub quantity: u32,
}

impl Line {
    /// A line that costs nothing.
    pub(super) fn replacing(returned: ReturnId, id: LineId, with: Replacement) -> Self {
        Self {
            id,
            product: with.product,
            variant: with.variant,
            sku: with.sku,
            title: with.title,
            categories: with.categories,
            quantity: with.quantity,
            is_stocked: with.is_stocked,
            unit_price_minor: 0,
            discount_minor: 0,
            net_minor: 0,
            tax_minor: 0,
            replaces: Some(returned),
        }
    }

    /// What is paid for the line, in minor units.
    #[must_use]
    pub fn gross_minor(&self) -> i64 {
        self.net_minor.saturating_add(self.tax_minor)
    }
}

impl Terms {
    /// The line of that id.
    #[must_use]
    pub fn line(&self, id: LineId) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }

    /// What was bought, without what is sent in place of what came back.
    pub fn bought(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.replaces.is_none())
    }
}
