use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::grain::plus_days;
use super::{Weekday, Zone};

/// When something recurs, on the wall of a zone.
///
/// The instant comes from the wall time on its own date: the earlier of two where the wall shows
/// it twice, the first instant after the gap where it is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// On which dates.
    #[serde(flatten)]
    pub frequency: Frequency,
    /// At which time on the wall.
    pub wall_time: Time,
}

/// On which dates a schedule recurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "frequency", rename_all = "snake_case")]
pub enum Frequency {
    /// Every day.
    Daily,
    /// Every week.
    Weekly {
        /// On this day.
        weekday: Weekday,
    },
    /// Every month.
    Monthly {
        /// On this day.
        day: MonthDay,
    },
}

/// A day of every month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredMonthDay", into = "StoredMonthDay")]
pub enum MonthDay {
    /// 1 to 31; the last day of a month that is shorter.
    Day(i8),
    /// The last day.
    Last,
}

/// The number is no day of any month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a day of the month, 1 to 31")]
pub struct NotAMonthDay(pub i8);

/// One time a schedule comes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Occurrence {
    /// The local date it is for, which names it.
    pub date: Date,
    /// The instant it is due.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredMonthDay {
    Number(i8),
    Word(LastWord),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LastWord {
    Last,
}

/// Longer than two occurrences are ever apart.
const SEARCH_DAYS: i32 = 64;

impl Schedule {
    /// The first occurrence after an instant; at the end of time, the end of time.
    #[must_use]
    pub fn next_after(&self, zone: &Zone, after: Timestamp) -> Occurrence {
        let today = zone.date(after);
        (-1..SEARCH_DAYS)
            .filter_map(|days| self.occurrence(zone, plus_days(today, days)))
            .find(|occurrence| occurrence.at > after)
            .unwrap_or(Occurrence { date: Date::MAX, at: Timestamp::MAX })
    }

    /// The last occurrence not after an instant; at the beginning of time, its beginning.
    #[must_use]
    pub fn latest_at_or_before(&self, zone: &Zone, at: Timestamp) -> Occurrence {
        let today = zone.date(at);
        (-1..SEARCH_DAYS)
            .filter_map(|days| self.occurrence(zone, plus_days(today, -days)))
            .find(|occurrence| occurrence.at <= at)
            .unwrap_or(Occurrence { date: Date::MIN, at: Timestamp::MIN })
    }

    fn occurrence(&self, zone: &Zone, date: Date) -> Option<Occurrence> {
        self.frequency
            .falls_on(date)
            .then(|| Occurrence { date, at: zone.instant(date.to_datetime(self.wall_time)) })
    }
}

impl Frequency {
    /// Whether a date is one of its dates.
    #[must_use]
    pub fn falls_on(self, date: Date) -> bool {
        match self {
            Self::Daily => true,
            Self::Weekly { weekday } => date.weekday() == weekday.0,
            Self::Monthly { day: MonthDay::Last } => date.day() == date.days_in_month(),
            Self::Monthly { day: MonthDay::Day(day) } => {
                date.day() == day.clamp(1, date.days_in_month())
            }
        }
    }
}

impl MonthDay {
    /// A numbered day.
    ///
    /// # Errors
    /// When the number is not 1 to 31.
    pub fn new(day: i8) -> Result<Self, NotAMonthDay> {
        if (1..=31).contains(&day) { Ok(Self::Day(day)) } else { Err(NotAMonthDay(day)) }
    }
}

impl TryFrom<StoredMonthDay> for MonthDay {
    type Error = NotAMonthDay;

    fn try_from(stored: StoredMonthDay) -> Result<Self, Self::Error> {
        match stored {
            StoredMonthDay::Number(day) => Self::new(day),
            StoredMonthDay::Word(LastWord::Last) => Ok(Self::Last),
        }
    }
}

impl From<MonthDay> for StoredMonthDay {
    fn from(day: MonthDay) -> Self {
        match day {
            MonthDay::Day(day) => Self::Number(day),
            MonthDay::Last => Self::Word(LastWord::Last),
        }
    }
}
