use crate::id::{ProductId, VariantId};
use crate::money::{MoneyError, Rounding, sum, times};
use crate::pricing::{Basket, BasketLine, Prices};
use crate::tenant::Currency;

/// What discounts look at: a basket whose lines are known by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Purchase {
    /// Of all amounts.
    pub currency: Currency,
    /// Whether catalog prices include tax.
    pub prices: Prices,
    /// Where tax is rounded.
    pub rounding: Rounding,
    /// What is bought.
    pub lines: Vec<Bought>,
    /// How it gets there, once that is chosen.
    pub delivery: Option<BasketLine>,
}

/// A line, and what it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Bought {
    /// What.
    pub product: ProductId,
    /// In which size or color.
    pub variant: VariantId,
    /// Where it is found.
    pub categories: Vec<String>,
    /// Price, pieces and tax. What is taken off it already stays off, and codes take the rest.
    pub line: BasketLine,
}

/// What is taken off a purchase, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Off each line, in the order of the purchase.
    pub lines_minor: Vec<i64>,
    /// Off delivery.
    pub delivery_minor: i64,
}

impl Purchase {
    /// The basket to be priced when so much is taken off.
    #[must_use]
    pub fn less(&self, taken: &Taken) -> Basket {
        let mut lines: Vec<BasketLine> = self.lines.iter().map(|bought| bought.line).collect();
        for (line, off) in lines.iter_mut().zip(&taken.lines_minor) {
            line.discount_minor = line.discount_minor.saturating_add(*off);
        }
        let mut delivery = self.delivery;
        if let Some(delivery) = &mut delivery {
            delivery.discount_minor = delivery.discount_minor.saturating_add(taken.delivery_minor);
        }
        let (prices, rounding) = (self.prices, self.rounding);
        Basket { prices, rounding, lines, discount_minor: 0, delivery }
    }

    /// What is left of each line when so much is taken off.
    pub(super) fn left_minor(&self, taken: &Taken) -> Result<Vec<i64>, MoneyError> {
        let lines = self.lines.iter().zip(&taken.lines_minor);
        lines.map(|(bought, off)| left_minor(&bought.line, *off)).collect()
    }

    /// What is left of delivery when so much is taken off.
    pub(super) fn delivery_left_minor(&self, taken: &Taken) -> Result<Option<i64>, MoneyError> {
        self.delivery.map(|delivery| left_minor(&delivery, taken.delivery_minor)).transpose()
    }
}

impl Bought {
    /// At catalog prices.
    pub(super) fn subtotal_minor(&self) -> Result<i64, MoneyError> {
        subtotal_minor(&self.line)
    }
}

impl Taken {
    /// Nothing off any line.
    #[must_use]
    pub fn nothing(purchase: &Purchase) -> Self {
        Self { lines_minor: vec![0; purchase.lines.len()], delivery_minor: 0 }
    }

    /// All that is taken off.
    ///
    /// # Errors
    /// When it cannot be counted.
    pub fn total_minor(&self) -> Result<i64, MoneyError> {
        sum(self.lines_minor.iter().copied().chain([self.delivery_minor]))
    }

    pub(super) fn add(&mut self, more: &Self) {
        for (all, off) in self.lines_minor.iter_mut().zip(&more.lines_minor) {
            *all = all.saturating_add(*off);
        }
        self.delivery_minor = self.delivery_minor.saturating_add(more.delivery_minor);
    }
}

fn subtotal_minor(line: &BasketLine) -> Result<i64, MoneyError> {
    times(line.unit_price_minor.max(0), line.quantity)
}

fn left_minor(line: &BasketLine, off_minor: i64) -> Result<i64, MoneyError> {
    let off_minor = line.discount_minor.max(0).saturating_add(off_minor.max(0));
    Ok(subtotal_minor(line)?.saturating_sub(off_minor).max(0))
}
