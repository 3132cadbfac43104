use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{LocationId, VariantId};

use super::{Event, Line, Order, PutBack, Terms};

/// Pieces of a variant at a location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// Of what.
    pub variant: VariantId,
    /// Where.
    pub location: LocationId,
    /// How many. Of an offer: how many there are.
    pub quantity: u32,
}

/// What is held for an order of one variant at one location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Of what.
    pub variant: VariantId,
    /// Where.
    pub location: LocationId,
    /// Pieces that wait for the payment.
    pub held: u32,
    /// Pieces that are paid and wait for their parcel.
    pub committed: u32,
}

/// By how much the columns of one row of stock change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockMove {
    /// Of what.
    pub variant: VariantId,
    /// Where.
    pub location: LocationId,
    /// Pieces on the shelf.
    pub on_hand: i64,
    /// Pieces of them that wait for a payment.
    pub reserved: i64,
    /// Pieces of them that are paid.
    pub allocated: i64,
}

/// Pieces that are wanted and not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// Of what.
    pub variant: VariantId,
    /// How many are wanted.
    pub wanted: u32,
    /// How many there are.
    pub available: u32,
}

/// Chooses from where to take what is wanted: offers in the order they are given, each as far as
/// it goes. Demand is summed by variant before, so that two lines cannot each be promised the
/// same last piece.
///
/// # Errors
/// All variants of which there is not enough.
pub fn allocate(
    wanted: &BTreeMap<VariantId, u32>,
    offers: &[Pick],
) -> Result<Vec<Pick>, Vec<Shortage>> {
    let mut picks = vec![];
    let mut short = vec![];
    for (&variant, &wanted) in wanted {
        let mut missing = wanted;
        for offer in offers.iter().filter(|offer| offer.variant == variant) {
            let quantity = missing.min(offer.quantity);
            if quantity > 0 {
                picks.push(Pick { quantity, ..*offer });
                missing -= quantity;
            }
        }
        if missing > 0 {
            short.push(Shortage { variant, wanted, available: wanted - missing });
        }
    }
    if short.is_empty() { Ok(picks) } else { Err(short) }
}

/// What events do to stock: one move for each row that changes, in the order in which rows are
/// to be locked.
#[must_use]
pub fn moves(events: &[Event]) -> Vec<StockMove> {
    let mut rows: BTreeMap<(VariantId, LocationId), StockMove> = BTreeMap::new();
    for event in events {
        let (picks, [on_hand, reserved, allocated]): (&[Pick], [i64; 3]) = match event {
            Event::StockReserved { picks } => (picks, [0, 1, 0]),
            Event::StockCommitted { picks } => (picks, [0, -1, 1]),
            Event::StockReleased { picks, from: PutBack::Held } => (picks, [0, -1, 0]),
            Event::StockReleased { picks, from: PutBack::Committed } => (picks, [0, 0, -1]),
            Event::StockRestocked { picks } => (picks, [1, 0, 0]),
            Event::FulfillmentShipped { picks, .. } => (picks, [-1, 0, -1]),
            _ => continue,
        };
        for pick in picks {
            let quantity = i64::from(pick.quantity);
            let row = rows.entry((pick.variant, pick.location)).or_insert(StockMove {
                variant: pick.variant,
                location: pick.location,
                on_hand: 0,
                reserved: 0,
                allocated: 0,
            });
            row.on_hand += on_hand * quantity;
            row.reserved += reserved * quantity;
            row.allocated += allocated * quantity;
        }
    }
    rows.into_values()
        .filter(|row| (row.on_hand, row.reserved, row.allocated) != (0, 0, 0))
        .collect()
}

impl Terms {
    /// Pieces of each variant that are to be taken from stock.
    #[must_use]
    pub fn demand(&self) -> BTreeMap<VariantId, u32> {
        demand(&self.lines)
    }
}

/// Pieces of each variant that lines take from stock.
pub(super) fn demand(lines: &[Line]) -> BTreeMap<VariantId, u32> {
    let stocked = lines.iter().filter(|line| line.is_stocked);
    sums(stocked.map(|line| (line.variant, line.quantity)))
}

impl Order {
    /// Pieces of each variant that the order takes from stock.
    #[must_use]
    pub fn demand(&self) -> BTreeMap<VariantId, u32> {
        self.terms.demand()
    }

    /// What waits for the payment.
    #[must_use]
    pub fn held(&self) -> Vec<Pick> {
        picks(self.holds.iter().map(|hold| (hold, hold.held)))
    }

    /// What is paid and waits for its parcel.
    #[must_use]
    pub fn committed(&self) -> Vec<Pick> {
        picks(self.holds.iter().map(|hold| (hold, hold.committed)))
    }
}

/// Quantities added up by what they are of.
pub(super) fn sums<Of: Ord>(quantities: impl Iterator<Item = (Of, u32)>) -> BTreeMap<Of, u32> {
    let mut sums: BTreeMap<Of, u32> = BTreeMap::new();
    for (of, quantity) in quantities {
        let sum = sums.entry(of).or_default();
        *sum = sum.saturating_add(quantity);
    }
    sums
}

fn picks<'a>(holds: impl Iterator<Item = (&'a Hold, u32)>) -> Vec<Pick> {
    let some = holds.filter(|(_, quantity)| *quantity > 0);
    some.map(|(hold, quantity)| Pick { variant: hold.variant, location: hold.location, quantity })
        .collect()
}
