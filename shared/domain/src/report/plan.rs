use std::fmt;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Period;
use crate::calendar::{Calendar, Frequency, Grain, Occurrence, Range, Schedule, Zone};
use crate::metric::MetricName;

/// Limits of reports, in one place and published by the API.
pub mod limit {
    use jiff::SignedDuration;

    /// Reports of one tenant.
    pub const REPORTS: i64 = 100;
    /// Figures of one report.
    pub const ITEMS: usize = 12;
    /// Recipients of one report.
    pub const RECIPIENTS: usize = 50;
    /// Characters of a report's name.
    pub const NAME_CHARS: usize = 100;
    /// Characters of a figure's label.
    pub const LABEL_CHARS: usize = 60;
    /// Test letters of one tenant and UTC day.
    pub const TESTS: i64 = 50;
    /// A report that leaves later than this after it was due says so.
    pub const LATE: SignedDuration = SignedDuration::from_hours(1);
}

/// One figure of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A metric, as it is declared to be aggregated.
    Metric {
        /// Its name.
        metric: MetricName,
        /// For people; the metric's own where there is none.
        label: Option<String>,
    },
    /// The sum of one metric by the sum of another, such as revenue by orders.
    Ratio {
        /// The one above the line.
        of: MetricName,
        /// The one below the line.
        by: MetricName,
        /// For people.
        label: String,
    },
}

/// The mail address of a recipient, its domain in small letters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

/// The text is no mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address is `name@domain.tld`: at most 64 characters before the @ and 254 in all")]
pub struct NotAnAddress;

/// What becomes of a report that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The newest occurrence; those before it that were missed are skipped.
    pub occurrence: Occurrence,
    /// It leaves later than [`limit::LATE`] after it was due.
    pub late: bool,
    /// When the report is due next.
    pub next_at: Timestamp,
}

/// Where a delivery stands. Nothing is ever handed over twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its message.
    Planned,
    /// A worker prepares it; when that worker dies, another may.
    Claimed,
    /// The mail server is being spoken to. From here on it is never sent again.
    HandedOver,
    /// The mail server took it.
    Accepted,
    /// Nobody knows whether the mail server took it.
    Unknown,
    /// The mail server refuses it for good.
    Failed,
    /// The recipient wants no more of this report.
    Unsubscribed,
    /// It waited until a newer one of the same report was due, which is sent instead.
    Overtaken,
}

impl Item {
    /// The metrics it is computed from.
    #[must_use]
    pub fn metrics(&self) -> Vec<&MetricName> {
        match self {
            Self::Metric { metric, .. } => vec![metric],
            Self::Ratio { of, by, .. } => vec![of, by],
        }
    }
}

impl Address {
    /// Checks an address, and writes its domain in small letters.
    ///
    /// # Errors
    /// [`NotAnAddress`] for anything else, quoted names among it.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let (name, domain) = text.rsplit_once('@').ok_or(NotAnAddress)?;
        let in_name = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
        let name_is_sound = (1..=64).contains(&name.len())
            && name.chars().all(in_name)
            && name.split('.').all(|part| !part.is_empty());
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let labels = || domain.split('.');
        let top_is_a_word = labels()
            .next_back()
            .is_some_and(|top| top.chars().count() > 1 && !top.chars().all(|c| c.is_ascii_digit()));
        let domain_is_sound = labels().count() > 1 && labels().all(is_label) && top_is_a_word;
        if !name_is_sound || !domain_is_sound || text.len() > 254 {
            return Err(NotAnAddress);
        }
        Ok(Self(format!("{name}@{}", domain.to_lowercase())))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether letters to both end in the same box: hardly a server tells capitals apart.
    #[must_use]
    pub fn same_box(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Due {
    /// What is due at `now` by this schedule.
    #[must_use]
    pub fn at(schedule: &Schedule, zone: &Zone, now: Timestamp) -> Self {
        let occurrence = schedule.latest_at_or_before(zone, now);
        Self {
            occurrence,
            late: now.duration_since(occurrence.at) > limit::LATE,
            next_at: schedule.next_after(zone, now).at,
        }
    }
}

impl Period {
    /// The last complete period before an instant, for reports of this frequency: yesterday, the
    /// week or the month before.
    #[must_use]
    pub fn before(calendar: &Calendar, frequency: Frequency, at: Timestamp) -> Self {
        let current = Self::around(calendar, frequency, at);
        let last = current.first.saturating_sub(SignedDuration::from_hours(24));
        Self::of(calendar, last, current.grain)
    }

    /// The period an instant is in: the one after [`Period::before`].
    #[must_use]
    pub fn around(calendar: &Calendar, frequency: Frequency, at: Timestamp) -> Self {
        let grain = match frequency {
            Frequency::Daily => Grain::Day,
            Frequency::Weekly { .. } => Grain::Week,
            Frequency::Monthly { .. } => Grain::Month,
        };
        Self::of(calendar, calendar.zone.date(at), grain)
    }

    /// From its first instant to the first one after.
    #[must_use]
    pub fn range(&self, zone: &Zone) -> Range {
        let next = self.last.saturating_add(SignedDuration::from_hours(24));
        Range { from: zone.start_of_day(self.first), to: zone.start_of_day(next) }
    }

    fn of(calendar: &Calendar, date: Date, grain: Grain) -> Self {
        let (first, next) = calendar.period(date, grain);
        let is_iso_week = grain == Grain::Week && first.weekday() == jiff::civil::Weekday::Monday;
        Self {
            title: match is_iso_week {
                true => format!("Week {}", first.iso_week_date().week()),
                false => String::new(),
            },
            first,
            last: next.saturating_sub(SignedDuration::from_hours(24)),
            grain,
        }
    }
}

impl DeliveryState {
    /// In snake case, as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Claimed => "claimed",
            Self::HandedOver => "handed_over",
            Self::Accepted => "accepted",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::Unsubscribed => "unsubscribed",
            Self::Overtaken => "overtaken",
        }
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;

    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday as Day, date, time};

    use super::{Address, Due, NotAnAddress};
    use crate::calendar::{Calendar, Frequency, MonthDay, Schedule, Weekday, Zone};
    use crate::report::Period;

    #[test]
    fn addresses_are_told_from_what_looks_like_one() {
        let written = |text: &str| Address::parse(text).map(|address| address.to_string());
        assert_eq!(
            written("Ann.O'Hara+shop@Mail.Example").unwrap(),
            "Ann.O'Hara+shop@mail.example"
        );
        assert_eq!(written("ann@bücher.example").unwrap(), "ann@bücher.example");
        let long = format!("{}@shop.example", "a".repeat(65));
        for wrong in [
            "",
            "@",
            "ann",
            "ann@",
            "@shop.example",
            "ann@shop",
            "ann@@shop.example",
            "a b@c.de",
            "ann@shop..example",
            ".ann@shop.example",
            "ann.@shop.example",
            "a..b@shop.example",
            "ann@-shop.example",
            "ann@127.0.0.1",
            "ann@shop.e",
            "Ann <ann@shop.example>",
            "ann@shop.example\r\nBcc: x@y.zz",
            "änn@shop.example",
            &long,
        ] {
            assert_eq!(Address::parse(wrong), Err(NotAnAddress), "{wrong}");
        }
        let [one, other] = ["Ann@Shop.Example", "ann@shop.example"].map(Address::parse);
        assert!(one.unwrap().same_box(&other.unwrap()));
    }

    #[test]
    fn a_report_is_about_the_last_complete_period_of_its_tenants_calendar() {
        let calendar = Calendar {
            zone: Zone::parse("America/New_York").unwrap(),
            week_start: Weekday(Day::Sunday),
            ..Calendar::default()
        };
        // In New York it is still Saturday, 14 November.
        let at = "2026-11-15T03:00:00Z".parse().unwrap();
        let weekly = Frequency::Weekly { weekday: Weekday(Day::Monday) };
        let monthly = Frequency::Monthly { day: MonthDay::Last };
        for (frequency, first, last, next_last) in [
            (Frequency::Daily, date(2026, 11, 13), date(2026, 11, 13), date(2026, 11, 14)),
            (weekly, date(2026, 11, 1), date(2026, 11, 7), date(2026, 11, 14)),
            (monthly, date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 30)),
        ] {
            let period = Period::before(&calendar, frequency, at);
            assert_eq!((period.first, period.last), (first, last));
            assert_eq!(Period::around(&calendar, frequency, at).last, next_last);
            assert_eq!(period.title, "");
        }
        let period = Period::before(&Calendar::default(), weekly, at);
        assert_eq!((period.title.as_str(), period.first), ("Week 45", date(2026, 11, 2)));
    }

    #[test]
    fn of_missed_occurrences_only_the_newest_is_due() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let schedule = Schedule { frequency: Frequency::Daily, wall_time: time(8, 0, 0, 0) };
        let due = |now: &str| Due::at(&schedule, &zone, now.parse().unwrap());
        let after_an_outage = due("2026-11-21T09:00:00Z");
        assert_eq!(after_an_outage.occurrence.date, date(2026, 11, 21));
        assert!(after_an_outage.late);
        assert_eq!(after_an_outage.next_at, "2026-11-22T07:00:00Z".parse().unwrap());
        assert!(!due("2026-11-21T08:00:00Z").late, "an hour after is on time");
    }
}
