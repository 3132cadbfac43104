use jiff::Timestamp;

use crate::id::DiscountId;

use super::apply::applies_after;
use super::{Discount, Effect, NotApplicable, Purchase, Taken, Target};

/// Several discounts on one purchase.
#[derive(Clone, Debug, PartialEq)]
pub struct Combined {
    /// All that is taken off.
    pub taken: Taken,
    /// What became of each discount, in the order they were given.
    pub verdicts: Vec<Verdict>,
}

/// What became of a discount.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Which.
    pub discount: DiscountId,
    /// What it takes off, or why it does not.
    pub share: Result<Taken, NotApplicable>,
}

/// What is taken off when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// Off some lines, and off pieces of them.
    Lines,
    /// A share of everything.
    Percentage,
    /// An amount off everything.
    Amount,
    /// Off delivery.
    Delivery,
}

/// Takes several discounts off a purchase: first what is off some lines, then shares of
/// everything, then amounts off everything, then free shipping; alike ones as they were given.
/// Each takes from what the ones before it left, so two halves leave a quarter, and nothing
/// falls below zero. Conditions look at catalog prices, so they do not depend on other codes.
#[must_use]
pub fn combine(discounts: &[Discount], purchase: &Purchase, now: Timestamp) -> Combined {
    let mut order: Vec<(usize, &Discount)> = discounts.iter().enumerate().collect();
    order.sort_by_key(|(_, discount)| turn(discount));
    let mut taken = Taken::nothing(purchase);
    let mut verdicts: Vec<(usize, Verdict)> = Vec::with_capacity(order.len());
    for (index, discount) in order {
        let used = discounts.iter().take(index).any(|earlier| earlier.id == discount.id);
        let share = if used {
            Err(NotApplicable::UsedAlready)
        } else {
            applies_after(discount, purchase, &taken, now)
        };
        if let Ok(share) = &share {
            taken.add(share);
        }
        verdicts.push((index, Verdict { discount: discount.id, share }));
    }
    verdicts.sort_by_key(|(index, _)| *index);
    Combined { taken, verdicts: verdicts.into_iter().map(|(_, verdict)| verdict).collect() }
}

fn turn(discount: &Discount) -> Turn {
    match (discount.effect, &discount.target) {
        (Effect::FreeShipping, _) => Turn::Delivery,
        (Effect::Percentage(_), Target::All) => Turn::Percentage,
        (Effect::Amount(_), Target::All) => Turn::Amount,
        (Effect::Percentage(_) | Effect::Amount(_) | Effect::BuyXGetY { .. }, _) => Turn::Lines,
    }
}
