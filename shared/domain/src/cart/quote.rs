use crate::credit::Unusable;
use crate::discount::{Bought, Code, NotApplicable, Purchase, combine};
use crate::id::{CreditId, DiscountId, LineId};
use crate::money::{MoneyError, Share};
use crate::order::{Applied, Delivered, Line, Totals};
use crate::pricing::{BasketLine, Priced, price};

use super::{Cart, CartLine, ShippingOption};

/// What a cart comes to, and what is in the way of buying it.
#[derive(Clone, Debug, PartialEq)]
pub struct Quote {
    /// Every line with its price; lines that cannot be bought cost nothing.
    pub priced: Priced,
    /// What is taken off without a code, and what became of every code.
    pub reductions: Vec<Reduction>,
    /// What the cart's credit pays of the total, in minor units, or why it does not. It is no
    /// discount: prices, taxes and totals are the same with it and without.
    pub credit: Option<(CreditId, Result<i64, Unusable>)>,
    /// What has to be done before it can be bought.
    pub hindrances: Vec<Hindrance>,
    /// The ways of the shop that fit the cart.
    pub options: Vec<ShippingOption>,
}

/// A discount of a cart, or a code that is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduction {
    /// What was typed. None for a discount that needs no code.
    pub code: Option<Code>,
    /// Which discount, and what people call it. None where a code has none.
    pub discount: Option<(DiscountId, String)>,
    /// What it takes off, in minor units, or why it does not.
    pub off_minor: Result<i64, NotApplicable>,
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
    /// A code takes nothing off: nobody is to pay more than was hoped for without knowing.
    CodeDoesNotApply,
    /// The credit pays nothing: nobody is to be asked for more than was hoped for without knowing.
    CreditDoesNotApply,
}

impl Cart {
    /// What it comes to at the prices that it was read with. Totals are computed here and
    /// nowhere else.
    ///
    /// # Errors
    /// When an amount grows beyond 63 bits.
    pub fn quote(&self) -> Result<Quote, MoneyError> {
        let mut purchase = self.purchase();
        // What is taken off lines does not depend on delivery, but which ways fit depends on it.
        let combined = combine(&self.discounts, &purchase, self.at);
        let bare = price(&purchase.less(&combined.taken))?;
        let shown_minor = bare.subtotal_minor.saturating_sub(bare.discount_minor);
        let fits =
            |option: &&ShippingOption| option.fits(&self.country, self.weight_grams(), shown_minor);
        let options: Vec<ShippingOption> = self.options.iter().filter(fits).cloned().collect();
        let chosen = options.iter().find(|option| Some(option.id) == self.shipping);
        purchase.delivery = chosen.map(|option| BasketLine {
            unit_price_minor: option.price_minor,
            quantity: 1,
            tax: self.rate(&option.tax_category),
            discount_minor: 0,
        });
        let combined = combine(&self.discounts, &purchase, self.at);
        let priced = price(&purchase.less(&combined.taken))?;
        let told = combined.verdicts.into_iter().map(|verdict| verdict.share);
        let told = told.map(|share| share.and_then(|taken| Ok(taken.total_minor()?)));
        let reductions = self.reductions(told.collect());
        let mut hindrances = self.hindrances(chosen.is_some(), &reductions);
        let credit = self
            .credit
            .as_ref()
            .map(|credit| (credit.id, credit.pays((self.currency, priced.total_minor), self.at)));
        if matches!(credit, Some((_, Err(_)))) {
            hindrances.push(Hindrance::CreditDoesNotApply);
        }
        Ok(Quote { priced, reductions, credit, hindrances, options })
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
            replaces: None,
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

    fn purchase(&self) -> Purchase {
        Purchase {
            currency: self.currency,
            prices: self.taxes.prices,
            rounding: self.settings.rounding,
            lines: self.lines.iter().map(|line| self.bought(line)).collect(),
            delivery: None,
        }
    }

    /// Pieces that cannot be bought are none, so that no discount counts them.
    fn bought(&self, line: &CartLine) -> Bought {
        let for_sale = line.unit_price_minor.filter(|_| line.is_for_sale);
        Bought {
            product: line.product,
            variant: line.variant,
            categories: line.categories.clone(),
            line: BasketLine {
                unit_price_minor: for_sale.unwrap_or(0),
                quantity: for_sale.map_or(0, |_| line.quantity),
                tax: self.rate(&line.tax_category),
                discount_minor: 0,
            },
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

    /// One that needs no code is told of when it applies; every code is told of.
    fn reductions(&self, told: Vec<Result<i64, NotApplicable>>) -> Vec<Reduction> {
        let known = self.discounts.iter().zip(told).map(|(discount, off_minor)| Reduction {
            code: discount.code.clone(),
            discount: Some((discount.id, discount.name.clone())),
            off_minor,
        });
        let mut reductions: Vec<Reduction> =
            known.filter(|known| known.code.is_some() || known.off_minor.is_ok()).collect();
        for code in &self.codes {
            if !reductions.iter().any(|known| known.code.as_ref() == Some(code)) {
                reductions.push(Reduction {
                    code: Some(code.clone()),
                    discount: None,
                    off_minor: Err(NotApplicable::NoSuchCode),
                });
            }
        }
        reductions
    }

    fn hindrances(&self, is_chosen: bool, reductions: &[Reduction]) -> Vec<Hindrance> {
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
        if reductions.iter().any(|reduction| reduction.off_minor.is_err()) {
            hindrances.push(Hindrance::CodeDoesNotApply);
        }
        hindrances
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

    /// What is spent of which credit, if anything is.
    #[must_use]
    pub fn spent(&self) -> Option<(CreditId, i64)> {
        let (credit, pays) = self.credit.as_ref()?;
        let amount_minor = *pays.as_ref().ok()?;
        (amount_minor > 0).then_some((*credit, amount_minor))
    }

    /// What is left to pay, in minor units.
    #[must_use]
    pub fn due_minor(&self) -> i64 {
        self.priced.total_minor - self.spent().map_or(0, |(_, amount_minor)| amount_minor)
    }

    /// The discounts of the order that the cart becomes.
    #[must_use]
    pub fn applied(&self) -> Vec<Applied> {
        let applied = self.reductions.iter().filter_map(|reduction| {
            let (discount, _name) = reduction.discount.as_ref()?;
            let amount_minor = *reduction.off_minor.as_ref().ok()?;
            Some(Applied { discount: *discount, code: reduction.code.clone(), amount_minor })
        });
        applied.collect()
    }
}
