use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::calendar::{Bucket, Calendar, Grain};
use crate::sales::{Counts, StandardMetric};

/// What has been read of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Lines after the header, also the refused.
    pub lines: u64,
    /// Points that they make.
    pub points: u64,
    /// Refused lines, by code.
    pub refused: BTreeMap<String, u64>,
    /// Lines of sales, by what they are.
    pub sales: Option<Counts>,
    /// The months of the tenant's zone, in order.
    pub months: Vec<Month>,
}

/// What a month's lines make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Month {
    /// Such as `2010-12`.
    pub month: String,
    /// Points.
    pub points: u64,
    /// Of sales: their sum by standard metric, those by product left out. Money in minor units.
    pub sums: BTreeMap<String, f64>,
}

impl Tally {
    /// All refused lines.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.values().sum()
    }
}

/// Adds up by month.
#[derive(Debug)]
pub(super) struct Months {
    calendar: Calendar,
    sums: BTreeMap<Timestamp, Sums>,
    newest: (Bucket, Sums),
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    points: u64,
    by_metric: [f64; StandardMetric::ALL.len()],
}

impl Months {
    pub(super) fn new(calendar: Calendar) -> Self {
        let nothing = Bucket { start: Timestamp::UNIX_EPOCH, end: Timestamp::UNIX_EPOCH };
        Self { calendar, sums: BTreeMap::new(), newest: (nothing, Sums::default()) }
    }

    pub(super) fn add(&mut self, at: Timestamp, of: Option<StandardMetric>, value: f64) {
        if !self.newest.0.contains(at) {
            let (bucket, sums) = self.newest;
            self.sums.insert(bucket.start, sums);
            let bucket = self.calendar.bucket_of(at, Grain::Month);
            self.newest = (bucket, self.sums.get(&bucket.start).copied().unwrap_or_default());
        }
        let sums = &mut self.newest.1;
        sums.points += 1;
        if let Some(metric) = of {
            sums.by_metric[metric as usize] += value;
        }
    }

    pub(super) fn list(&self) -> Vec<Month> {
        let mut sums = self.sums.clone();
        sums.insert(self.newest.0.start, self.newest.1);
        sums.retain(|_, sums| sums.points > 0);
        sums.into_iter().map(|(start, sums)| self.month(start, sums)).collect()
    }

    fn month(&self, start: Timestamp, sums: Sums) -> Month {
        use StandardMetric as M;
        let by_product = |metric: &M| matches!(metric, M::ProductRevenue | M::ProductUnits);
        let named = M::ALL.into_iter().filter(|metric| !by_product(metric));
        Month {
            month: self.calendar.zone.wall(start).strftime("%Y-%m").to_string(),
            points: sums.points,
            sums: named
                .map(|metric| (metric.name().to_owned(), sums.by_metric[metric as usize]))
                .filter(|(_, sum)| *sum != 0.0)
                .collect(),
        }
    }
}
