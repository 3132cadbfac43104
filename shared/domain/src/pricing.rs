#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use crate::money::{MoneyError, Rounding, Share, prorate, sum, times};

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may end")]
mod tests;

/// What is to be priced. All amounts are minor units of one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Basket {
    /// Whether catalog prices include tax.
    pub prices: Prices,
    /// Where tax is rounded.
    pub rounding: Rounding,
    /// What is bought.
    pub lines: Vec<BasketLine>,
    /// Taken off all lines together, at most what they come to.
    pub discount_minor: i64,
    /// How it gets there.
    pub delivery: Option<BasketLine>,
}

/// Whether catalog prices include tax. A country decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prices {
    /// They do, as in Europe.
    WithTax,
    /// They do not, as in the United States.
    WithoutTax,
}

/// So many pieces at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasketLine {
    /// Of one piece. Not negative.
    pub unit_price_minor: i64,
    /// Pieces.
    pub quantity: u32,
    /// The tax on it.
    pub tax: Share,
    /// Taken off this line alone, at most what it comes to.
    pub discount_minor: i64,
}

/// What a basket comes to: net and tax of every line, which add up to those of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// In the order of the basket.
    pub lines: Vec<PricedLine>,
    /// How it gets there.
    pub delivery: Option<PricedLine>,
    /// Lines at catalog prices.
    pub subtotal_minor: i64,
    /// Taken off lines and delivery.
    pub discount_minor: i64,
    /// Everything without tax.
    pub net_minor: i64,
    /// All tax.
    pub tax_minor: i64,
    /// What is paid.
    pub total_minor: i64,
}

/// What a line comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricedLine {
    /// At catalog prices.
    pub subtotal_minor: i64,
    /// Taken off, its part of what is taken off the whole included.
    pub discount_minor: i64,
    /// Without tax.
    pub net_minor: i64,
    /// Tax.
    pub tax_minor: i64,
}

/// Prices a basket. A discount of the whole is given to the lines by largest remainder, so that
/// each tax rate bears its part of it, to the minor unit.
///
/// # Errors
/// When an amount grows beyond 63 bits.
pub fn price(basket: &Basket) -> Result<Priced, MoneyError> {
    let mut parts = Vec::with_capacity(basket.lines.len().saturating_add(1));
    for line in basket.lines.iter().chain(&basket.delivery) {
        let subtotal_minor = times(line.unit_price_minor.max(0), line.quantity)?;
        let discount_minor = line.discount_minor.clamp(0, subtotal_minor);
        parts.push(Part { line, subtotal_minor, discount_minor });
    }
    let lines = parts.get_mut(..basket.lines.len()).unwrap_or_default();
    let weights: Vec<i64> = lines.iter().map(Part::paid_minor).collect();
    let discount_minor = basket.discount_minor.clamp(0, sum(weights.iter().copied())?);
    for (part, share) in lines.iter_mut().zip(prorate(discount_minor, &weights)) {
        part.discount_minor = part.discount_minor.saturating_add(share);
    }
    let taxes = taxes(basket, &parts)?;
    let mut lines: Vec<PricedLine> = Vec::with_capacity(parts.len());
    for (part, tax_minor) in parts.iter().zip(taxes) {
        let net_minor = match basket.prices {
            Prices::WithTax => part.paid_minor().saturating_sub(tax_minor),
            Prices::WithoutTax => part.paid_minor(),
        };
        let Part { subtotal_minor, discount_minor, .. } = *part;
        lines.push(PricedLine { subtotal_minor, discount_minor, net_minor, tax_minor });
    }
    let discount_minor = sum(lines.iter().map(|line| line.discount_minor))?;
    let net_minor = sum(lines.iter().map(|line| line.net_minor))?;
    let tax_minor = sum(lines.iter().map(|line| line.tax_minor))?;
    let delivery = basket.delivery.and_then(|_| lines.pop());
    let subtotal_minor = sum(lines.iter().map(|line| line.subtotal_minor))?;
    let total_minor = sum([net_minor, tax_minor])?;
    Ok(Priced {
        lines,
        delivery,
        subtotal_minor,
        discount_minor,
        net_minor,
        tax_minor,
        total_minor,
    })
}

struct Part<'a> {
    line: &'a BasketLine,
    subtotal_minor: i64,
    discount_minor: i64,
}

impl Part<'_> {
    fn paid_minor(&self) -> i64 {
        self.subtotal_minor.saturating_sub(self.discount_minor)
    }
}

fn taxes(basket: &Basket, parts: &[Part<'_>]) -> Result<Vec<i64>, MoneyError> {
    let tax = |rate: Share, amount_minor: i64| match basket.prices {
        Prices::WithTax => rate.within(amount_minor),
        Prices::WithoutTax => rate.of(amount_minor),
    };
    match basket.rounding {
        Rounding::PerLine => {
            Ok(parts.iter().map(|part| tax(part.line.tax, part.paid_minor())).collect())
        }
        Rounding::PerUnit => parts.iter().map(|part| per_unit(part, tax)).collect(),
        Rounding::PerOrder => {
            let mut rates: BTreeMap<Share, Vec<usize>> = BTreeMap::new();
            for (index, part) in parts.iter().enumerate() {
                rates.entry(part.line.tax).or_default().push(index);
            }
            let mut taxes = vec![0; parts.len()];
            for (rate, members) in rates {
                let paid = |index: &usize| parts.get(*index).map_or(0, Part::paid_minor);
                let weights: Vec<i64> = members.iter().map(paid).collect();
                let whole = tax(rate, sum(weights.iter().copied())?);
                for (index, part) in members.into_iter().zip(prorate(whole, &weights)) {
                    if let Some(tax) = taxes.get_mut(index) {
                        *tax = part;
                    }
                }
            }
            Ok(taxes)
        }
    }
}

/// Pieces of a line that cannot be divided evenly differ by one minor unit.
fn per_unit(part: &Part<'_>, tax: impl Fn(Share, i64) -> i64) -> Result<i64, MoneyError> {
    let quantity = i64::from(part.line.quantity);
    let (Some(unit), Some(dearer)) =
        (part.paid_minor().checked_div(quantity), part.paid_minor().checked_rem(quantity))
    else {
        return Ok(0);
    };
    let pieces = |count: i64, unit_minor: i64| {
        tax(part.line.tax, unit_minor).checked_mul(count).ok_or(MoneyError::TooLarge)
    };
    sum([pieces(quantity.saturating_sub(dearer), unit)?, pieces(dearer, unit.saturating_add(1))?])
}
