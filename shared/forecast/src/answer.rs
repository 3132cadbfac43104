//! The words of the answer.

use crate::{HORIZON_MAX, LeftOut, Model};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A forecast, and how far it may be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The model that made it.
    pub model: Model,
    /// One point per day after the series, as many as the horizon.
    pub points: Vec<Point>,
    /// The seasons that were long enough observed to be used, shortest first.
    pub seasons: Vec<usize>,
    /// How the model erred over the rehearsals.
    pub error: Accuracy,
    /// Every model that was tried, simplest first.
    pub candidates: Vec<Candidate>,
    /// Why there was no choice between models, where there was none.
    pub fallback: Option<Fallback>,
}

/// One forecast day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The value expected, in the unit of the series.
    pub mean: f64,
    /// One interval per level, in the order asked.
    pub intervals: Vec<Interval>,
}

/// The range that is to contain the value in a share of all cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// That share, above 0 and below 1.
    pub level: f64,
    /// The lower end, in the unit of the series.
    pub lower: f64,
    /// The upper end, in the unit of the series.
    pub upper: f64,
}

/// Errors of one model over the rehearsals, on known days only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Mean absolute scaled error: `mae` by the mean absolute change of the whole series from one
    /// season to the next (Hyndman and Koehler 2006); below 1 is better than repeating the last
    /// season one step ahead. None when the series repeats itself exactly and the model does not.
    pub mase: Option<f64>,
    /// Weighted absolute percentage error: the sum of absolute errors as a share of the sum of
    /// absolute values. None when all those values are zero.
    pub wape: Option<f64>,
    /// Mean absolute error, in the unit of the series.
    pub mae: f64,
    /// Mean of forecast less actual, in the unit of the series: above zero forecasts too much.
    pub bias: f64,
    /// Instants of the past from which the horizon was rehearsed.
    pub origins: usize,
    /// Forecast days compared with a known value, over all origins.
    pub steps: usize,
}

/// A model that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which.
    pub model: Model,
    /// How it did.
    pub outcome: Outcome,
}

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was rehearsed.
    Measured(Accuracy),
    /// It could not be fitted to this series.
    LeftOut(LeftOut),
}

/// Why there was no choice between models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Every known day has the same value.
    Constant,
    /// No other model could be fitted.
    OnlyModel,
}

impl fmt::Display for Fallback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Constant => "every known day has the same value",
            Self::OnlyModel => "no other model could be fitted to this series",
        })
    }
}

/// Why there is no forecast, as a sentence for the person who asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// Too few days to fit a model and still rehearse the horizon once.
    #[error("too little data: {days} days have a value, and this forecast needs {needed}")]
    TooLittleData {
        /// Days with a value.
        days: usize,
        /// Days needed.
        needed: usize,
    },
    /// Of all days, or of those the rehearsals look at, more are missing than known.
    #[error("too many gaps: {missing} of the latest {days} days have no value")]
    TooManyGaps {
        /// Days without a value.
        missing: usize,
        /// Days looked at.
        days: usize,
    },
    /// A value is not finite, or beyond 1e300.
    #[error("the value at position {index} (counted from 0) is not a usable number")]
    NotFinite {
        /// Its position in the series given.
        index: usize,
    },
    /// The horizon is out of range.
    #[error("a forecast covers 1 to {HORIZON_MAX} days, not {horizon}")]
    Horizon {
        /// Days asked for.
        horizon: usize,
    },
    /// The level of an interval is out of range.
    #[error("the level of an interval lies between 0 and 1, and {level} does not")]
    Level {
        /// The level asked for.
        level: f64,
    },
}
