use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::grain::{Step, month_number, plus_days};
use super::zone::Days;
use super::{Bucket, Calendar, Grain, Range};

/// What a range is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// The period before. A range of whole months goes back by as many months (so quarters and
    /// years compare with quarters and years). A range still running that begins a month,
    /// quarter, year or week and stays in it goes back by one of the first of these it fits. Any
    /// other goes back by its number of civil days, the last one begun included, so that times of
    /// the day stay aligned.
    Previous,
    /// The same dates a year ago, February 29 with February 28; at week grain, 52 weeks ago.
    Year,
    /// The same weekdays a year ago: 364 days, which is 52 weeks.
    WeekdayYear,
    /// So many units ago, when more is known than the range itself: see `Preset::previous`. Not
    /// a word on the wire.
    #[serde(skip)]
    Ago {
        /// How many units.
        count: u16,
        /// Of what; a unit finer than the day counts as the day.
        unit: Grain,
    },
}

/// A range's counterpart in the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The whole counterpart. Empty in the rare case that the zone skipped all of it.
    pub range: Range,
    /// For each bucket of the range, in order, its counterpart, whole. None where the past has
    /// none: the 31st against a month of 30 days, an hour it skipped, the second pass of an hour
    /// it did not repeat.
    pub pairs: Vec<Option<Bucket>>,
    /// While the range is running: the instant the counterpart must stop at, so that as much
    /// local time has elapsed in both.
    pub cut: Option<Timestamp>,
}

/// How far back a comparison goes.
#[derive(Clone, Copy)]
struct Reach {
    step: Step,
    missing: MissingDate,
}

/// The counterpart of a date its month was too short for.
#[derive(Clone, Copy)]
enum MissingDate {
    LastOfMonth,
    Unpaired,
}

impl Calendar {
    /// The counterpart of a range in the past, bucket by bucket, over equal elapsed time.
    ///
    /// The range's buckets are all computed: bound their number by [`Calendar::buckets`] first.
    #[must_use]
    pub fn compared(&self, range: Range, grain: Grain, by: Comparison, now: Timestamp) -> Compared {
        let reach = self.reach(range, grain, by, now);
        let from = self.start_before(range.from, reach);
        let to = self.end_before(range, self.end_wall(range.to), reach).max(from);
        let past = Range { from, to };

        let buckets: Vec<Bucket> = self.walk(range, grain).collect();
        let running = buckets.last().is_some_and(|last| now < last.end);
        let cut = running.then(|| {
            let reached = self.zone.wall(now.max(range.from));
            self.end_before(range, reached, reach).max(from)
        });
        let pairs = match grain {
            Grain::QuarterHour | Grain::Hour => {
                let slot = |bucket: &Bucket| self.slot_before(bucket.start, grain, reach);
                buckets.iter().map(slot).collect()
            }
            Grain::Day => {
                let (mut here, mut there) = (Days::of(&self.zone), Days::of(&self.zone));
                let day = |bucket: &Bucket| {
                    let date = reach.date(here.date(bucket.start))?;
                    let day = there.bucket((date, plus_days(date, 1)));
                    (day.start < day.end).then_some(day)
                };
                buckets.iter().map(day).collect()
            }
            _ => {
                let mut partners = self.walk(past, grain);
                buckets.iter().map(|_| partners.next()).collect()
            }
        };
        Compared { range: past, pairs, cut }
    }

    fn reach(&self, range: Range, grain: Grain, by: Comparison, now: Timestamp) -> Reach {
        match by {
            Comparison::Year if grain != Grain::Week => {
                Reach { step: Step::Months(12), missing: MissingDate::LastOfMonth }
            }
            Comparison::Year | Comparison::WeekdayYear => Step::Days(364).into(),
            Comparison::Ago { count, unit } => unit.step().times(i32::from(count)).into(),
            Comparison::Previous => self.reach_of_previous(range, now).into(),
        }
    }

    fn reach_of_previous(&self, range: Range, now: Timestamp) -> Step {
        let (from, to) = (self.start_wall(range.from), self.end_wall(range.to));
        let seconds = to.duration_since(from).as_secs().max(1).unsigned_abs();
        let days = i32::try_from(seconds.div_ceil(24 * 60 * 60)).unwrap_or(i32::MAX);
        let by_days = Step::Days(days);
        if from.time() != Time::midnight() || to.time() != Time::midnight() {
            return by_days;
        }
        if from.date().day() == 1 && to.date().day() == 1 {
            let months = month_number(to.date()) - month_number(from.date());
            return Step::Months(i32::try_from(months.max(1)).unwrap_or(i32::MAX));
        }
        let whole_weeks = days % 7 == 0 && from.date().weekday() == self.week_start.0;
        if !range.contains(now) || whole_weeks || days == 1 {
            return by_days;
        }
        let units = [
            Grain::Month,
            Grain::Quarter,
            Grain::FiscalQuarter,
            Grain::Year,
            Grain::FiscalYear,
            Grain::Week,
        ];
        let fits = |unit: &Grain| {
            let period = self.bucket_of(range.from, *unit);
            period.start == range.from && range.to <= period.end
        };
        units.into_iter().find(fits).map_or(by_days, Grain::step)
    }

    fn start_before(&self, from: Timestamp, reach: Reach) -> Timestamp {
        let wall = self.start_wall(from);
        self.zone.instant(reach.step.before_clamped(wall.date()).to_datetime(wall.time()))
    }

    /// Where the end of a range, or the instant it has got to, was then. Where the month is too
    /// short for the date, all of the month is before it; but a range that begins on that very
    /// date (February 29) has the last day of the month to compare with.
    fn end_before(&self, range: Range, wall: DateTime, Reach { step, .. }: Reach) -> Timestamp {
        let date = wall.date();
        match step.before(date) {
            Some(past) => self.zone.instant(past.to_datetime(wall.time())),
            None if range.from < self.zone.start_of_day(date) => {
                self.zone.start_of_day(plus_days(step.before_clamped(date), 1))
            }
            None => self.zone.instant(step.before_clamped(date).to_datetime(wall.time())),
        }
    }

    /// The hour or quarter hour that showed the same time on the wall, in the same pass of a
    /// repeated hour.
    fn slot_before(&self, start: Timestamp, grain: Grain, reach: Reach) -> Option<Bucket> {
        let wall = self.zone.wall(start);
        let past_wall = reach.date(wall.date())?.to_datetime(wall.time());
        let past = if self.zone.is_second_pass(start) {
            self.zone.second_pass(past_wall)?
        } else {
            self.zone.instant(past_wall)
        };
        // The instant after a gap shows a later time, of another slot unless the gap was shorter.
        let width_seconds = grain.width_seconds()?;
        let slot = |wall: DateTime| {
            let since_midnight = wall.time().duration_since(Time::midnight()).as_secs();
            (wall.date(), since_midnight / width_seconds)
        };
        (slot(self.zone.wall(past)) == slot(past_wall)).then(|| self.bucket_of(past, grain))
    }

    /// The wall time at the start of a range: of a day that lost its midnight, midnight.
    fn start_wall(&self, from: Timestamp) -> DateTime {
        let wall = self.zone.wall(from);
        let midnight = wall.date().at(0, 0, 0, 0);
        if self.zone.instant(midnight) == from { midnight } else { wall }
    }

    /// The wall time a range runs up to: what the wall was about to show, had its offset not
    /// changed right then.
    fn end_wall(&self, to: Timestamp) -> DateTime {
        let moment = SignedDuration::from_nanos(1);
        let last = to.saturating_sub(moment).unwrap_or(Timestamp::MIN);
        self.zone.wall(last).saturating_add(moment)
    }
}

impl Reach {
    fn date(self, date: Date) -> Option<Date> {
        match self.missing {
            MissingDate::LastOfMonth => Some(self.step.before_clamped(date)),
            MissingDate::Unpaired => self.step.before(date),
        }
    }
}

impl From<Step> for Reach {
    fn from(step: Step) -> Self {
        Self { step, missing: MissingDate::Unpaired }
    }
}
