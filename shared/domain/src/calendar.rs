//! How a tenant counts time: zones, buckets, periods, comparisons and schedules. Instants in,
//! instants out.
//!
//! Every period is half-open, and begins at the first instant of its first local day, so that
//! periods of one grain touch and hours nest in days. Hours and quarter hours begin on the local
//! hour; where the offset changes off the hour, as in Lord Howe, the change cuts them. So a
//! repeated hour is two buckets, a skipped hour none, and a day the zone skipped none either.

mod comparison;
mod grain;
mod hour_index;
mod preset;
mod schedule;
mod weekday;
mod zone;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, de};

pub use comparison::{Compared, Comparison};
pub use grain::{Grain, NotAGrain};
pub use hour_index::HourIndex;
pub use preset::{NotAPreset, Preset};
pub use schedule::{Frequency, MonthDay, NotAMonthDay, Occurrence, Schedule};
pub use weekday::{NotAWeekday, Weekday};
pub use zone::{UnknownZone, Zone};

/// How a tenant counts time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Where its days begin.
    pub zone: Zone,
    /// The day its weeks begin with.
    pub week_start: Weekday,
    /// The month its fiscal year begins with, 1 to 12.
    #[serde(deserialize_with = "month")]
    pub fiscal_year_start_month: i8,
}

/// From an instant up to, but without, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after.
    pub to: Timestamp,
}

/// A range must begin before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the range from {from} to {to} is empty: it must begin before it ends")]
pub struct EmptyRange {
    from: Timestamp,
    to: Timestamp,
}

/// One period of a grain, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// The first instant.
    pub start: Timestamp,
    /// The first instant after: the start of the next bucket.
    pub end: Timestamp,
}

/// A range would need more buckets than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the range has more than {limit} buckets of one {grain}: choose a coarser one")]
pub struct TooManyBuckets {
    /// The grain asked for.
    pub grain: Grain,
    /// The most that were allowed.
    pub limit: usize,
}

impl Calendar {
    /// Every bucket that overlaps the range, whole, in order; each ends where the next begins.
    ///
    /// # Errors
    /// When there are more than `limit`.
    pub fn buckets(
        &self,
        range: Range,
        grain: Grain,
        limit: usize,
    ) -> Result<Vec<Bucket>, TooManyBuckets> {
        let mut buckets = Vec::new();
        for bucket in self.walk(range, grain) {
            if buckets.len() == limit {
                return Err(TooManyBuckets { grain, limit });
            }
            buckets.push(bucket);
        }
        Ok(buckets)
    }

    /// The bucket an instant is in.
    #[must_use]
    pub fn bucket_of(&self, at: Timestamp, grain: Grain) -> Bucket {
        if let Some(width_seconds) = grain.width_seconds() {
            let second = zone::second_of(at);
            return Bucket::of_seconds(self.zone.stretch(second).slot(second, width_seconds));
        }
        let days = self.period(self.zone.date(at), grain);
        Bucket::of_days(days, |date| self.zone.start_of_day(date))
    }

    /// The first local day of the period a date is in, and of the next; a grain finer than the
    /// day counts as the day.
    #[must_use]
    pub fn period(&self, date: Date, grain: Grain) -> (Date, Date) {
        let fiscal_phase = i64::from(self.fiscal_year_start_month) - 1;
        match grain {
            Grain::QuarterHour | Grain::Hour | Grain::Day => (date, grain::plus_days(date, 1)),
            Grain::Week => grain::week(date, self.week_start.0),
            Grain::Month => grain::months(date, 1, 0),
            Grain::Quarter => grain::months(date, 3, 0),
            Grain::Year => grain::months(date, 12, 0),
            Grain::FiscalQuarter => grain::months(date, 3, fiscal_phase),
            Grain::FiscalYear => grain::months(date, 12, fiscal_phase),
        }
    }

    fn walk(&self, range: Range, grain: Grain) -> Box<dyn Iterator<Item = Bucket> + '_> {
        match grain.width_seconds() {
            Some(width_seconds) => Box::new(self.walk_slots(range, width_seconds)),
            None => Box::new(self.walk_periods(range, grain)),
        }
    }

    fn walk_slots(&self, range: Range, width_seconds: i64) -> impl Iterator<Item = Bucket> + '_ {
        let mut stretch = zone::Stretch::EMPTY;
        let mut start = range.from;
        std::iter::from_fn(move || {
            if start >= range.to {
                return None;
            }
            let second = zone::second_of(start);
            stretch.turn_to(&self.zone, second);
            let bucket = Bucket::of_seconds(stretch.slot(second, width_seconds));
            start = bucket.end;
            Some(bucket)
        })
    }

    fn walk_periods(&self, range: Range, grain: Grain) -> impl Iterator<Item = Bucket> + '_ {
        let mut days = zone::Days::of(&self.zone);
        let mut period = self.period(days.date(range.from), grain);
        let mut bucket = days.bucket(period);
        std::iter::from_fn(move || {
            while bucket.start < range.to {
                let current = bucket;
                period = self.period(period.1, grain);
                bucket = Bucket { start: current.end, end: days.bucket(period).end };
                if current.start < current.end {
                    return Some(current);
                }
            }
            None
        })
    }
}

impl Default for Calendar {
    /// Days of UTC, weeks from Monday, fiscal years from January.
    fn default() -> Self {
        let week_start = Weekday(jiff::civil::Weekday::Monday);
        Self { zone: Zone::UTC, week_start, fiscal_year_start_month: 1 }
    }
}

impl Range {
    /// A range that holds at least one instant.
    ///
    /// # Errors
    /// When it does not begin before it ends.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self, EmptyRange> {
        if from < to { Ok(Self { from, to }) } else { Err(EmptyRange { from, to }) }
    }

    /// Whether an instant is in the range.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

impl Bucket {
    /// Whether an instant is in the bucket.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether the bucket is over.
    #[must_use]
    pub fn complete(&self, now: Timestamp) -> bool {
        self.end <= now
    }

    /// How much of the bucket is over, 0 to 1.
    #[must_use]
    pub fn elapsed(&self, now: Timestamp) -> f64 {
        let length = self.end.duration_since(self.start).as_secs_f64();
        if length <= 0.0 {
            return 1.0;
        }
        (now.duration_since(self.start).as_secs_f64() / length).clamp(0.0, 1.0)
    }

    /// From the first day up to, but without, the next; what reaches the last day there is never
    /// ends.
    fn of_days((first, next): (Date, Date), mut start_of: impl FnMut(Date) -> Timestamp) -> Self {
        let start = start_of(first);
        Self { start, end: if next < Date::MAX { start_of(next) } else { Timestamp::MAX } }
    }

    fn of_seconds((start, end): (i64, i64)) -> Self {
        Self { start: zone::instant_of_second(start), end: zone::instant_of_second(end) }
    }
}

impl From<Bucket> for Range {
    fn from(bucket: Bucket) -> Self {
        Self { from: bucket.start, to: bucket.end }
    }
}

fn month<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i8, D::Error> {
    let month = i8::deserialize(deserializer)?;
    match month {
        1..=12 => Ok(month),
        _ => Err(de::Error::custom("the month is not 1 to 12")),
    }
}
