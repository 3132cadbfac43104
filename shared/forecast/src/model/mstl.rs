//! MSTL with an ETS trend: each season by loess, repeated as it last was; the rest by exponential
//! smoothing.

use super::LeftOut;
use augurs::ets::AutoETS;
use augurs::mstl::stlrs;
use augurs::{Fit, Predict};

/// Additive errors, any trend, and no season: the seasonal models of `AutoETS` panic.
/// Multiplicative errors double the time to fit and do not change the forecast by much.
const TREND_SEARCH: &str = "AZN";

/// Fewer points than this `AutoETS` refuses.
const SHORTEST_ETS: usize = 7;

/// Two rounds of the longest season, which loess asks for, and enough for the trend.
pub(super) fn shortest(seasons: &[usize]) -> usize {
    seasons.last().map_or(0, |longest| longest.saturating_mul(2)).max(SHORTEST_ETS)
}

/// `stlrs` is called directly because `augurs::mstl::MSTLModel` would round the series to `f32`.
pub(super) fn predict(
    history: &[f64],
    seasons: &[usize],
    horizon: usize,
) -> Result<Vec<f64>, LeftOut> {
    let mut adjusted = history.to_vec();
    let mut to_come = vec![0.0; horizon];
    if !seasons.is_empty() {
        let parts = stlrs::Mstl::fit(history, seasons)
            .map_err(|error| LeftOut::NotFitted { cause: error.to_string() })?;
        for (&season, part) in seasons.iter().zip(parts.seasonal()) {
            adjusted.iter_mut().zip(part).for_each(|(value, part)| *value -= part);
            let last_round = part[part.len() - season..].iter().cycle();
            to_come.iter_mut().zip(last_round).for_each(|(value, part)| *value += part);
        }
    }
    let trend = AutoETS::new(1, TREND_SEARCH)
        .and_then(|search| search.fit(&adjusted))
        .and_then(|ets| ets.predict(horizon, None))
        .map_err(|error| LeftOut::NotFitted { cause: error.to_string() })?;
    to_come.iter_mut().zip(trend.point).for_each(|(value, trend)| *value += trend);
    Ok(to_come)
}
