//! Days in, what is expected out. Pure.

use domain::forecast::{Accuracy, Candidate, Day, Forecast, HORIZON_DAYS, Interval, Outlook};
use jiff::civil::Date;
use takings_forecast::{Options, Outcome, Point};

/// Forecasts the days from `origin` on out of those before it, or says why not.
pub(crate) fn of(days: &[Option<f64>], origin: Date) -> Outlook {
    let non_negative = days.iter().flatten().all(|value| *value >= 0.0);
    let options = Options { non_negative, ..Options::daily(HORIZON_DAYS) };
    match takings_forecast::forecast(days, &options) {
        Ok(forecast) => Outlook::Ready(Forecast {
            model: forecast.model.to_string(),
            days: dates_from(origin).zip(forecast.points).map(day).collect(),
            seasons: forecast.seasons,
            known_days: days.iter().flatten().count(),
            error: accuracy(forecast.error),
            candidates: forecast.candidates.into_iter().map(candidate).collect(),
            fallback: forecast.fallback.map(|fallback| fallback.to_string()),
        }),
        Err(refused) => Outlook::Refused { reason: refused.to_string() },
    }
}

fn dates_from(first: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |date| date.tomorrow().ok())
}

fn day((date, point): (Date, Point)) -> Day {
    let interval = |it: takings_forecast::Interval| Interval {
        level: it.level,
        lower: it.lower,
        upper: it.upper,
    };
    Day { date, value: point.mean, intervals: point.intervals.into_iter().map(interval).collect() }
}

fn candidate(candidate: takings_forecast::Candidate) -> Candidate {
    let model = candidate.model.to_string();
    match candidate.outcome {
        Outcome::Measured(error) => {
            Candidate { model, error: Some(accuracy(error)), left_out: None }
        }
        Outcome::LeftOut(why) => Candidate { model, error: None, left_out: Some(why.to_string()) },
    }
}

fn accuracy(error: takings_forecast::Accuracy) -> Accuracy {
    Accuracy {
        mase: error.mase,
        wape: error.wape,
        mae: error.mae,
        bias: error.bias,
        origins: error.origins,
        steps: error.steps,
    }
}
