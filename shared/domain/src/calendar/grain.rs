use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// How wide a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Grain {
    /// A quarter of a local hour, written `15min`.
    QuarterHour,
    /// A local hour.
    Hour,
    /// A local civil day: 23, 24 or 25 hours, or what the zone made of it.
    Day,
    /// Seven days from the calendar's first day of the week.
    Week,
    /// A civil month.
    Month,
    /// Three months from January, April, July or October.
    Quarter,
    /// Twelve months from January.
    Year,
    /// Three months from the start of the fiscal year, or three, six or nine months later.
    FiscalQuarter,
    /// Twelve months from the first month of the fiscal year.
    FiscalYear,
}

/// The text names no grain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a grain: 15min, hour, day, week, month, quarter, year, fiscal_quarter or \
         fiscal_year"
)]
pub struct NotAGrain(pub String);

/// How far a comparison reaches, or a period extends, in civil time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Days(i32),
    Months(i32),
}

impl Grain {
    /// Every grain, from the narrowest to the widest.
    pub const ALL: [Self; 9] = [
        Self::QuarterHour,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
        Self::FiscalQuarter,
        Self::FiscalYear,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::QuarterHour => "15min",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::FiscalQuarter => "fiscal_quarter",
            Self::FiscalYear => "fiscal_year",
        }
    }

    /// The seconds of a grain finer than the day; the others have no fixed length.
    #[must_use]
    pub fn width_seconds(self) -> Option<i64> {
        match self {
            Self::QuarterHour => Some(15 * 60),
            Self::Hour => Some(60 * 60),
            _ => None,
        }
    }

    /// One period of this grain. Grains finer than the day step by the day: comparing them goes
    /// by the time on the wall.
    pub(super) fn step(self) -> Step {
        match self {
            Self::QuarterHour | Self::Hour | Self::Day => Step::Days(1),
            Self::Week => Step::Days(7),
            Self::Month => Step::Months(1),
            Self::Quarter | Self::FiscalQuarter => Step::Months(3),
            Self::Year | Self::FiscalYear => Step::Months(12),
        }
    }
}

impl Step {
    pub(super) fn times(self, count: i32) -> Self {
        match self {
            Self::Days(days) => Self::Days(days.saturating_mul(count)),
            Self::Months(months) => Self::Months(months.saturating_mul(count)),
        }
    }

    /// The date this far before; `None` where the month is too short to have its day.
    pub(super) fn before(self, date: Date) -> Option<Date> {
        match self {
            Self::Days(days) => Some(plus_days(date, -days)),
            Self::Months(months) => {
                let first = first_of_month(month_number(date) - i64::from(months));
                (date.day() <= first.days_in_month())
                    .then(|| plus_days(first, i32::from(date.day()) - 1))
            }
        }
    }

    /// The same, or the last day of the month that is too short.
    pub(super) fn before_clamped(self, date: Date) -> Date {
        self.before(date).unwrap_or_else(|| match self {
            Self::Days(days) => plus_days(date, -days),
            Self::Months(months) => {
                first_of_month(month_number(date) - i64::from(months)).last_of_month()
            }
        })
    }
}

/// The first day of the week around a date, and of the next.
pub(super) fn week(date: Date, first_day: Weekday) -> (Date, Date) {
    let first = plus_days(date, -i32::from(date.weekday().since(first_day)));
    (first, plus_days(first, 7))
}

/// The first day of the period of `length` months around a date, and of the next; `phase` months
/// after January a period begins.
pub(super) fn months(date: Date, length: i64, phase: i64) -> (Date, Date) {
    let month = month_number(date);
    let first = month - (month - phase).rem_euclid(length);
    (first_of_month(first), first_of_month(first + length))
}

/// A date some days later, or earlier; the calendar ends in the years -9999 and 9999.
pub(super) fn plus_days(date: Date, days: i32) -> Date {
    date.saturating_add(SignedDuration::from_hours(24 * i64::from(days)))
}

/// Months since January of the year 0.
pub(super) fn month_number(date: Date) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

fn first_of_month(number: i64) -> Date {
    let end_of_time = if number < 0 { Date::MIN } else { Date::MAX };
    let month = i8::try_from(number.rem_euclid(12) + 1);
    match (i16::try_from(number.div_euclid(12)), month) {
        (Ok(year), Ok(month)) => Date::new(year, month, 1).unwrap_or(end_of_time),
        _ => end_of_time,
    }
}

impl FromStr for Grain {
    type Err = NotAGrain;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let grain = Self::ALL.into_iter().find(|grain| grain.name() == text);
        grain.ok_or_else(|| NotAGrain(text.to_owned()))
    }
}

impl TryFrom<String> for Grain {
    type Error = NotAGrain;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Grain> for String {
    fn from(grain: Grain) -> Self {
        grain.name().to_owned()
    }
}

impl fmt::Display for Grain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
