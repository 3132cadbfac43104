use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

/// Orders of a day before any season.
const ORDERS: f64 = 33.0;
/// How much more is sold at the end of the year than at its start.
const GROWTH: f64 = 0.2;
/// January to December, each in its middle.
const MONTHS: [f64; 12] = [0.75, 0.82, 0.9, 0.95, 1.0, 0.95, 0.9, 0.85, 1.0, 1.1, 1.45, 1.95];
/// Monday to Saturday; Sundays are closed.
const WEEKDAYS: [f64; 7] = [0.8, 0.88, 0.95, 1.0, 1.25, 1.55, 0.0];
const HOLIDAYS: [(i8, i8); 4] = [(1, 1), (5, 1), (12, 25), (12, 26)];
const PROMOTIONS: [Promotion; 3] = [
    Promotion { name: "Spring week", month: 4, monday: 2, uplift: 1.5, price_percent: 90 },
    Promotion { name: "Summer sale", month: 7, monday: 2, uplift: 1.6, price_percent: 80 },
    Promotion { name: "Black week", month: 11, monday: 4, uplift: 1.8, price_percent: 75 },
];

/// A week in which more is sold, for less.
pub(super) struct Promotion {
    pub(super) name: &'static str,
    pub(super) price_percent: i64,
    month: i8,
    /// Which Monday of the month it begins with.
    monday: i8,
    uplift: f64,
}

/// The promotion of a day.
pub(super) fn promotion(date: Date) -> Option<&'static Promotion> {
    let monday = date.saturating_sub(i64::from(days_since_monday(date)).days());
    let of_month = (monday.day() - 1) / 7 + 1;
    let begins =
        |promotion: &&Promotion| promotion.month == monday.month() && promotion.monday == of_month;
    PROMOTIONS.iter().find(begins)
}

pub(super) fn is_closed(date: Date) -> bool {
    date.weekday() == Weekday::Sunday || HOLIDAYS.contains(&(date.month(), date.day()))
}

/// How many orders a day has on average, when so much of the year is over.
pub(super) fn orders(date: Date, elapsed: f64) -> f64 {
    let weekday = WEEKDAYS[usize::from(days_since_monday(date).unsigned_abs())];
    let uplift = promotion(date).map_or(1.0, |promotion| promotion.uplift);
    ORDERS * weekday * of_year(date) * (1.0 + GROWTH * elapsed) * uplift
}

/// Between the middles of two months, a straight line.
fn of_year(date: Date) -> f64 {
    let month = usize::from(date.month().unsigned_abs()) - 1;
    let from_middle = (f64::from(date.day()) - 15.5) / 30.5;
    let neighbor = if from_middle < 0.0 { (month + 11) % 12 } else { (month + 1) % 12 };
    MONTHS[month] + (MONTHS[neighbor] - MONTHS[month]) * from_middle.abs()
}

fn days_since_monday(date: Date) -> i8 {
    date.weekday().to_monday_zero_offset()
}
