use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::Grain;
use crate::metric::Direction;

/// How figures are written: money, numbers, shares, changes and dates.
mod figure;
/// What a report shows, to whom, and when.
mod plan;
/// The three sentences a reader takes along.
mod sentence;

pub use figure::Measure;
pub use plan::{Address, DeliveryState, Due, Item, NotAnAddress, limit};

/// Everything that one report says. Plain data: what is computed from it is computed here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The business.
    pub tenant_name: String,
    /// What its owner called the report.
    pub report_name: String,
    /// IANA name of the zone in which the days are counted.
    pub zone: String,
    /// ISO 4217 code of the business' books.
    pub currency: String,
    /// The complete period that is reported.
    pub period: Period,
    /// Up to when the data was known.
    pub as_of: Timestamp,
    /// The figures, the most important first.
    pub headlines: Vec<Headline>,
    /// The first figure over the period, for the chart.
    pub trend: Option<Trend>,
    /// The period that the forecasts are for.
    pub next_period: Period,
    /// What is expected, one for each metric that can be forecast.
    pub forecasts: Vec<Forecast>,
    /// What is missing from the data, each a sentence.
    pub notes: Vec<String>,
    /// The report was due earlier and is sent after an outage.
    pub late: bool,
    /// Where this recipient ends this report; opening it changes nothing by itself.
    pub unsubscribe_url: String,
    /// Why the recipient gets this letter, as a sentence.
    pub reason: String,
}

/// A stretch of whole civil days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Period {
    /// What people call it, such as `Week 47`; empty when its dates say enough.
    pub title: String,
    /// The first day.
    pub first: Date,
    /// The last day, which belongs to it.
    pub last: Date,
    /// What it is one of; a headline compares with the one before.
    pub grain: Grain,
}

/// One figure of the period beside that of the complete period before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    /// The metric's name.
    pub metric: String,
    /// For people.
    pub label: String,
    /// How it is written.
    pub measure: Measure,
    /// Money in minor units (an average may have a fraction), a share as 0 to 1. None: no data.
    pub value: Option<f64>,
    /// The same of the complete period before.
    pub previous: Option<f64>,
    /// Which way is good.
    pub direction: Direction,
}

/// How far a figure moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Value less previous, in the figure's unit; None when one of them is absent.
    pub absolute: Option<f64>,
    /// As a share of the previous value (0.1 is ten percent more), or why there is none.
    pub relative: Result<f64, NoRate>,
}

/// Why a change has no percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRate {
    /// The period has no figure.
    #[error("no data")]
    NoValue,
    /// The period before has no figure.
    #[error("nothing to compare with")]
    NoPrevious,
    /// The period before was zero: any change is infinitely large.
    #[error("from zero")]
    PreviousZero,
    /// The period before was negative: a percentage would point the wrong way.
    #[error("from below zero")]
    PreviousNegative,
}

/// What a change means to the business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// In the direction that is good.
    Good,
    /// In the other.
    Bad,
    /// No change, not known, or a metric without a good direction.
    Neutral,
}

/// One metric over the buckets of the period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// The metric's name.
    pub metric: String,
    /// For people.
    pub label: String,
    /// How its values are written.
    pub measure: Measure,
    /// The buckets, such as `day`, for the heading `Revenue by day`.
    pub grain: Grain,
    /// The buckets in order.
    pub buckets: Vec<Bucket>,
    /// The last bucket is not over.
    pub last_incomplete: bool,
    /// What is expected of the buckets after the period; may be empty.
    #[serde(default)]
    pub expected: Vec<ExpectedBucket>,
}

/// One bucket of a trend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Short, such as `Mon 14`.
    pub label: String,
    /// In the unit of the metric; None: not known.
    pub value: Option<f64>,
    /// The same bucket of the period before.
    pub previous: Option<f64>,
}

/// One bucket that is expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectedBucket {
    /// Short, such as `Mon 21`.
    pub label: String,
    /// What is expected.
    pub value: f64,
    /// The lower end of the interval.
    pub lower: f64,
    /// The upper end of the interval.
    pub upper: f64,
}

/// What is expected of one metric over the next period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The metric's name.
    pub metric: String,
    /// For people.
    pub label: String,
    /// How it is written.
    pub measure: Measure,
    /// What is expected of the whole period, with what is known of it.
    pub value: f64,
    /// What is known of it by now: its first days may be over.
    pub known: Option<f64>,
    /// The lower end of the interval.
    pub lower: f64,
    /// The upper end of the interval.
    pub upper: f64,
    /// The share of cases in which the interval holds the truth at least, such as 0.8.
    pub level: f64,
    /// The model, for people.
    pub model: String,
    /// Mean absolute scaled error over the rehearsals; below 1 beats repeating the last season.
    pub mase: Option<f64>,
    /// By which share of the truth rehearsals typically missed a day: 0.06 is six percent.
    pub typical_miss: Option<f64>,
}

impl Change {
    /// How far a figure moved from what it was.
    #[must_use]
    pub fn between(value: Option<f64>, previous: Option<f64>) -> Self {
        let (value, previous) = (finite(value), finite(previous));
        let absolute = value.zip(previous).map(|(value, previous)| value - previous);
        let relative = match (value, previous) {
            (None, _) => Err(NoRate::NoValue),
            (_, None) => Err(NoRate::NoPrevious),
            (Some(_), Some(0.0)) => Err(NoRate::PreviousZero),
            (Some(_), Some(previous)) if previous < 0.0 => Err(NoRate::PreviousNegative),
            (Some(value), Some(previous)) => Ok((value - previous) / previous),
        };
        Self { absolute, relative }
    }
}

impl Headline {
    /// How far the figure moved against the complete period before.
    #[must_use]
    pub fn change(&self) -> Change {
        Change::between(self.value, self.previous)
    }

    /// What the change means; one too small to be seen means nothing.
    #[must_use]
    pub fn mood(&self) -> Mood {
        let change = self.change();
        let Some(absolute) = change.absolute.filter(|_| self.moved()) else { return Mood::Neutral };
        match self.direction {
            Direction::Neutral => Mood::Neutral,
            Direction::Up if absolute > 0.0 => Mood::Good,
            Direction::Down if absolute < 0.0 => Mood::Good,
            Direction::Up | Direction::Down => Mood::Bad,
        }
    }

    /// Whether a reader would see two different figures.
    fn moved(&self) -> bool {
        let written = |value: Option<f64>| finite(value).map(|value| self.measure.exact(value));
        written(self.value) != written(self.previous)
    }
}

/// NaN and infinities are no figures.
fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests;
