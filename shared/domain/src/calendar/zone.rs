use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use super::{Bucket, Range};

/// A zone of the bundled IANA database, such as `Europe/Berlin`.
///
/// Instants beyond the first and last that can be represented (the years -9999 and 9999) are
/// clamped to them; nothing here fails or panics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

/// The bundled database has no zone of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a zone of the IANA database, such as Europe/Berlin")]
pub struct UnknownZone(pub String);

/// A stretch of time in which the offset of a zone does not change, in seconds since 1970 UTC.
/// It ends with a change; it starts with one, or at a local midnight long before what was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) offset: i64,
}

/// Finds days near each other: the same as [`Zone::date`] and [`Zone::start_of_day`], but far from
/// changes of the offset by arithmetic.
#[derive(Clone, Debug)]
pub(super) struct Days<'a> {
    zone: &'a Zone,
    stretch: Stretch,
}

pub(super) const DAY_SECONDS: i64 = 24 * 60 * 60;

/// How far before an instant a stretch is looked for.
const LOOK_BACK_SECONDS: i64 = 100 * DAY_SECONDS;

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Finds a zone by its IANA name, whatever its capitals.
    ///
    /// # Errors
    /// When the bundled database has no such name.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        match TimeZoneDatabase::bundled().get(name) {
            Ok(zone) if !zone.is_unknown() && zone.iana_name().is_some() => Ok(Self(zone)),
            _ => Err(UnknownZone(name.to_owned())),
        }
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The zone as `jiff` knows it, for showing an instant as local time.
    #[must_use]
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    /// What a clock on the wall shows.
    #[must_use]
    pub fn wall(&self, at: Timestamp) -> DateTime {
        self.0.to_datetime(at)
    }

    /// The latest civil date the zone has reached.
    ///
    /// This is the date on the wall, except where the wall falls back over midnight after the
    /// new day has begun: that day goes on, so days never interleave.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> Date {
        let mut date = self.wall(at).date();
        while let Ok(next) = date.tomorrow()
            && self.start_of_day(next) <= at
        {
            date = next;
        }
        date
    }

    /// The first instant of a civil date; of the next one, where the zone skipped it.
    #[must_use]
    pub fn start_of_day(&self, date: Date) -> Timestamp {
        self.instant(date.at(0, 0, 0, 0))
    }

    /// When the wall first shows this time: the earlier of two where it is repeated, the first
    /// instant after the gap where it is skipped.
    #[must_use]
    pub fn instant(&self, wall: DateTime) -> Timestamp {
        match self.0.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset }
            | AmbiguousOffset::Fold { before: offset, .. } => with_offset(wall, offset),
            AmbiguousOffset::Gap { before, .. } => {
                let after_gap = with_offset(wall, before);
                instant_of_second(self.stretch(second_of(after_gap)).start)
            }
        }
    }

    /// Whether the offsets of two zones differ by whole hours at every instant of the range, and
    /// their hours begin together: then the hours of one add up to any bucket of the other.
    #[must_use]
    pub fn whole_hours_apart(&self, other: &Self, range: Range) -> bool {
        if self == other {
            return true;
        }
        let last = second_of(range.to);
        let mut at = second_of(range.from);
        while at < last {
            let (ours, theirs) = (self.stretch(at), other.stretch(at));
            at = ours.end.min(theirs.end);
            if (ours.offset - theirs.offset) % 3600 != 0 {
                return false;
            }
            if at < last && ours.end != theirs.end && (at + ours.offset) % 3600 != 0 {
                return false;
            }
        }
        true
    }

    /// Which pass a repeated wall time is in at this instant.
    pub(super) fn is_second_pass(&self, at: Timestamp) -> bool {
        match self.0.to_ambiguous_timestamp(self.wall(at)).offset() {
            AmbiguousOffset::Fold { after, .. } => self.0.to_offset(at) == after,
            _ => false,
        }
    }

    /// When the wall shows this time again, where it is repeated.
    pub(super) fn second_pass(&self, wall: DateTime) -> Option<Timestamp> {
        match self.0.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Fold { after, .. } => Some(with_offset(wall, after)),
            _ => None,
        }
    }

    /// The stretch of constant offset around an instant. The database also lists transitions
    /// that only change the name or the daylight saving flag; those end no stretch.
    ///
    /// Looks forward only: `TimeZone::preceding` of jiff 0.2 skips the last transition that is
    /// listed before a rule takes over, as in America/Metlakatla on 2019-01-20.
    pub(super) fn stretch(&self, second: i64) -> Stretch {
        let offset_of = |second| i64::from(self.0.to_offset(instant_of_second(second)).seconds());
        let offset = offset_of(second);
        let mut stretch = Stretch { start: i64::MIN, end: i64::MAX, offset };
        stretch.start = stretch.floor(second - LOOK_BACK_SECONDS, DAY_SECONDS);
        let mut latest = offset_of(stretch.start);
        for transition in self.0.following(instant_of_second(stretch.start)) {
            let (at, next) = (transition.timestamp().as_second(), transition.offset().seconds());
            if i64::from(next) == latest {
                continue;
            }
            latest = next.into();
            if second < at {
                stretch.end = at;
                break;
            }
            stretch.start = at;
        }
        stretch
    }
}

impl<'a> Days<'a> {
    pub(super) fn of(zone: &'a Zone) -> Self {
        Self { zone, stretch: Stretch::EMPTY }
    }

    pub(super) fn date(&mut self, at: Timestamp) -> Date {
        let second = second_of(at);
        self.stretch.turn_to(self.zone, second);
        let midnight = self.stretch.floor(second, DAY_SECONDS);
        match Timestamp::from_second(midnight + self.stretch.offset) {
            Ok(civil) if self.stretch.has_whole_day(midnight) => {
                Offset::UTC.to_datetime(civil).date()
            }
            _ => self.zone.date(at),
        }
    }

    pub(super) fn start_of_day(&mut self, date: Date) -> Timestamp {
        if let Ok(civil) = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)) {
            self.stretch.turn_to(self.zone, civil.as_second() - self.stretch.offset);
            let midnight = civil.as_second() - self.stretch.offset;
            if self.stretch.has_whole_day(midnight) {
                return instant_of_second(midnight);
            }
        }
        self.zone.start_of_day(date)
    }

    pub(super) fn bucket(&mut self, days: (Date, Date)) -> Bucket {
        Bucket::of_days(days, |date| self.start_of_day(date))
    }
}

impl Stretch {
    pub(super) const EMPTY: Self = Self { start: 0, end: 0, offset: 0 };

    fn contains(self, second: i64) -> bool {
        self.start <= second && second < self.end
    }

    /// Makes it the stretch around an instant, unless it is.
    pub(super) fn turn_to(&mut self, zone: &Zone, second: i64) {
        if !self.contains(second) {
            *self = zone.stretch(second);
        }
    }

    /// Whether the day of a local midnight is as long as any other. Two days after a change no
    /// wall time is repeated; before that the zone itself must say when a day began and ends.
    pub(super) fn has_whole_day(self, midnight: i64) -> bool {
        midnight - 2 * DAY_SECONDS >= self.start && midnight + DAY_SECONDS < self.end
    }

    /// The local hour (or any other width) around an instant, cut where the stretch is.
    pub(super) fn slot(self, second: i64, width_seconds: i64) -> (i64, i64) {
        let floor = self.floor(second, width_seconds);
        (floor.max(self.start), (floor + width_seconds).min(self.end))
    }

    /// The last local multiple of a width at or before an instant, were the offset eternal.
    pub(super) fn floor(self, second: i64, width_seconds: i64) -> i64 {
        second - (second + self.offset).rem_euclid(width_seconds)
    }
}

/// The whole second an instant is in.
pub(super) fn second_of(at: Timestamp) -> i64 {
    at.as_second() - i64::from(at.subsec_nanosecond() < 0)
}

pub(super) fn instant_of_second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

fn with_offset(wall: DateTime, offset: Offset) -> Timestamp {
    let end_of_time = if wall.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    offset.to_timestamp(wall).unwrap_or(end_of_time)
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::parse(name)
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
