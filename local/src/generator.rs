//! A year of a believable small shop, for whoever has no file of his own at hand: seasons of the
//! week and of the year, growth, promotions, returns, a best seller that is sold out for two
//! weeks, and the few broken lines that every till has.

mod random;
mod season;
mod shelf;
mod till;

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

pub(crate) use self::random::Random;
use self::shelf::{Article, Shelf};
use self::till::{Buyer, Receipt, Till};

const FIRST_INVOICE: u32 = 100_001;
const OPEN_MINUTE: u64 = 9 * 60;
const OPEN_MINUTES: u64 = 9 * 60;
const STOCK_OUT_AFTER_DAYS: i64 = 252;
const STOCK_OUT_DAYS: i64 = 14;
const CUSTOMERS: u64 = 1_200;
const HOME: &str = "Germany";
/// Weights of the customers' countries; whoever leaves no name counts as from home.
const COUNTRIES: [(&str, u64); 7] = [
    (HOME, 825),
    ("Austria", 60),
    ("Netherlands", 40),
    ("France", 30),
    ("Switzerland", 20),
    ("Belgium", 15),
    ("Denmark", 10),
];
/// Weights of 1, 2, … lines on an invoice.
const LINES: [u64; 6] = [30, 26, 19, 12, 8, 5];
/// Weights of 1, 2, … of an article.
const QUANTITIES: [u64; 12] = [720, 170, 40, 25, 10, 15, 2, 3, 1, 2, 0, 12];
const UNNAMED_PERCENT: u64 = 28;
const RETURN_PERMILLE: u64 = 45;
/// How often, counted in invoices, something odd is on one.
const FREE_SAMPLE_EVERY: u32 = 150;
const BROKEN_LINE_EVERY: u32 = 1_200;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Lines after the header.
    pub lines: u64,
    /// Invoices that sell.
    pub orders: u64,
    /// Invoices that take back.
    pub returns: u64,
    /// Lines that an import must refuse.
    pub broken_lines: u64,
    /// Lines without a price.
    pub free_lines: u64,
    /// What was sold, in minor units; broken lines not counted.
    pub revenue_minor: i64,
    /// What was given back, in minor units.
    pub refunds_minor: i64,
    /// SKU and name of what sells most.
    pub best_seller: (String, String),
    /// The first day it was sold out, and the first it was there again.
    pub stock_out: (Date, Date),
    /// Name, first Monday and the Monday after of each promotion that began in the year.
    pub promotions: Vec<(&'static str, Date, Date)>,
}

/// The shop, as its days go by.
struct Shop<W> {
    random: Random,
    shelf: Shelf,
    till: Till<W>,
    next_invoice: u32,
    to_come_back: BTreeMap<Date, Vec<Return>>,
}

/// Something bought that will be brought back.
struct Return {
    article: Article,
    quantity: i64,
    price_minor: i64,
    buyer: Buyer,
}

/// Writes a year of sales as CSV, always the same for one seed and first day.
///
/// # Errors
/// When it cannot be written.
pub fn write_year(out: impl Write, seed: u64, first_day: Date) -> io::Result<Summary> {
    let mut shop = Shop::open(out, seed, first_day)?;
    let end = first_day.saturating_add(1.year());
    let days = first_day.series(1.day()).take_while(|date| *date < end);
    for (index, date) in days.enumerate() {
        shop.day(date, index as f64 / 365.0)?;
    }
    shop.till.close()
}

impl<W: Write> Shop<W> {
    fn open(out: W, seed: u64, first_day: Date) -> io::Result<Self> {
        let shelf = Shelf::new();
        let sold_out = first_day.saturating_add(STOCK_OUT_AFTER_DAYS.days());
        let best = shelf.best_seller();
        let till = Till::open(
            out,
            Summary {
                lines: 0,
                orders: 0,
                returns: 0,
                broken_lines: 0,
                free_lines: 0,
                revenue_minor: 0,
                refunds_minor: 0,
                best_seller: (best.sku.clone(), best.name.clone()),
                stock_out: (sold_out, sold_out.saturating_add(STOCK_OUT_DAYS.days())),
                promotions: Vec::new(),
            },
        )?;
        let to_come_back = BTreeMap::new();
        let random = Random::new(seed);
        Ok(Self { random, shelf, till, next_invoice: FIRST_INVOICE, to_come_back })
    }

    fn day(&mut self, date: Date, elapsed: f64) -> io::Result<()> {
        let promotion = season::promotion(date);
        if let Some(promotion) = promotion.filter(|_| date.weekday() == Weekday::Monday) {
            let after = date.saturating_add(1.week());
            self.till.summary.promotions.push((promotion.name, date, after));
        }
        if season::is_closed(date) {
            return Ok(());
        }
        let price_percent = promotion.map_or(100, |promotion| promotion.price_percent);
        let (from, until) = self.till.summary.stock_out;
        let sold_out = (from..until).contains(&date);
        let weights = self.shelf.weights(date.month(), sold_out);

        // A visitor buys, or brings something back; who would have come on a closed day, today.
        let tomorrow = date.saturating_add(1.day());
        let later = self.to_come_back.split_off(&tomorrow);
        let today = std::mem::replace(&mut self.to_come_back, later);
        let buying = self.random.about(season::orders(date, elapsed));
        let visitors = today.into_values().flatten().map(Some).chain((0..buying).map(|_| None));
        let mut visits: Vec<_> = visitors.map(|brings| (self.minute(), brings)).collect();
        visits.sort_by_key(|&(minute, _)| minute);
        for (minute, brings) in visits {
            let at = format!("{date} {:02}:{:02}", minute / 60, minute % 60);
            match brings {
                Some(brings) => self.take_back(at, &brings)?,
                None => {
                    let bought = self.sell(at, &weights, price_percent)?;
                    if self.random.below(1000) < RETURN_PERMILLE {
                        let wait = self.random.below(20).cast_signed() + 2;
                        let day = date.saturating_add(wait.days());
                        self.to_come_back.entry(day).or_default().push(bought);
                    }
                }
            }
        }
        Ok(())
    }

    /// Sells to one buyer. What he could bring back later is the first thing he bought.
    fn sell(&mut self, at: String, weights: &[u64], price_percent: i64) -> io::Result<Return> {
        let number = self.number();
        let buyer = self.buyer();
        let receipt = Receipt { invoice: number.to_string(), at, buyer };
        let lines = 1 + self.random.choose(&LINES);
        let mut bought: Vec<(Article, i64, i64)> = Vec::with_capacity(lines);
        for _ in 0..lines {
            let article = self.shelf.article(self.random.choose(weights)).clone();
            let quantity = 1 + self.random.choose(&QUANTITIES) as i64;
            let price_minor = (article.price_minor * price_percent + 50) / 100;
            if bought.iter().all(|(other, ..)| other.sku != article.sku) {
                self.till.sell(&receipt, &article, quantity, price_minor)?;
                bought.push((article, quantity, price_minor));
            }
        }
        if number.is_multiple_of(FREE_SAMPLE_EVERY) {
            self.till.give(&receipt, &shelf::sample())?;
        }
        if number.is_multiple_of(BROKEN_LINE_EVERY) {
            self.till.slip(&receipt, &bought[0].0, number / BROKEN_LINE_EVERY)?;
        }
        self.till.summary.orders += 1;
        let (article, quantity, price_minor) = bought.swap_remove(0);
        Ok(Return { article, quantity, price_minor, buyer: receipt.buyer })
    }

    fn take_back(&mut self, at: String, brings: &Return) -> io::Result<()> {
        let invoice = format!("C{}", self.number());
        let receipt = Receipt { invoice, at, buyer: brings.buyer };
        self.till.summary.returns += 1;
        self.till.take_back(&receipt, &brings.article, brings.quantity, brings.price_minor)
    }

    fn number(&mut self) -> u32 {
        let number = self.next_invoice;
        self.next_invoice += 1;
        number
    }

    /// Some customers come often; where one is from never changes.
    fn buyer(&mut self) -> Buyer {
        if self.random.below(100) < UNNAMED_PERCENT {
            return Buyer { customer: None, country: HOME };
        }
        let often = self.random.below(CUSTOMERS).min(self.random.below(CUSTOMERS));
        let weights = COUNTRIES.map(|(_, weight)| weight);
        let (country, _) = COUNTRIES[Random::new(often).choose(&weights)];
        Buyer { customer: Some(20_000 + often), country }
    }

    /// Most come around the middle of the day.
    fn minute(&mut self) -> u64 {
        let half = OPEN_MINUTES / 2;
        OPEN_MINUTE + self.random.below(half) + self.random.below(half)
    }
}
