use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::money;
use crate::tenant::Currency;

/// Why rows are refused.
mod code;

pub use code::Code;

/// Limits of what may be recorded, in one place and published by the API.
pub mod limit {
    use jiff::{SignedDuration, Timestamp};

    /// Points in one request.
    pub const POINTS: usize = 10_000;
    /// Bytes of one request on the wire.
    pub const WIRE_BYTES: usize = 4 << 20;
    /// Bytes of one request after decompression.
    pub const INFLATED_BYTES: usize = 32 << 20;
    /// Characters of a metric's name, and of a tag's key.
    pub const NAME_CHARS: usize = 64;
    /// Tags of one point.
    pub const TAGS: usize = 20;
    /// Bytes of a tag's value.
    pub const TAG_VALUE_BYTES: usize = 200;
    /// Bytes of a point's id.
    pub const ID_BYTES: usize = 64;
    /// Bytes of a refused row that the quarantine keeps.
    pub const QUARANTINE_BYTES: usize = 4096;
    /// Metrics of one tenant.
    pub const METRICS: i64 = 1_000;
    /// Series of one metric; beyond it the tag with the most values is folded to `__other__`.
    pub const SERIES: i64 = 10_000;
    /// Series that folding may make beyond it; then all that is new goes to one.
    pub const FOLDED: i64 = 1_000;
    /// No point is older.
    pub const EARLIEST: Timestamp = Timestamp::UNIX_EPOCH;
    /// How far ahead of our clock a sender's may be.
    pub const FUTURE: SignedDuration = SignedDuration::from_mins(10);
    /// How old a point may be without the scope `points:backfill`.
    pub const LATE: SignedDuration = SignedDuration::from_hours(7 * 24);
    /// How long ids of points and keys of batches are remembered, exactly.
    pub const DEDUPE_HORIZON: SignedDuration = SignedDuration::from_hours(35 * 24);
}

/// What a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Amounts that add up: sales, visits.
    Counter,
    /// A level that is read off: stock, temperature.
    Gauge,
    /// Things that happened, each with a measure: durations, basket sizes.
    Event,
}

/// How the values of one bucket become one figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// All values added up.
    Sum,
    /// How many points.
    Count,
    /// Sum by count: the mean of the readings, whatever time passed between them.
    Avg,
    /// The smallest value.
    Min,
    /// The greatest value.
    Max,
    /// The newest value. Of several series that are not told apart: the newest of any of them.
    Last,
    /// The sum by the seconds that have passed of the bucket.
    Rate,
    /// The running total since the start of the range.
    Cumulative,
}

/// What a bucket without points shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapRule {
    /// Zero: nothing was sold.
    Zero,
    /// Nothing: it is not known.
    Null,
    /// The last known value.
    Carry,
}

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
    /// Neither.
    Neutral,
}

/// The finest rollup that is kept of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finest {
    /// Hours and days.
    Hour,
    /// Days only: for metrics with so many series that their hours would outweigh their points.
    Day,
}

/// What is known of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Declaration {
    /// What it counts.
    pub kind: Kind,
    /// Its unit: a currency code for money, else a short word; empty for plain numbers.
    pub unit: Unit,
    /// How a bucket becomes one figure, unless the query says otherwise.
    pub aggregation: Aggregation,
    /// What a bucket without points shows.
    pub gap: GapRule,
    /// Which way is good.
    pub direction: Direction,
    /// The finest rollup kept.
    pub finest: Finest,
    /// For people.
    pub label: String,
    /// Made on first sight and not yet confirmed by anybody.
    pub draft: bool,
}

impl Declaration {
    /// What a metric of this kind is until somebody says more.
    #[must_use]
    pub fn draft(kind: Kind, unit: Unit) -> Self {
        let (aggregation, gap) = match kind {
            Kind::Counter => (Aggregation::Sum, GapRule::Zero),
            Kind::Gauge => (Aggregation::Last, GapRule::Carry),
            Kind::Event => (Aggregation::Count, GapRule::Zero),
        };
        Self {
            kind,
            unit,
            aggregation,
            gap,
            direction: Direction::Neutral,
            finest: Finest::Hour,
            label: String::new(),
            draft: true,
        }
    }
}

impl Kind {
    /// The aggregations that mean something for this kind.
    #[must_use]
    pub fn allows(self, aggregation: Aggregation) -> bool {
        use Aggregation as A;
        match self {
            Self::Counter => !matches!(aggregation, A::Last),
            Self::Gauge => matches!(aggregation, A::Last | A::Avg | A::Min | A::Max | A::Count),
            Self::Event => true,
        }
    }
}

/// The name of a metric: `[a-z][a-z0-9_.]*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MetricName(String);

/// The text names no metric.
#[derive(Debug, thiserror::Error)]
#[error("a name starts with a letter and has at most 64 characters of a-z, 0-9, `_` and `.`")]
pub struct NotAName;

impl MetricName {
    /// Checks the name.
    ///
    /// # Errors
    /// [`NotAName`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NotAName> {
        if is_name(text, b'.') { Ok(Self(text.to_owned())) } else { Err(NotAName) }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MetricName {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        Self::parse(&text)
    }
}

impl From<MetricName> for String {
    fn from(name: MetricName) -> Self {
        name.0
    }
}

impl fmt::Display for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A unit: a currency code, a short word, or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Unit(String);

/// The text is no unit.
#[derive(Debug, thiserror::Error)]
#[error("a unit has at most 16 printable characters without spaces, or is a currency code")]
pub struct NotAUnit;

impl Unit {
    /// The unit of money in this currency: its minor unit.
    #[must_use]
    pub fn money(currency: Currency) -> Self {
        Self(currency.code().to_owned())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The currency, when the unit is one: values are then whole minor units.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        Currency::try_from(self.0.clone()).ok()
    }
}

impl TryFrom<String> for Unit {
    type Error = NotAUnit;

    fn try_from(text: String) -> Result<Self, NotAUnit> {
        let printable = |c: char| !c.is_whitespace() && !c.is_control();
        if text.len() <= 16 && text.chars().all(printable) { Ok(Self(text)) } else { Err(NotAUnit) }
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        unit.0
    }
}

/// The tags of a series, in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(pub BTreeMap<String, String>);

impl Tags {
    /// The tags of a series with one tag.
    #[must_use]
    pub fn one(key: &str, value: &str) -> Self {
        Self(BTreeMap::from([(key.to_owned(), value.to_owned())]))
    }

    /// Checks keys, values and their number.
    ///
    /// # Errors
    /// The code and the key at fault.
    pub fn check(&self) -> Result<(), (Code, String)> {
        if self.0.len() > limit::TAGS {
            return Err((Code::TagCount, String::new()));
        }
        for (key, value) in &self.0 {
            if !is_name(key, b'_') {
                return Err((Code::TagKey, key.clone()));
            }
            if value.is_empty()
                || value.len() > limit::TAG_VALUE_BYTES
                || value.chars().any(char::is_control)
            {
                return Err((Code::TagValue, key.clone()));
            }
        }
        Ok(())
    }
}

/// Reads an epoch by its magnitude: seconds, milli-, micro- or nanoseconds of 1990 to 2100.
/// The four ranges do not meet, so no number has two readings.
///
/// # Errors
/// [`Code::AtAmbiguous`] for numbers of no such year.
pub fn epoch(number: f64) -> Result<Timestamp, Code> {
    const YEAR_1990_S: f64 = 631_152_000.0;
    const YEAR_2100_S: f64 = 4_102_444_800.0;
    for scale in [1.0, 1e3, 1e6, 1e9] {
        let seconds = number / scale;
        if (YEAR_1990_S..YEAR_2100_S).contains(&seconds) {
            #[expect(clippy::cast_possible_truncation, reason = "bounded by the year 2100")]
            let millis = (seconds * 1e3).floor() as i64;
            return Timestamp::from_millisecond(millis).or(Err(Code::AtAmbiguous));
        }
    }
    Err(Code::AtAmbiguous)
}

/// Points are kept to the millisecond: what is finer is cut off.
#[must_use]
pub fn to_millisecond(at: Timestamp) -> Timestamp {
    let millis = at.as_nanosecond().div_euclid(1_000_000);
    i64::try_from(millis)
        .ok()
        .and_then(|millis| Timestamp::from_millisecond(millis).ok())
        .unwrap_or(at)
}

/// Judges a point's instant by our clock.
///
/// # Errors
/// [`Code::AtFuture`], or [`Code::AtLate`]: also for whoever may write history, before 1970.
pub fn timely(at: Timestamp, now: Timestamp, backfill: bool) -> Result<(), Code> {
    let age: SignedDuration = now.duration_since(at);
    if at < limit::EARLIEST {
        return Err(Code::AtLate);
    }
    if age < -limit::FUTURE {
        Err(Code::AtFuture)
    } else if age > limit::LATE && !backfill {
        Err(Code::AtLate)
    } else {
        Ok(())
    }
}

/// Reads a decimal such as `-12.345` as whole minor units.
///
/// # Errors
/// [`Code::MinorUnits`] when it has more places than the currency, or is no decimal.
pub fn decimal_to_minor(text: &str, currency: Currency) -> Result<i64, Code> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let minor = money::minor(digits, currency).or(Err(Code::MinorUnits))?;
    Ok(if negative { -minor } else { minor })
}

fn is_name(text: &str, extra: u8) -> bool {
    text.len() <= limit::NAME_CHARS
        && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == extra
        })
}

#[cfg(test)]
mod tests;
