use jiff::Timestamp;

use crate::calendar::{Bucket, Calendar, Comparison, Grain, Range, TooManyBuckets};

/// The instants a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whose days and weeks.
    pub calendar: Calendar,
    /// From when to when.
    pub range: Range,
    /// How wide the buckets are; None is one bucket over the range.
    pub grain: Option<Grain>,
    /// Leave out buckets that are not over, or that the range cuts.
    pub only_complete: bool,
    /// What the range is compared with.
    pub comparison: Option<Comparison>,
    /// Our clock.
    pub now: Timestamp,
}

/// The windows of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Windows {
    /// That of its range.
    pub main: Window,
    /// That of the range it is compared with.
    pub past: Option<Past>,
}

/// Slots that touch, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// The slots. Each ends where the next begins.
    pub slots: Vec<Slot>,
}

/// A bucket, cut to its window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// The first instant.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
    /// The whole bucket is in the range and over.
    pub complete: bool,
    /// How much of the whole bucket is in the range and over, 0 to 1.
    pub elapsed: f64,
    /// What has passed of the slot.
    pub elapsed_seconds: f64,
}

/// A window to compare with.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Its slots, cut at the instant up to which as much time had passed as has now.
    pub window: Window,
    /// The whole range of the comparison.
    pub range: Range,
    /// Where the window stops because the question's range is still running.
    pub cut: Option<Timestamp>,
    /// For each slot of the question, the index of its counterpart, where there is one.
    pub pairs: Vec<Option<usize>>,
}

impl Frame {
    /// Cuts the range into slots, and finds their counterparts.
    ///
    /// # Errors
    /// When there are more than `limit`.
    pub fn windows(&self, limit: usize) -> Result<Windows, TooManyBuckets> {
        let buckets = self.buckets(self.range, limit)?;
        let mut slots: Vec<Slot> =
            buckets.iter().map(|bucket| Slot::of(*bucket, self.range, self.now)).collect();
        let kept = if self.only_complete {
            let first = slots.iter().position(|slot| slot.complete).unwrap_or(slots.len());
            let last = slots.iter().rposition(|slot| slot.complete).map_or(first, |last| last + 1);
            first..last
        } else {
            0..slots.len()
        };
        slots.truncate(kept.end);
        slots.drain(..kept.start);
        let past = self.comparison.map(|by| self.past(by, buckets.len(), kept));
        Ok(Windows { main: Window { slots }, past })
    }

    fn buckets(&self, range: Range, limit: usize) -> Result<Vec<Bucket>, TooManyBuckets> {
        match self.grain {
            Some(grain) => self.calendar.buckets(range, grain, limit),
            None => Ok(vec![Bucket { start: range.from, end: range.to }]),
        }
    }

    fn past(&self, by: Comparison, all: usize, kept: std::ops::Range<usize>) -> Past {
        let grain = self.grain.unwrap_or(Grain::Year);
        let compared = self.calendar.compared(self.range, grain, by, self.now);
        let (mut from, mut to) = (compared.range.from, compared.range.to);
        let cut = compared.cut.filter(|cut| *cut < to);
        to = cut.unwrap_or(to).max(from);
        let partners: Vec<Option<Bucket>> = match self.grain {
            Some(_) => compared.pairs.get(kept.clone()).unwrap_or_default().to_vec(),
            None => vec![Some(Bucket { start: from, end: to }); kept.len()],
        };
        // What is left out here is left out there.
        let mut known = partners.iter().flatten();
        if kept.start > 0 {
            from = known.clone().next().map_or(to, |first| first.start).max(from);
        }
        if kept.end < all {
            to = known.next_back().map_or(from, |last| last.end).min(to).max(from);
        }
        let whole = Range { from, to };
        let buckets = if from < to {
            self.buckets(whole, usize::MAX).unwrap_or_default()
        } else {
            Vec::new()
        };
        let find = |partner: &Bucket| {
            buckets.binary_search_by_key(&partner.start, |bucket| bucket.start).ok()
        };
        let pairs = partners.iter().map(|partner| partner.as_ref().and_then(find)).collect();
        let slots = buckets.iter().map(|bucket| Slot::of(*bucket, whole, self.now)).collect();
        Past { window: Window { slots }, range: compared.range, cut, pairs }
    }
}

impl Slot {
    fn of(bucket: Bucket, range: Range, now: Timestamp) -> Self {
        let (start, end) = (bucket.start.max(range.from), bucket.end.min(range.to));
        let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
        let elapsed_seconds = seconds(start, end.min(now)).max(0.0);
        let whole = seconds(bucket.start, bucket.end);
        Self {
            start,
            end,
            complete: start == bucket.start && end == bucket.end && end <= now,
            elapsed: if whole > 0.0 { (elapsed_seconds / whole).min(1.0) } else { 1.0 },
            elapsed_seconds,
        }
    }

    /// Whether any of it has passed.
    #[must_use]
    pub fn begun(&self) -> bool {
        self.elapsed_seconds > 0.0
    }
}

impl Window {
    /// From the first slot to the last, if there is one.
    #[must_use]
    pub fn range(&self) -> Option<Range> {
        Some(Range { from: self.slots.first()?.start, to: self.slots.last()?.end })
    }
}
