use jiff::Timestamp;

use crate::metric::Aggregation;

/// How what was read becomes one figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// One metric, aggregated.
    Aggregate(Aggregation),
    /// The sum of one metric by the sum of another.
    Ratio,
}

/// Everything that is known of some points of one metric. Cells of parts merge into the cell of
/// the whole, so that each figure is computed once, at the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// How many points.
    pub n: i64,
    /// Their sum.
    pub sum: f64,
    /// The smallest, or infinity.
    pub min: f64,
    /// The greatest, or minus infinity.
    pub max: f64,
    /// When the newest was.
    pub last_at: Option<Timestamp>,
    /// Seconds since 1970, series and value of the newest, when it is wanted: of points of the
    /// same instant that of the highest series counts, whatever order they are read in.
    pub newest: Option<[f64; 3]>,
}

impl Default for Cell {
    fn default() -> Self {
        Self {
            n: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            last_at: None,
            newest: None,
        }
    }
}

impl Cell {
    /// Adds what another cell knows.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.last_at = self.last_at.max(other.last_at);
        if self.newest.partial_cmp(&other.newest).is_none_or(std::cmp::Ordering::is_lt) {
            self.newest = other.newest;
        }
    }

    /// The newest value.
    #[must_use]
    pub fn last(&self) -> Option<f64> {
        self.newest.map(|[_, _, value]| value)
    }

    /// The figure, or None without points. `elapsed_seconds` is what a rate divides by.
    #[must_use]
    pub fn figure(&self, aggregation: Aggregation, elapsed_seconds: f64) -> Option<f64> {
        if self.n == 0 {
            return None;
        }
        match aggregation {
            Aggregation::Sum | Aggregation::Cumulative => Some(self.sum),
            Aggregation::Count => Some(count(self.n)),
            Aggregation::Avg => Some(self.sum / count(self.n)),
            Aggregation::Min => Some(self.min),
            Aggregation::Max => Some(self.max),
            Aggregation::Last => self.last(),
            Aggregation::Rate => (elapsed_seconds > 0.0).then(|| self.sum / elapsed_seconds),
        }
    }
}

/// A count is exact up to 2^53 points.
#[expect(clippy::cast_precision_loss, reason = "nobody records 2^53 points")]
fn count(n: i64) -> f64 {
    n as f64
}
