use jiff::Timestamp;

use super::Window;
use crate::calendar::{Calendar, Grain, HourIndex, Range, Zone};

/// What a stretch of time is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// Rollups of the tenant's days.
    Day,
    /// Rollups of the tenant's hours.
    Hour,
    /// The points themselves.
    Point,
}

/// Which rollups of a metric are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The zone of the rollups: the tenant's, whatever zone is asked for.
    pub zone: Zone,
    /// Whether there are hours, or days only.
    pub hours: bool,
}

/// A stretch of time read from one source. In a rollup it begins and ends on edges of the rollup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Read from where.
    pub source: Source,
    /// From when to when.
    pub range: Range,
}

/// How a window is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The first instant of each slot.
    pub starts: Vec<Timestamp>,
    /// What to read. Together the runs cover the window exactly once, and where a value is
    /// carried in also the time from `before` to the window.
    pub runs: Vec<Run>,
    /// The newest value of each series is wanted from the days before this one.
    pub before: Option<Timestamp>,
}

impl Scan {
    /// Reads a window out of the coarsest rollups that fit; with the values from before it where
    /// they are carried in.
    #[must_use]
    pub fn of(window: &Window, kept: &Kept, carries: bool) -> Self {
        let mut scan = Self::default();
        let Some(first) = window.slots.first() else { return scan };
        let mut tiles = Tiles::new(kept);
        if carries {
            let day = tiles.day_floor(first.start);
            scan.before = Some(day);
            tiles.lay(&mut scan.runs, Range { from: day, to: first.start });
        }
        for slot in &window.slots {
            scan.starts.push(slot.start);
            tiles.lay(&mut scan.runs, Range { from: slot.start, to: slot.end });
        }
        scan
    }

    /// Whether rollups are better added up where they are stored: a slot takes several.
    #[must_use]
    pub fn is_coarse(&self) -> bool {
        let Some(run) = self.single_run() else { return true };
        let hours = run.range.to.duration_since(run.range.from).as_hours();
        let rollups = if run.source == Source::Day { hours / 24 } else { hours };
        usize::try_from(rollups).is_ok_and(|rollups| rollups > 2 * self.starts.len())
    }

    /// The only run, when there is no other and nothing is carried in.
    #[must_use]
    pub fn single_run(&self) -> Option<Run> {
        match self.runs.as_slice() {
            [run] if self.before.is_none() => Some(*run),
            _ => None,
        }
    }
}

/// Covers ranges with days, what is left with hours, and the rest with points.
struct Tiles {
    index: HourIndex,
    calendar: Calendar,
    hours: bool,
}

impl Tiles {
    fn new(kept: &Kept) -> Self {
        let calendar = Calendar { zone: kept.zone.clone(), ..Calendar::default() };
        Self { index: HourIndex::new(kept.zone.clone()), calendar, hours: kept.hours }
    }

    fn lay(&mut self, runs: &mut Vec<Run>, range: Range) {
        let last_day = self.day_floor(range.to);
        if last_day <= range.from {
            return self.lay_hours(runs, range);
        }
        let days = Range { from: self.day_ceiling(range.from), to: last_day };
        if days.from < days.to {
            self.lay_hours(runs, Range { from: range.from, to: days.from });
            push(runs, Source::Day, days);
            self.lay_hours(runs, Range { from: days.to, to: range.to });
        } else {
            self.lay_hours(runs, range);
        }
    }

    fn lay_hours(&mut self, runs: &mut Vec<Run>, range: Range) {
        if !self.hours {
            return push(runs, Source::Point, range);
        }
        let hours = Range { from: self.hour_ceiling(range.from), to: self.hour_floor(range.to) };
        if hours.from < hours.to {
            push(runs, Source::Point, Range { from: range.from, to: hours.from });
            push(runs, Source::Hour, hours);
            push(runs, Source::Point, Range { from: hours.to, to: range.to });
        } else {
            push(runs, Source::Point, range);
        }
    }

    fn day_floor(&mut self, at: Timestamp) -> Timestamp {
        self.index.hour_and_day(at).1
    }

    fn day_ceiling(&mut self, at: Timestamp) -> Timestamp {
        if self.day_floor(at) == at { at } else { self.calendar.bucket_of(at, Grain::Day).end }
    }

    fn hour_floor(&mut self, at: Timestamp) -> Timestamp {
        self.index.hour_and_day(at).0
    }

    fn hour_ceiling(&mut self, at: Timestamp) -> Timestamp {
        if self.hour_floor(at) == at { at } else { self.calendar.bucket_of(at, Grain::Hour).end }
    }
}

/// Adds to the last run where it goes on.
fn push(runs: &mut Vec<Run>, source: Source, range: Range) {
    if range.from >= range.to {
        return;
    }
    match runs.last_mut() {
        Some(last) if last.source == source && last.range.to == range.from => {
            last.range.to = range.to;
        }
        _ => runs.push(Run { source, range }),
    }
}
