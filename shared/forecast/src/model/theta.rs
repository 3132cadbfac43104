//! Theta: the mean of the straight line through the series (theta 0) and of simple exponential
//! smoothing of the series with doubled curvature (theta 2), after seasonal adjustment.
//!
//! Assimakopoulos and Nikolopoulos 2000, as the M4 competition's benchmark has it: adjusted by
//! classical multiplicative decomposition when the autocorrelation at the season's length is
//! significant at 90 % (Makridakis, Spiliotis and Assimakopoulos 2020). Two departures: where a
//! value is not positive or an index nearly zero (a weekday on which the shop is closed) the
//! adjustment is additive, and the first level of the smoothing is its least-squares solution.

#[cfg(test)]
mod tests;

/// Below this a straight line and a smoothing cannot be told apart.
pub(super) const SHORTEST: usize = 4;

/// Quantile of the normal distribution for the two-sided test at 90 %.
const SIGNIFICANT: f64 = 1.645;

/// Dividing by a smaller index would blow a near-empty day up to noise.
const SMALLEST_INDEX: f64 = 0.01;

pub(super) fn predict(history: &[f64], seasons: &[usize], horizon: usize) -> Vec<f64> {
    let pattern = seasons
        .first()
        .filter(|&&season| is_seasonal(history, season))
        .map_or_else(Pattern::none, |&season| Pattern::of(history, season));
    let adjusted: Vec<f64> =
        history.iter().enumerate().map(|(day, &value)| pattern.remove(day, value)).collect();

    let line = Line::through(&adjusted);
    let bent: Vec<f64> =
        adjusted.iter().enumerate().map(|(day, value)| 2.0 * value - line.at(day)).collect();
    let level = smoothed_level(&bent);
    (history.len()..history.len() + horizon)
        .map(|day| pattern.restore(day, 0.5 * (line.at(day) + level)))
        .collect()
}

/// Whether the autocorrelation at the season's length is beyond chance, given those before it.
fn is_seasonal(history: &[f64], season: usize) -> bool {
    if history.len() / 3 < season {
        return false;
    }
    let mean = mean(history);
    let moment = |lag: usize| -> f64 {
        history.iter().zip(&history[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum()
    };
    let variance = moment(0);
    let before: f64 = (1..season).map(|lag| (moment(lag) / variance).powi(2)).sum();
    let limit = SIGNIFICANT * ((1.0 + 2.0 * before) / history.len() as f64).sqrt();
    // A constant has no variance: its correlations are not numbers, and this is false.
    (moment(season) / variance).abs() > limit
}

/// A season's indices: factors with mean 1, or summands with mean 0.
struct Pattern {
    indices: Vec<f64>,
    is_factor: bool,
}

impl Pattern {
    fn none() -> Self {
        Self { indices: vec![0.0], is_factor: false }
    }

    fn of(history: &[f64], season: usize) -> Self {
        let trend = moving_average(history, season);
        if history.iter().all(|&value| value > 0.0) {
            let mut indices = index_means(history, &trend, season, |value, trend| value / trend);
            let mean = mean(&indices);
            indices.iter_mut().for_each(|index| *index /= mean);
            if indices.iter().all(|&index| index >= SMALLEST_INDEX) {
                return Self { indices, is_factor: true };
            }
        }
        let mut indices = index_means(history, &trend, season, |value, trend| value - trend);
        let mean = mean(&indices);
        indices.iter_mut().for_each(|index| *index -= mean);
        Self { indices, is_factor: false }
    }

    fn remove(&self, day: usize, value: f64) -> f64 {
        let index = self.indices[day % self.indices.len()];
        if self.is_factor { value / index } else { value - index }
    }

    fn restore(&self, day: usize, value: f64) -> f64 {
        let index = self.indices[day % self.indices.len()];
        if self.is_factor { value * index } else { value + index }
    }
}

/// The centered average over one season, for the days from half a season after the first to half
/// a season before the last; an even season takes its two end days by half.
fn moving_average(history: &[f64], season: usize) -> Vec<f64> {
    let width = season + 1 - season % 2;
    let end_weight = if season.is_multiple_of(2) { 0.5 } else { 1.0 };
    let average = |window: &[f64]| {
        let ends = (window[0] + window[width - 1]) * end_weight;
        (ends + window[1..width - 1].iter().sum::<f64>()) / season as f64
    };
    history.windows(width).map(average).collect()
}

fn index_means(
    history: &[f64],
    trend: &[f64],
    season: usize,
    compare: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    let offset = season / 2;
    let place_mean = |place: usize| {
        let compared: Vec<f64> = (0..trend.len())
            .filter(|day| (day + offset) % season == place)
            .map(|day| compare(history[day + offset], trend[day]))
            .collect();
        mean(&compared)
    };
    (0..season).map(place_mean).collect()
}

/// The least-squares line over days counted from zero.
struct Line {
    start: f64,
    slope: f64,
}

impl Line {
    fn through(values: &[f64]) -> Self {
        let middle = (values.len() - 1) as f64 / 2.0;
        let mean = mean(values);
        let (mut covariance, mut variance) = (0.0, 0.0);
        for (day, value) in values.iter().enumerate() {
            let distance = day as f64 - middle;
            covariance += distance * (value - mean);
            variance += distance * distance;
        }
        let slope = covariance / variance;
        Self { start: mean - slope * middle, slope }
    }

    fn at(&self, day: usize) -> f64 {
        self.start + self.slope * day as f64
    }
}

/// The last level of simple exponential smoothing with the weight that leaves the least squared
/// error: the best of a grid, refined by golden-section search.
fn smoothed_level(values: &[f64]) -> f64 {
    const GRID: usize = 25;
    const REFINEMENTS: usize = 30;
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let weight = |place: usize| (place as f64 / GRID as f64).clamp(1e-4, 1.0 - 1e-4);
    let error = |alpha: f64| smooth(values, alpha).0;
    let best = (0..=GRID)
        .min_by(|&a, &b| error(weight(a)).total_cmp(&error(weight(b))))
        .expect("the grid has places");
    let (mut low, mut high) = (weight(best.saturating_sub(1)), weight((best + 1).min(GRID)));
    for _ in 0..REFINEMENTS {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if error(left) < error(right) {
            high = right;
        } else {
            low = left;
        }
    }
    smooth(values, (low + high) / 2.0).1
}

/// Squared error and last level for one weight. Every one-step error is linear in the first level
/// (`error - share * first`), so the first level that minimizes their squares has a closed form.
fn smooth(values: &[f64], alpha: f64) -> (f64, f64) {
    let (mut level, mut share) = (0.0, 1.0);
    let (mut of_errors, mut mixed, mut of_shares) = (0.0, 0.0, 0.0);
    for value in values {
        let error = value - level;
        of_errors += error * error;
        mixed += error * share;
        of_shares += share * share;
        level += alpha * error;
        share *= 1.0 - alpha;
    }
    let first = mixed / of_shares;
    (of_errors - first * mixed, level + share * first)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
