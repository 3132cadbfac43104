use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Change, Figures, Headline, Period};
use crate::calendar::Grain;
use crate::tenant::Currency;

/// The sign of a negative figure: as wide as a digit, and never broken from it.
const MINUS: &str = "\u{2212}";

/// How a figure is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Minor units of a currency, written in major units: 123450 is `£1,234.50`.
    Money(Currency),
    /// A plain number, with a unit after it unless that is empty: `12,345`, `3.5 kg`.
    Number {
        /// A short word.
        unit: String,
    },
    /// A share of one, written in percent: 0.123 is `12.3%`.
    Share,
}

impl Measure {
    /// The figure in full.
    #[must_use]
    pub fn exact(&self, value: f64) -> String {
        self.written(value, false)
    }

    /// The figure without the digits that an estimate does not have: from 100 on no fraction,
    /// from 1,000 on three digits and zeros.
    #[must_use]
    pub fn rounded(&self, value: f64) -> String {
        let units = self.units_per_written();
        let number = value / units;
        if number.abs() < 1_000.0 {
            return self.written(value, true);
        }
        let step = 10_f64.powf(number.abs().log10().floor() - 2.0);
        self.written((number / step).round() * step * units, true)
    }

    /// A change of the figure, with its sign; of a share in points, for a percentage of a
    /// percentage misleads.
    #[must_use]
    pub fn change(&self, difference: f64) -> String {
        let sign = if difference > 0.0 { "+" } else { "" };
        format!("{sign}{}", self.difference(difference))
    }

    /// How many of the figure's units one unit of the written number is: 100 for a currency with
    /// cents.
    #[must_use]
    pub fn units_per_written(&self) -> f64 {
        match self {
            Self::Money(currency) => 10_f64.powi(currency.exponent().cast_signed()),
            Self::Number { .. } => 1.0,
            Self::Share => 0.01,
        }
    }

    /// What stands before and after the number.
    #[must_use]
    pub fn affixes(&self) -> (String, String) {
        match self {
            Self::Money(currency) => (symbol(*currency), String::new()),
            Self::Number { unit } if unit.is_empty() => (String::new(), String::new()),
            Self::Number { unit } => (String::new(), format!("\u{a0}{unit}")),
            Self::Share => (String::new(), "%".to_owned()),
        }
    }

    pub(super) fn is_share(&self) -> bool {
        matches!(self, Self::Share)
    }

    pub(super) fn difference(&self, difference: f64) -> String {
        match self {
            Self::Share => format!("{} points", decimal(difference * 100.0, 1)),
            Self::Money(_) | Self::Number { .. } => self.exact(difference),
        }
    }

    fn written(&self, value: f64, rounded: bool) -> String {
        if !value.is_finite() {
            return "\u{2013}".to_owned();
        }
        let number = value / self.units_per_written();
        let large = number.abs() >= 100.0;
        let decimals = match self {
            Self::Money(_) | Self::Number { .. } if rounded && large => 0,
            Self::Money(currency) => currency.exponent() as usize,
            Self::Number { .. } if value.fract() == 0.0 || value.abs() >= 1e6 => 0,
            Self::Number { .. } => 2,
            Self::Share => 1,
        };
        // Whole minor units first: dividing could turn half a cent into less than half.
        let digits = match self {
            Self::Money(_) if decimals > 0 => minor(value, decimals),
            _ => decimal(number.abs(), decimals),
        };
        let negative = value < 0.0 && digits.bytes().any(|digit| matches!(digit, b'1'..=b'9'));
        let (before, after) = self.affixes();
        format!("{}{before}{digits}{after}", if negative { MINUS } else { "" })
    }
}

impl Change {
    /// Short, for a table: `+12.3%`, `+0.6 points`, `+£120.00`, or why there is none.
    #[must_use]
    pub fn short(&self, measure: &Measure) -> String {
        match (measure, self.absolute, self.relative) {
            (Measure::Share, Some(absolute), _) => measure.change(absolute),
            (_, Some(absolute), Err(_)) => measure.change(absolute),
            (_, _, Ok(relative)) => {
                format!("{}{}", if relative > 0.0 { "+" } else { "" }, percent(relative))
            }
            (_, None, Err(reason)) => reason.to_string(),
        }
    }
}

impl Figures {
    /// Up to when the data was known, by the clocks of the zone; in UTC when nobody knows the zone.
    #[must_use]
    pub fn as_of_written(&self) -> String {
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        self.as_of.to_zoned(zone).strftime("%A, %-d %B %Y, %H:%M %Z").to_string()
    }
}

impl Headline {
    /// The value in full, or a dash.
    #[must_use]
    pub fn written(&self) -> String {
        self.measure.exact(self.value.unwrap_or(f64::NAN))
    }

    /// The previous value in full, or a dash.
    #[must_use]
    pub fn previous_written(&self) -> String {
        self.measure.exact(self.previous.unwrap_or(f64::NAN))
    }
}

impl Period {
    /// Its first and last day: `14–20 November 2026`; a whole month by its name.
    #[must_use]
    pub fn dates(&self) -> String {
        let (first, last) = (self.first, self.last);
        let long = |date: Date| date.strftime("%-d %B %Y").to_string();
        if (first, last) == (last.first_of_month(), first.last_of_month()) {
            first.strftime("%B %Y").to_string()
        } else if first == last {
            first.strftime("%A, %-d %B %Y").to_string()
        } else if (first.year(), first.month()) == (last.year(), last.month()) {
            format!("{}\u{2013}{}", first.day(), long(last))
        } else if first.year() == last.year() {
            format!("{} \u{2013} {}", first.strftime("%-d %B"), long(last))
        } else {
            format!("{} \u{2013} {}", long(first), long(last))
        }
    }

    /// What it is one of, as a word in a sentence: `week`, `fiscal year`.
    #[must_use]
    pub fn noun(&self) -> String {
        noun(self.grain)
    }
}

/// A grain as a word in a sentence.
pub(super) fn noun(grain: Grain) -> String {
    match grain {
        Grain::QuarterHour => "quarter of an hour".to_owned(),
        named => named.name().replace('_', " "),
    }
}

/// A share of one in percent: one decimal below a hundred percent, none above.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        return "\u{2013}".to_owned();
    }
    let decimals = if percent.abs() >= 99.95 { 0 } else { 1 };
    decimal(percent, decimals) + "%"
}

/// A decimal with commas between the thousands, halves away from zero.
fn decimal(number: f64, decimals: usize) -> String {
    let factor = [1.0, 10.0, 100.0][decimals.min(2)];
    // The nudge makes up for decimals such as 1.005 that binary numbers hold a little too small.
    let tenths = (number.abs() * factor * (1.0 + 4.0 * f64::EPSILON)).round();
    let text = grouped(&format!("{:.decimals$}", tenths / factor));
    if number < 0.0 && tenths > 0.0 { format!("{MINUS}{text}") } else { text }
}

/// The magnitude of minor units as a decimal of major units, halves away from zero.
fn minor(value: f64, decimals: usize) -> String {
    let digits = format!("{:0>width$.0}", value.abs().round(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    format!("{}.{fraction}", grouped(whole))
}

fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut text = String::with_capacity(number.len() + number.len() / 3);
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

/// The sign of a currency where it has one that no other shares in trade, else its code.
fn symbol(currency: Currency) -> String {
    match currency.code() {
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "JPY" => "¥".to_owned(),
        "INR" => "₹".to_owned(),
        "KRW" => "₩".to_owned(),
        code => format!("{code}\u{a0}"),
    }
}
