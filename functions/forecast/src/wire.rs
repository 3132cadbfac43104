use domain::forecast::{self, Outlook};
use serde::Serialize;
use store::forecasts::Kept;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is expected, by metric.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForecastsOut {
    pub(crate) forecasts: Vec<ForecastOut>,
}

/// What is expected of a metric, or why nothing is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForecastOut {
    id: Uuid,
    metric: String,
    /// The first local day that was not known.
    #[schema(value_type = String, example = "2026-11-21")]
    origin: jiff::civil::Date,
    #[schema(value_type = String)]
    made_at: jiff::Timestamp,
    /// `ready` or `refused`.
    #[schema(value_type = String)]
    status: &'static str,
    /// Why there is no forecast.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    #[serde(flatten)]
    forecast: Option<MadeOut>,
}

/// A forecast.
#[derive(Serialize, ToSchema)]
struct MadeOut {
    /// The model that erred least.
    model: String,
    /// Days that are expected.
    horizon_days: usize,
    /// Days it was learned from.
    known_days: usize,
    /// The seasons that were seen, in days.
    seasons: Vec<usize>,
    /// How the model erred in rehearsals.
    error: AccuracyOut,
    /// The days, when one metric is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    days: Vec<DayOut>,
    /// Every model that was tried, the simplest first; when one metric is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<CandidateOut>,
    /// Why there was no choice between models.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<String>,
}

/// A day that is expected.
#[derive(Serialize, ToSchema)]
struct DayOut {
    #[schema(value_type = String, example = "2026-11-21")]
    date: jiff::civil::Date,
    /// In the metric's unit; of money: minor units.
    value: f64,
    intervals: Vec<IntervalOut>,
}

/// What contains the truth in a share of cases.
#[derive(Serialize, ToSchema)]
struct IntervalOut {
    #[schema(example = 0.8)]
    level: f64,
    lower: f64,
    upper: f64,
}

/// Errors over rehearsals from instants of the past.
#[derive(Serialize, ToSchema)]
struct AccuracyOut {
    /// Mean absolute scaled error; below 1 beats repeating the last season.
    mase: Option<f64>,
    /// The sum of absolute errors as a share of the sum of absolute values.
    wape: Option<f64>,
    /// Mean absolute error, in the metric's unit.
    mae: f64,
    /// Mean of forecast less truth.
    bias: f64,
    /// From how many instants was rehearsed.
    origins: usize,
    /// How many days were compared.
    steps: usize,
}

/// A model that was tried.
#[derive(Serialize, ToSchema)]
struct CandidateOut {
    model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<AccuracyOut>,
    /// Why it was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<String>,
}

impl ForecastOut {
    /// A forecast, in full or without its days.
    pub(crate) fn of(kept: Kept, in_full: bool) -> Self {
        let (status, refusal, forecast) = match kept.outlook {
            Outlook::Ready(forecast) => ("ready", None, Some(MadeOut::of(forecast, in_full))),
            Outlook::Refused { reason } => ("refused", Some(reason), None),
        };
        Self {
            id: kept.id.0,
            metric: kept.metric,
            origin: kept.origin,
            made_at: kept.made_at,
            status,
            refusal,
            forecast,
        }
    }
}

impl MadeOut {
    fn of(forecast: forecast::Forecast, in_full: bool) -> Self {
        let horizon_days = forecast.days.len();
        let (days, candidates) =
            if in_full { (forecast.days, forecast.candidates) } else { (vec![], vec![]) };
        Self {
            model: forecast.model,
            horizon_days,
            known_days: forecast.known_days,
            seasons: forecast.seasons,
            error: forecast.error.into(),
            days: days.into_iter().map(DayOut::from).collect(),
            candidates: candidates.into_iter().map(CandidateOut::from).collect(),
            fallback: forecast.fallback,
        }
    }
}

impl From<forecast::Day> for DayOut {
    fn from(day: forecast::Day) -> Self {
        let interval = |it: forecast::Interval| IntervalOut {
            level: it.level,
            lower: it.lower,
            upper: it.upper,
        };
        Self {
            date: day.date,
            value: day.value,
            intervals: day.intervals.into_iter().map(interval).collect(),
        }
    }
}

impl From<forecast::Accuracy> for AccuracyOut {
    fn from(error: forecast::Accuracy) -> Self {
        Self {
            mase: error.mase,
            wape: error.wape,
            mae: error.mae,
            bias: error.bias,
            origins: error.origins,
            steps: error.steps,
        }
    }
}

impl From<forecast::Candidate> for CandidateOut {
    fn from(candidate: forecast::Candidate) -> Self {
        Self {
            model: candidate.model,
            error: candidate.error.map(AccuracyOut::from),
            left_out: candidate.left_out,
        }
    }
}
