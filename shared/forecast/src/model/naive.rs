//! Seasonal naive: every day as the same day of the last season.

/// One season.
pub(super) fn shortest(seasons: &[usize]) -> usize {
    seasons.first().copied().unwrap_or(1)
}

pub(super) fn predict(history: &[f64], seasons: &[usize], horizon: usize) -> Vec<f64> {
    let last_season = &history[history.len() - shortest(seasons)..];
    last_season.iter().copied().cycle().take(horizon).collect()
}
