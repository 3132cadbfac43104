//! A line's amount is its quantity by its unit price, in decimal arithmetic, rounded half up to
//! whole minor units. So revenue less refunds is the sum of quantity by price over the file.

mod amount;
mod columns;
mod standard;
mod trade;
pub(crate) mod wall;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::calendar::Zone;
use crate::metric::limit;
use crate::tenant::Currency;

use self::amount::Decimal;
use self::wall::WallClock;

pub use columns::{ColumnIndexes, Columns, MissingColumn};
pub use standard::{Ratio, StandardMetric};
pub use trade::{Trade, of_order};

/// One line of a till's or shop's export, split into columns. Spaces around a text are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaleLine<'a> {
    /// Which lines belong together; `C` before a digit makes it a cancellation.
    pub invoice: &'a str,
    /// What was sold.
    pub sku: &'a str,
    /// What that is called.
    pub description: &'a str,
    /// How many, with up to six decimals; negative when taken back.
    pub quantity: &'a str,
    /// When: `2010-12-01 08:26`, `:00` or a fraction appended, with `T` instead of the space, or
    /// RFC 3339. Without an offset it is the wall time of the shop's zone: the earlier of two
    /// where it is repeated, the first instant after the gap where it is skipped.
    pub at: &'a str,
    /// Of one, in major units (pounds, not pence), with up to six decimals after a point.
    pub unit_price: &'a str,
    /// Who bought.
    pub customer: &'a str,
    /// Where the buyer is; no tag when empty.
    pub country: &'a str,
}

/// What becomes of a line.
#[expect(clippy::large_enum_variant, reason = "one lives at a time; boxing allocates by the line")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// It is of this kind and makes these points, none perhaps.
    Points(LineKind, SalePoints<'a>),
    /// It cannot be understood and makes none.
    Refused(Refusal),
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Quantity and price are positive.
    Sale,
    /// Taken back: the invoice is one such as `C536379`, or the quantity is negative. Its amount is
    /// refunded whichever sign its quantity has.
    Cancellation,
    /// The price is negative, as for a bad debt. Its amount is a refund, or revenue where the
    /// quantity is negative too.
    Adjustment,
    /// Quantity or price is zero: a gift, or a correction of stock. No money, nothing sold.
    Zero,
}

/// One figure of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SalePoint<'a> {
    /// What it measures.
    pub metric: StandardMetric,
    /// Its series: key and value of the tag, if it has one.
    pub tag: Option<(&'static str, &'a str)>,
    /// When.
    pub at: Timestamp,
    /// Whole minor units for money, else a number.
    pub value: f64,
}

/// The figures of one line; reads as a slice.
#[derive(Clone, Copy, Debug)]
pub struct SalePoints<'a> {
    points: [SalePoint<'a>; 5],
    len: usize,
}

/// Why a line is refused. Stable: a code is never reused for something else.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The invoice is empty.
    #[error("the line names no invoice")]
    MissingInvoice,
    /// The SKU is empty.
    #[error("the line names no product")]
    MissingSku,
    /// The SKU or the country cannot be a tag.
    #[error("product and country have at most 200 bytes and no control characters")]
    BadText,
    /// The quantity is no number.
    #[error("the quantity is not a number such as 12 or 0.5, with at most six decimals")]
    BadQuantity,
    /// The price is no number.
    #[error("the price is not a number such as 2.95, with at most six decimals")]
    BadPrice,
    /// The amount is beyond what a figure can hold exactly.
    #[error("quantity by price is too large an amount")]
    BadAmount,
    /// The instant cannot be read, or is of another century.
    #[error("the time is not one of 1970 to 2099 written as 2010-12-01 08:26, or in RFC 3339")]
    BadInstant,
    /// The instant is ahead of the clock.
    #[error("the time is ahead of the clock")]
    Future,
}

/// What has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All lines, also the refused.
    pub lines: u64,
    /// Lines that sell.
    pub sales: u64,
    /// Lines that take back.
    pub cancellations: u64,
    /// Lines with a negative price.
    pub adjustments: u64,
    /// Lines of no quantity or no price.
    pub zeros: u64,
    /// Lines that make points or are zero, but name no customer.
    pub without_customer: u64,
    /// The same of the description.
    pub without_description: u64,
    /// Refused lines, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// Invoices with a sale.
    pub orders: u64,
    /// Invoices that take back.
    pub returns: u64,
    /// Sum of all revenue points.
    pub revenue_minor: i64,
    /// Sum of all refund points.
    pub refunds_minor: i64,
}

/// Reads the lines of one file in order. Reading the same file again gives the same points for
/// each line. Remembers about 16 bytes of each invoice.
#[derive(Debug)]
pub struct SalesReader {
    exponent: u32,
    clock: WallClock,
    latest: Timestamp,
    /// Fingerprints of the invoices that are orders, and of those that are returns.
    seen: HashSet<u64>,
    newest: [u64; 2],
    counts: Counts,
}

impl SalesReader {
    /// A reader of prices in this currency and of wall times in this zone.
    #[must_use]
    pub fn new(currency: Currency, zone: Zone) -> Self {
        Self {
            exponent: currency.exponent(),
            clock: WallClock::new(zone),
            latest: Timestamp::MAX,
            seen: HashSet::new(),
            newest: [0; 2],
            counts: Counts::default(),
        }
    }

    /// The same reader, which refuses what was sold after an instant.
    #[must_use]
    pub fn until(self, latest: Timestamp) -> Self {
        Self { latest, ..self }
    }

    /// What has been read so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Reads the next line.
    pub fn line<'a>(&mut self, line: &SaleLine<'a>) -> Outcome<'a> {
        self.counts.lines += 1;
        match self.read(line) {
            Ok((kind, points)) => {
                self.count(kind, line);
                Outcome::Points(kind, points)
            }
            Err(refusal) => {
                *self.counts.refused.entry(refusal).or_default() += 1;
                Outcome::Refused(refusal)
            }
        }
    }

    fn read<'a>(&mut self, line: &SaleLine<'a>) -> Result<(LineKind, SalePoints<'a>), Refusal> {
        let invoice = present(line.invoice).ok_or(Refusal::MissingInvoice)?;
        let sku = tag("sku", line.sku)?.ok_or(Refusal::MissingSku)?;
        let country = tag("country", line.country)?;
        let quantity = Decimal::parse(line.quantity.trim()).ok_or(Refusal::BadQuantity)?;
        let price = Decimal::parse(line.unit_price.trim()).ok_or(Refusal::BadPrice)?;
        let amount_minor = quantity.amount(price, self.exponent).ok_or(Refusal::BadAmount)?;
        let at = self.clock.instant(line.at.trim()).ok_or(Refusal::BadInstant)?;
        if at > self.latest {
            return Err(Refusal::Future);
        }
        let kind = LineKind::of(invoice, quantity, price);

        let mut points = SalePoints::new(at);
        let is_revenue =
            kind == LineKind::Sale || kind == LineKind::Adjustment && quantity.is_negative();
        if is_revenue {
            points.push(StandardMetric::Revenue, country, amount_minor as f64);
            self.counts.revenue_minor = self.counts.revenue_minor.saturating_add(amount_minor);
        } else if kind != LineKind::Zero {
            points.push(StandardMetric::Refunds, country, amount_minor as f64);
            self.counts.refunds_minor = self.counts.refunds_minor.saturating_add(amount_minor);
        }
        match kind {
            LineKind::Sale => {
                let units = quantity.to_f64();
                points.push(StandardMetric::Units, country, units);
                points.push(StandardMetric::ProductRevenue, Some(sku), amount_minor as f64);
                points.push(StandardMetric::ProductUnits, Some(sku), units);
                if self.is_first(invoice, StandardMetric::Orders) {
                    points.push(StandardMetric::Orders, country, 1.0);
                    self.counts.orders += 1;
                }
            }
            LineKind::Cancellation => {
                if self.is_first(invoice, StandardMetric::Returns) {
                    points.push(StandardMetric::Returns, country, 1.0);
                    self.counts.returns += 1;
                }
            }
            LineKind::Adjustment | LineKind::Zero => {}
        }
        Ok((kind, points))
    }

    fn count(&mut self, kind: LineKind, line: &SaleLine<'_>) {
        let counts = &mut self.counts;
        let of_kind = match kind {
            LineKind::Sale => &mut counts.sales,
            LineKind::Cancellation => &mut counts.cancellations,
            LineKind::Adjustment => &mut counts.adjustments,
            LineKind::Zero => &mut counts.zeros,
        };
        *of_kind += 1;
        counts.without_customer += u64::from(present(line.customer).is_none());
        counts.without_description += u64::from(present(line.description).is_none());
    }

    /// Whether this is the first line that makes its invoice an order, or a return. Lines of one
    /// invoice mostly follow each other, so the newest is asked before the set.
    fn is_first(&mut self, invoice: &str, as_what: StandardMetric) -> bool {
        let fingerprint = fingerprint(invoice, as_what as u8);
        let newest = &mut self.newest[usize::from(as_what == StandardMetric::Returns)];
        if *newest == fingerprint {
            return false;
        }
        *newest = fingerprint;
        self.seen.insert(fingerprint)
    }
}

impl LineKind {
    fn of(invoice: &str, quantity: Decimal, price: Decimal) -> Self {
        if quantity.is_zero() || price.is_zero() {
            Self::Zero
        } else if price.is_negative() {
            Self::Adjustment
        } else if quantity.is_negative() || is_cancelled(invoice) {
            Self::Cancellation
        } else {
            Self::Sale
        }
    }
}

impl<'a> SalePoints<'a> {
    fn new(at: Timestamp) -> Self {
        let blank = SalePoint { metric: StandardMetric::Revenue, tag: None, at, value: 0.0 };
        Self { points: [blank; 5], len: 0 }
    }

    fn push(&mut self, metric: StandardMetric, tag: Option<(&'static str, &'a str)>, value: f64) {
        let next = &mut self.points[self.len];
        (next.metric, next.tag, next.value) = (metric, tag, value);
        self.len += 1;
    }
}

impl<'a> std::ops::Deref for SalePoints<'a> {
    type Target = [SalePoint<'a>];

    fn deref(&self) -> &Self::Target {
        &self.points[..self.len]
    }
}

impl PartialEq for SalePoints<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// Not every invoice with a `C` is one: some shops begin them all with `CA-`.
fn is_cancelled(invoice: &str) -> bool {
    matches!(invoice.as_bytes(), [b'C', b'0'..=b'9', ..])
}

fn present(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn tag<'a>(key: &'static str, value: &'a str) -> Result<Option<(&'static str, &'a str)>, Refusal> {
    let Some(value) = present(value) else { return Ok(None) };
    if value.len() > limit::TAG_VALUE_BYTES || value.chars().any(char::is_control) {
        return Err(Refusal::BadText);
    }
    Ok(Some((key, value)))
}

/// FNV-1a of 64 bits, finished by the mixer of splitmix64: among a million invoices the chance
/// that any two share one is about 3 in 100 million.
fn fingerprint(invoice: &str, as_what: u8) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    let bytes = invoice.bytes().chain([0, as_what]);
    let hash = bytes.fold(start, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
