//! Forecasts of daily series with measured error: series in, answer out.
//!
//! [`forecast`] rehearses every [`Model`] on the series' own past, keeps the one that erred least,
//! and widens its answer by the errors it made. It never panics on a series: what cannot be
//! forecast is [`Refused`] with a sentence for people.
//!
//! - `answer`: the words of the answer
//! - `history`: what may be forecast, and what stands in for a missing day
//! - `model`: seasonal naive, Theta, MSTL with an ETS trend
//! - `rehearsal`: errors over rolling origins
//! - `interval`: widths from those errors

mod answer;
mod history;
mod interval;
mod model;
mod rehearsal;
#[cfg(test)]
mod tests;

use history::History;
use interval::Widths;
use rehearsal::{Plan, Rehearsal};
use serde::{Deserialize, Serialize};

pub use answer::{Accuracy, Candidate, Fallback, Forecast, Interval, Outcome, Point, Refused};
pub use model::{LeftOut, Model};

/// The longest horizon, in days.
pub const HORIZON_MAX: usize = 366;

/// How much of the past is looked at, in days; what is older is ignored.
pub const DAYS_MAX: usize = 3_660;

/// A model takes the place of a simpler one when its error is at least this much smaller, as a
/// share: less cannot be told from chance over the few rehearsals a series allows.
const MEASURABLY_BETTER: f64 = 0.02;

/// What is asked of a forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Days to forecast, 1 to [`HORIZON_MAX`].
    pub horizon: usize,
    /// Lengths of the seasons in days, such as 7, or 7 and 365; below 2 means none. The shortest
    /// is the season of seasonal naive and Theta. A longer one is left out unless every rehearsal
    /// sees two rounds of it.
    pub seasons: Vec<usize>,
    /// Shares of the future that the intervals are to contain, each above 0 and below 1.
    pub levels: Vec<f64>,
    /// Whether the series never falls below zero, as counts and takings do not.
    pub non_negative: bool,
}

impl Options {
    /// The usual question about a business: a weekly and a yearly season, intervals of 80 and
    /// 95 %, nothing below zero.
    pub fn daily(horizon: usize) -> Self {
        Self { horizon, seasons: vec![7, 365], levels: vec![0.8, 0.95], non_negative: true }
    }

    fn check(&self) -> Result<(), Refused> {
        if !(1..=HORIZON_MAX).contains(&self.horizon) {
            return Err(Refused::Horizon { horizon: self.horizon });
        }
        match self.levels.iter().find(|&&level| !(level > 0.0 && level < 1.0)) {
            Some(&level) => Err(Refused::Level { level }),
            None => Ok(()),
        }
    }
}

/// Forecasts the days after `values`: complete days, oldest first, `None` where the value is not
/// known (a day without sales is `Some(0.0)`).
///
/// # Errors
///
/// [`Refused`] when the options are out of range, a value is not a usable number, or the known
/// days are too few or too sparse to rehearse the horizon even once.
pub fn forecast(values: &[Option<f64>], options: &Options) -> Result<Forecast, Refused> {
    options.check()?;
    let history = History::new(values)?;
    let plan = Plan::new(&history, options)?;
    // Another model could only add rounding to a constant.
    let models = if history.is_constant() { &Model::ALL[..1] } else { &Model::ALL };

    let (best, candidates) = compete(&plan, &history, models);
    let measured = |candidate: &&Candidate| matches!(candidate.outcome, Outcome::Measured(_));
    let fallback = if history.is_constant() {
        Some(Fallback::Constant)
    } else {
        (candidates.iter().filter(measured).count() == 1).then_some(Fallback::OnlyModel)
    };
    Ok(Forecast {
        model: best.model,
        points: points(&best, options),
        seasons: plan.seasons,
        error: best.accuracy,
        candidates,
        fallback,
    })
}

/// The rehearsal of the best of `models`, which begin with the simplest, and what became of each.
fn compete(plan: &Plan, history: &History<'_>, models: &[Model]) -> (Rehearsal, Vec<Candidate>) {
    let mut best: Option<Rehearsal> = None;
    let mut candidates = Vec::new();
    for &model in models {
        let outcome = match plan.rehearse(history, model) {
            Ok(rehearsal) => {
                let accuracy = rehearsal.accuracy.clone();
                // All models share one scale, so the least absolute error is the least scaled one.
                let bar = best.as_ref().map(|best| best.accuracy.mae * (1.0 - MEASURABLY_BETTER));
                if bar.is_none_or(|bar| accuracy.mae < bar) {
                    best = Some(rehearsal);
                }
                Outcome::Measured(accuracy)
            }
            Err(left_out) => Outcome::LeftOut(left_out),
        };
        candidates.push(Candidate { model, outcome });
    }
    let best = best.expect("seasonal naive repeats days which the plan has counted");
    (best, candidates)
}

fn points(best: &Rehearsal, options: &Options) -> Vec<Point> {
    let widths = Widths::new(&best.errors, best.distinct_days);
    let interval = |mean: f64, step: usize, level: f64| {
        let half_width = widths.half_width(step, level);
        let lower = mean - half_width;
        let lower = if options.non_negative { lower.max(0.0) } else { lower };
        Interval { level, lower, upper: mean + half_width }
    };
    let point = |(step, &mean): (usize, &f64)| Point {
        mean,
        intervals: options.levels.iter().map(|&level| interval(mean, step, level)).collect(),
    };
    best.means.iter().enumerate().map(point).collect()
}
