//! Rehearsals: each model forecasts days that are already known, from several instants of the past
//! (rolling origins, Tashman 2000).

use crate::history::{self, History};
use crate::model::{self, LeftOut, Model};
use crate::{Accuracy, Options, Refused};

/// Origins where the history allows them.
const ORIGINS_MAX: usize = 5;

/// The shortest history a model is fitted to; two seasons are needed besides.
const FIT_MIN: usize = 8;

/// From where, and on what terms, every model is rehearsed.
pub(crate) struct Plan {
    /// The seasons in use, shortest first.
    pub(crate) seasons: Vec<usize>,
    /// Lengths of the histories before each rehearsal, longest first.
    origins: Vec<usize>,
    /// The mean absolute change from one season to the next.
    scale: f64,
    horizon: usize,
    non_negative: bool,
}

/// How one model did, and what it says of the days to come.
pub(crate) struct Rehearsal {
    pub(crate) model: Model,
    pub(crate) means: Vec<f64>,
    /// Forecast less actual by origin and step; none where the actual value is not known.
    pub(crate) errors: Vec<Vec<Option<f64>>>,
    /// Days that `errors` look at, each counted once.
    pub(crate) distinct_days: usize,
    pub(crate) accuracy: Accuracy,
}

impl Plan {
    /// Up to five origins, a horizon apart or closer where that would leave less than a third of
    /// the history, two seasons or eight days to learn from.
    pub(crate) fn new(history: &History<'_>, options: &Options) -> Result<Self, Refused> {
        let mut seasons = model::in_order(&options.seasons);
        let season = seasons.first().copied().unwrap_or(1);

        let days = history.days();
        let known = history::known(days);
        let fit_min = season.saturating_mul(2).max(FIT_MIN);
        let needed = fit_min.saturating_add(options.horizon);
        if known < needed {
            return Err(Refused::TooLittleData { days: known, needed });
        }
        let last = days.len() - options.horizon;
        let room = last - fit_min.max(days.len() / 3).min(last);
        let count = ORIGINS_MAX.min(room + 1);
        let apart = options.horizon.min(room / (count - 1).max(1));
        let origins: Vec<usize> = (0..count).map(|place| last - place * apart).collect();
        let first = origins[count - 1];
        for looked_at in [days, &days[first..]] {
            let missing = looked_at.len() - history::known(looked_at);
            if 2 * missing > looked_at.len() {
                return Err(Refused::TooManyGaps { missing, days: looked_at.len() });
            }
        }
        seasons.retain(|&season| 2 * season <= first);
        let Options { horizon, non_negative, .. } = *options;
        Ok(Self { seasons, origins, scale: scale(days, season), horizon, non_negative })
    }

    /// Forecasts from every origin and from the end of the history.
    pub(crate) fn rehearse(
        &self,
        history: &History<'_>,
        model: Model,
    ) -> Result<Rehearsal, LeftOut> {
        let days = history.days();
        let means = self.predict(days, model)?;
        let mut errors = Vec::with_capacity(self.origins.len());
        let mut actuals = Vec::new();
        for &origin in &self.origins {
            let forecast = self.predict(&days[..origin], model)?;
            let actual = &days[origin..origin + self.horizon];
            let compared = forecast.iter().zip(actual);
            errors.push(compared.map(|(mean, actual)| actual.map(|it| mean - it)).collect());
            actuals.extend(actual.iter().flatten());
        }
        let accuracy = self.accuracy(&errors, &actuals).ok_or(LeftOut::NotFinite)?;
        let distinct_days = days.len() - self.origins.last().unwrap_or(&0);
        Ok(Rehearsal { model, means, errors, distinct_days, accuracy })
    }

    fn predict(&self, days: &[Option<f64>], model: Model) -> Result<Vec<f64>, LeftOut> {
        let season = self.seasons.first().copied().unwrap_or(1);
        let filled = history::filled(days, season);
        let mut values = model.predict(&filled, &self.seasons, self.horizon)?;
        if self.non_negative {
            values.iter_mut().for_each(|value| *value = value.max(0.0));
        }
        Ok(values)
    }

    /// None when a figure is not finite.
    fn accuracy(&self, errors: &[Vec<Option<f64>>], actuals: &[&f64]) -> Option<Accuracy> {
        let errors: Vec<f64> = errors.iter().flatten().flatten().copied().collect();
        let steps = errors.len();
        let absolute: f64 = errors.iter().map(|error| error.abs()).sum();
        let size: f64 = actuals.iter().map(|actual| actual.abs()).sum();
        let mae = absolute / steps as f64;
        let bias = errors.iter().sum::<f64>() / steps as f64;
        let share = |part: f64, whole: f64| {
            if part == 0.0 { Some(0.0) } else { Some(part / whole).filter(|it| it.is_finite()) }
        };
        (mae.is_finite() && bias.is_finite()).then(|| Accuracy {
            mase: share(mae, self.scale),
            wape: share(absolute, size),
            mae,
            bias,
            origins: self.origins.len(),
            steps,
        })
    }
}

/// The mean absolute change from one season to the next, over known days.
fn scale(days: &[Option<f64>], season: usize) -> f64 {
    let pairs = days.iter().zip(&days[season..]);
    let changes: Vec<f64> =
        pairs.filter_map(|(before, after)| Some(((*after)? - (*before)?).abs())).collect();
    changes.iter().sum::<f64>() / changes.len() as f64
}
