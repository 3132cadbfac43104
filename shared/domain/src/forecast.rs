use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::metric::Aggregation;

/// How far a forecast reaches: the longest month, seen from a few days before it begins.
pub const HORIZON_DAYS: usize = 35;

/// The level of the interval that letters show.
pub const SHOWN_LEVEL: f64 = 0.8;

/// What is expected of a metric, or why nothing is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outlook {
    /// There is a forecast.
    Ready(Forecast),
    /// There is none.
    Refused {
        /// A sentence for people.
        reason: String,
    },
}

/// A forecast of a metric's days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The model that erred least, for people.
    pub model: String,
    /// The days, from the first that was not known.
    pub days: Vec<Day>,
    /// The seasons that were seen, in days.
    pub seasons: Vec<usize>,
    /// How many days it was learned from.
    pub known_days: usize,
    /// How the model erred in rehearsals.
    pub error: Accuracy,
    /// Every model that was tried, the simplest first.
    pub candidates: Vec<Candidate>,
    /// Why there was no choice between models, where there was none.
    pub fallback: Option<String>,
}

/// One day that is expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// What is expected, in the metric's unit; of money: minor units.
    pub value: f64,
    /// One for each level.
    pub intervals: Vec<Interval>,
}

/// What contains the truth in a share of cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// That share.
    pub level: f64,
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

/// Errors over rehearsals from instants of the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Mean absolute scaled error; below 1 beats repeating the last season.
    pub mase: Option<f64>,
    /// The sum of absolute errors as a share of the sum of absolute values.
    pub wape: Option<f64>,
    /// Mean absolute error, in the metric's unit.
    pub mae: f64,
    /// Mean of forecast less truth: above zero expects too much.
    pub bias: f64,
    /// From how many instants was rehearsed.
    pub origins: usize,
    /// How many days were compared.
    pub steps: usize,
}

/// A model that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// For people.
    pub model: String,
    /// How it erred, unless it was left out.
    pub error: Option<Accuracy>,
    /// Why it was left out.
    pub left_out: Option<String>,
}

/// What is expected of several days together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// The figure.
    pub value: f64,
    /// The lower end of the interval.
    pub lower: f64,
    /// The upper end of the interval.
    pub upper: f64,
}

/// How the days of a metric that is aggregated like this become figures that can be forecast:
/// what adds up, and the newest value of a level. Of an average, a minimum or a maximum the days
/// say too little.
#[must_use]
pub fn daily(aggregation: Aggregation) -> Option<Aggregation> {
    use Aggregation as A;
    match aggregation {
        A::Sum | A::Rate | A::Cumulative => Some(A::Sum),
        A::Count => Some(A::Count),
        A::Last => Some(A::Last),
        A::Avg | A::Min | A::Max => None,
    }
}

impl Forecast {
    /// One day, where the forecast reaches it.
    #[must_use]
    pub fn day(&self, date: Date) -> Option<&Day> {
        self.days.binary_search_by_key(&date, |day| day.date).ok().map(|index| &self.days[index])
    }

    /// What is expected of these days together, of which some may be `known` by now: the sum, or
    /// the last value of a level. None where the forecast does not reach all others.
    ///
    /// The interval adds up those of the days, as if all erred the same way: it contains the
    /// truth at least as often as it says.
    #[must_use]
    pub fn over(
        &self,
        dates: &[Date],
        known: impl Fn(Date) -> Option<f64>,
        aggregation: Aggregation,
    ) -> Option<Expected> {
        let expected = |date: &Date| {
            if let Some(day) = self.day(*date) {
                return day.shown();
            }
            known(*date).map(Expected::certain)
        };
        if aggregation == Aggregation::Last {
            return dates.last().and_then(expected);
        }
        let nothing = Expected { value: 0.0, lower: 0.0, upper: 0.0 };
        dates.iter().try_fold(nothing, |sum, date| {
            let day = expected(date)?;
            Some(Expected {
                value: sum.value + day.value,
                lower: sum.lower + day.lower,
                upper: sum.upper + day.upper,
            })
        })
    }
}

impl Expected {
    /// What is known.
    #[must_use]
    pub fn certain(value: f64) -> Self {
        Self { value, lower: value, upper: value }
    }
}

impl Day {
    /// The day with the interval of [`SHOWN_LEVEL`].
    #[must_use]
    pub fn shown(&self) -> Option<Expected> {
        let level = |interval: &&Interval| (interval.level - SHOWN_LEVEL).abs() < 1e-9;
        let interval = self.intervals.iter().find(level)?;
        Some(Expected { value: self.value, lower: interval.lower, upper: interval.upper })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{Accuracy, Day, Expected, Forecast, Interval};
    use crate::metric::Aggregation;

    #[test]
    fn a_period_adds_up_its_known_and_its_expected_days() {
        let day = |day: i8| Day {
            date: date(2026, 11, day),
            value: 10.0 * f64::from(day),
            intervals: vec![
                Interval { level: 0.8, lower: 5.0, upper: 500.0 },
                Interval { level: 0.95, lower: 0.0, upper: 1000.0 },
            ],
        };
        let error = Accuracy { mase: None, wape: None, mae: 1.0, bias: 0.0, origins: 4, steps: 28 };
        let forecast = Forecast {
            model: "Theta".to_owned(),
            days: vec![day(3), day(4)],
            seasons: vec![7],
            known_days: 70,
            error,
            candidates: vec![],
            fallback: None,
        };
        let dates = [date(2026, 11, 2), date(2026, 11, 3), date(2026, 11, 4)];
        let known = |day| (day == date(2026, 11, 2)).then_some(7.0);
        let sum = forecast.over(&dates, known, Aggregation::Sum);
        assert_eq!(sum, Some(Expected { value: 77.0, lower: 17.0, upper: 1007.0 }));
        let last = forecast.over(&dates, known, Aggregation::Last);
        assert_eq!(last, Some(Expected { value: 40.0, lower: 5.0, upper: 500.0 }));
        assert_eq!(forecast.over(&dates, |_| None, Aggregation::Sum), None, "a day is missing");
        let beyond = [date(2026, 11, 4), date(2026, 11, 5)];
        assert_eq!(forecast.over(&beyond, known, Aggregation::Sum), None, "it ends before");
    }
}
