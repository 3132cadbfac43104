use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Bucket, Calendar, Comparison, Grain, Range};

/// A range named by where it stands to now.
///
/// The choice, published because products differ: presets of complete periods (`7d`, `12m`,
/// `last_week`) end where the running period begins, so `7d` is the seven local days before
/// today, without today. To-date presets (`mtd`) and `today` run up to the start of tomorrow, so
/// the running day is in them, as a bucket that is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Preset {
    /// `today`
    Today,
    /// `yesterday`
    Yesterday,
    /// `7d`
    Last7Days,
    /// `28d`
    Last28Days,
    /// `30d`
    Last30Days,
    /// `90d`
    Last90Days,
    /// `wtd`
    WeekToDate,
    /// `mtd`
    MonthToDate,
    /// `qtd`
    QuarterToDate,
    /// `ytd`
    YearToDate,
    /// `fytd`
    FiscalYearToDate,
    /// `last_week`
    LastWeek,
    /// `last_month`
    LastMonth,
    /// `last_quarter`
    LastQuarter,
    /// `last_year`
    LastYear,
    /// `12m`
    Last12Months,
    /// Any other number of complete periods, such as `14d`, `8w`, `3m`, `4q` or `2y`.
    Complete {
        /// How many, 1 to 1,000.
        count: u16,
        /// Of what.
        unit: Grain,
    },
}

/// The text names no preset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a preset, such as today, mtd, last_week, 7d, 8w or 12m")]
pub struct NotAPreset(pub String);

/// The most periods `Complete` may ask for.
const MAX_COUNT: u16 = 1_000;

/// Every preset with a name of its own.
const NAMED: [(Preset, &str); 16] = [
    (Preset::Today, "today"),
    (Preset::Yesterday, "yesterday"),
    (Preset::Last7Days, "7d"),
    (Preset::Last28Days, "28d"),
    (Preset::Last30Days, "30d"),
    (Preset::Last90Days, "90d"),
    (Preset::WeekToDate, "wtd"),
    (Preset::MonthToDate, "mtd"),
    (Preset::QuarterToDate, "qtd"),
    (Preset::YearToDate, "ytd"),
    (Preset::FiscalYearToDate, "fytd"),
    (Preset::LastWeek, "last_week"),
    (Preset::LastMonth, "last_month"),
    (Preset::LastQuarter, "last_quarter"),
    (Preset::LastYear, "last_year"),
    (Preset::Last12Months, "12m"),
];

const UNITS: [(Grain, char); 5] = [
    (Grain::Day, 'd'),
    (Grain::Week, 'w'),
    (Grain::Month, 'm'),
    (Grain::Quarter, 'q'),
    (Grain::Year, 'y'),
];

enum Span {
    Complete(u16, Grain),
    ToDate(Grain),
}

impl Preset {
    /// What "the previous period" of this preset is: as many units back as it is long, one unit
    /// for a to-date preset. The bare range cannot tell a year to date in January from a month
    /// to date, nor `28d` in March from February.
    #[must_use]
    pub fn previous(self) -> Comparison {
        let (count, unit) = match self.span() {
            Span::Complete(count, unit) => (count, unit),
            Span::ToDate(unit) => (1, unit),
        };
        Comparison::Ago { count, unit }
    }

    fn span(self) -> Span {
        match self {
            Self::Today => Span::ToDate(Grain::Day),
            Self::WeekToDate => Span::ToDate(Grain::Week),
            Self::MonthToDate => Span::ToDate(Grain::Month),
            Self::QuarterToDate => Span::ToDate(Grain::Quarter),
            Self::YearToDate => Span::ToDate(Grain::Year),
            Self::FiscalYearToDate => Span::ToDate(Grain::FiscalYear),
            Self::Yesterday => Span::Complete(1, Grain::Day),
            Self::Last7Days => Span::Complete(7, Grain::Day),
            Self::Last28Days => Span::Complete(28, Grain::Day),
            Self::Last30Days => Span::Complete(30, Grain::Day),
            Self::Last90Days => Span::Complete(90, Grain::Day),
            Self::LastWeek => Span::Complete(1, Grain::Week),
            Self::LastMonth => Span::Complete(1, Grain::Month),
            Self::LastQuarter => Span::Complete(1, Grain::Quarter),
            Self::LastYear => Span::Complete(1, Grain::Year),
            Self::Last12Months => Span::Complete(12, Grain::Month),
            Self::Complete { count, unit } => Span::Complete(count.clamp(1, MAX_COUNT), unit),
        }
    }
}

impl Calendar {
    /// The range a preset stands for at an instant.
    #[must_use]
    pub fn resolve(&self, preset: Preset, now: Timestamp) -> Range {
        match preset.span() {
            Span::ToDate(unit) => Range {
                from: self.bucket_of(now, unit).start,
                to: self.bucket_of(now, Grain::Day).end,
            },
            Span::Complete(count, unit) => {
                let running = self.bucket_of(now, unit);
                let earliest = (0..count).fold(running, |bucket, _| self.before(bucket, unit));
                Range { from: earliest.start, to: running.start }
            }
        }
    }

    /// The bucket before; stepping by buckets rather than dates, no skipped day is counted.
    fn before(&self, bucket: Bucket, grain: Grain) -> Bucket {
        let instant_before = bucket.start.saturating_sub(SignedDuration::from_nanos(1));
        self.bucket_of(instant_before.unwrap_or(Timestamp::MIN), grain)
    }
}

impl FromStr for Preset {
    type Err = NotAPreset;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((preset, _)) = NAMED.iter().find(|(_, name)| *name == text) {
            return Ok(*preset);
        }
        UNITS
            .iter()
            .find_map(|(unit, letter)| Some((unit, text.strip_suffix(*letter)?)))
            .filter(|(_, digits)| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|(unit, digits)| Some((*unit, digits.parse().ok()?)))
            .filter(|(_, count)| (1..=MAX_COUNT).contains(count))
            .map(|(unit, count)| Self::Complete { count, unit })
            .ok_or_else(|| NotAPreset(text.to_owned()))
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, name)) = NAMED.iter().find(|(preset, _)| preset == self) {
            return f.write_str(name);
        }
        let Span::Complete(count, unit) = self.span() else { return Ok(()) };
        let letter = UNITS.iter().find(|(grain, _)| *grain == unit).map_or('d', |(_, it)| *it);
        write!(f, "{count}{letter}")
    }
}

impl TryFrom<String> for Preset {
    type Error = NotAPreset;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Preset> for String {
    fn from(preset: Preset) -> Self {
        preset.to_string()
    }
}
