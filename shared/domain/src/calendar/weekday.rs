use std::fmt;
use std::str::FromStr;

use jiff::civil;
use serde::{Deserialize, Serialize};

/// A day of the week, written `monday` to `sunday`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Weekday(pub civil::Weekday);

/// The text is no day of the week.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a day of the week, such as monday")]
pub struct NotAWeekday(pub String);

const NAMES: [(civil::Weekday, &str); 7] = [
    (civil::Weekday::Monday, "monday"),
    (civil::Weekday::Tuesday, "tuesday"),
    (civil::Weekday::Wednesday, "wednesday"),
    (civil::Weekday::Thursday, "thursday"),
    (civil::Weekday::Friday, "friday"),
    (civil::Weekday::Saturday, "saturday"),
    (civil::Weekday::Sunday, "sunday"),
];

impl Weekday {
    /// The English name, in small letters.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(day, _)| *day == self.0).map_or("monday", |(_, name)| name)
    }
}

impl FromStr for Weekday {
    type Err = NotAWeekday;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = NAMES.iter().find(|(_, name)| *name == text || &name[..3] == text);
        day.map(|(day, _)| Self(*day)).ok_or_else(|| NotAWeekday(text.to_owned()))
    }
}

impl TryFrom<String> for Weekday {
    type Error = NotAWeekday;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Weekday> for String {
    fn from(weekday: Weekday) -> Self {
        weekday.name().to_owned()
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
