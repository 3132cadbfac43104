use jiff::Timestamp;

use super::zone::{DAY_SECONDS, Stretch, second_of};
use super::{Bucket, Calendar, Grain, Zone};

const HOUR_SECONDS: i64 = 60 * 60;

/// Finds the hour and the day of very many instants: the same as [`Calendar::bucket_of`], but
/// instants near each other cost a comparison, and others mostly arithmetic.
#[derive(Clone, Debug)]
pub struct HourIndex {
    calendar: Calendar,
    stretch: Stretch,
    hour: Bucket,
    day: Bucket,
}

impl HourIndex {
    /// An index over the hours and days of a zone.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        let nothing = Bucket::of_seconds((0, 0));
        let calendar = Calendar { zone, ..Calendar::default() };
        Self { calendar, stretch: Stretch::EMPTY, hour: nothing, day: nothing }
    }

    /// The starts of the hour and of the day an instant is in.
    #[inline]
    pub fn hour_and_day(&mut self, at: Timestamp) -> (Timestamp, Timestamp) {
        if !self.hour.contains(at) {
            self.turn_to(at);
        }
        (self.hour.start, self.day.start)
    }

    /// Hours nest in days, so the day can only change when the hour does.
    fn turn_to(&mut self, at: Timestamp) {
        let second = second_of(at);
        self.stretch.turn_to(&self.calendar.zone, second);
        self.hour = Bucket::of_seconds(self.stretch.slot(second, HOUR_SECONDS));
        if self.day.contains(at) {
            return;
        }
        let midnight = self.stretch.floor(second, DAY_SECONDS);
        self.day = if self.stretch.has_whole_day(midnight) {
            Bucket::of_seconds((midnight, midnight + DAY_SECONDS))
        } else {
            self.calendar.bucket_of(at, Grain::Day)
        };
    }
}
