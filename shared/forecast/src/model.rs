//! The models: known days in, days to come out.

mod mstl;
mod naive;
mod theta;

use serde::{Deserialize, Serialize};
use std::fmt;

/// A way to forecast, from simple to involved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Model {
    /// The last season again: the floor that every other model has to beat.
    SeasonalNaive,
    /// Half a straight line, half simple exponential smoothing, seasonally adjusted
    /// (Assimakopoulos and Nikolopoulos 2000; the benchmark "Theta" of the M4 competition).
    Theta,
    /// Seasonal parts by repeated loess (Bandara, Hyndman and Bergmeir 2021), and for the rest
    /// exponential smoothing with or without trend, chosen by AICc (Hyndman et al. 2002).
    Mstl,
}

impl Model {
    /// Every model, simplest first.
    pub const ALL: [Self; 3] = [Self::SeasonalNaive, Self::Theta, Self::Mstl];

    /// The `horizon` values after `history`, which is without gaps, oldest first. `seasons` are
    /// the lengths of the seasons; below 2 means none.
    ///
    /// # Errors
    ///
    /// [`LeftOut`] when the history is too short or the model does not fit it.
    pub fn predict(
        self,
        history: &[f64],
        seasons: &[usize],
        horizon: usize,
    ) -> Result<Vec<f64>, LeftOut> {
        let seasons = &in_order(seasons)[..];
        let needed = match self {
            Self::SeasonalNaive => naive::shortest(seasons),
            Self::Theta => theta::SHORTEST,
            Self::Mstl => mstl::shortest(seasons),
        };
        if history.len() < needed {
            return Err(LeftOut::TooShort { days: history.len(), needed });
        }
        if !history.iter().all(|value| value.is_finite()) {
            return Err(LeftOut::NotFinite);
        }
        if horizon == 0 {
            return Ok(Vec::new());
        }
        // About the largest value being 1, no square overflows, and absolute tolerances inside the
        // fitting mean the same for every series. A power of two, so that nothing is rounded.
        let largest = history.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let unit = largest.log2().floor().clamp(-1000.0, 1000.0).exp2();
        let scaled: Vec<f64> = history.iter().map(|value| value / unit).collect();
        let values = match self {
            Self::SeasonalNaive => naive::predict(&scaled, seasons, horizon),
            Self::Theta => theta::predict(&scaled, seasons, horizon),
            Self::Mstl => mstl::predict(&scaled, seasons, horizon)?,
        };
        let values: Vec<f64> = values.into_iter().map(|value| value * unit).collect();
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(LeftOut::NotFinite)
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SeasonalNaive => "seasonal naive",
            Self::Theta => "Theta",
            Self::Mstl => "MSTL with an ETS trend",
        })
    }
}

/// Why a model was left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// Its history is too short.
    #[error("it needs {needed} days to be fitted, and there are {days}")]
    TooShort {
        /// Days there are.
        days: usize,
        /// Days it needs.
        needed: usize,
    },
    /// No parameters were found.
    #[error("it could not be fitted: {cause}")]
    NotFitted {
        /// What the fitting said.
        cause: String,
    },
    /// Its history, its forecast or its error is not finite.
    #[error("its figures are not finite")]
    NotFinite,
}

/// The seasons that are some, each once, shortest first.
pub(crate) fn in_order(seasons: &[usize]) -> Vec<usize> {
    let mut seasons = seasons.to_vec();
    seasons.retain(|&season| season > 1);
    seasons.sort_unstable();
    seasons.dedup();
    seasons
}
