use jiff::SignedDuration;
use jiff::civil::time;

use super::*;

fn schedule(frequency: Frequency, hour: i8, minute: i8) -> Schedule {
    Schedule { frequency, wall_time: time(hour, minute, 0, 0) }
}

fn next(schedule: Schedule, name: &str, after: &str) -> (String, String) {
    let occurrence = schedule.next_after(&zone(name), at(after));
    (occurrence.date.to_string(), occurrence.at.to_string())
}

#[track_caller]
fn assert_next(schedule: Schedule, (name, after): (&str, &str), date: &str, instant: &str) {
    assert_eq!(next(schedule, name, after), (date.to_owned(), instant.to_owned()));
}

#[test]
fn a_daily_report_keeps_its_time_on_the_wall() {
    let daily = schedule(Frequency::Daily, 8, 0);
    let berlin = |after| ("Europe/Berlin", after);
    assert_next(daily, berlin("2026-03-28T06:59:59Z"), "2026-03-28", "2026-03-28T07:00:00Z");
    assert_next(daily, berlin("2026-03-28T07:00:00Z"), "2026-03-29", "2026-03-29T06:00:00Z");
}

#[test]
fn a_skipped_time_is_the_first_instant_after_the_gap() {
    let daily = schedule(Frequency::Daily, 2, 30);
    let spring = ("Europe/Berlin", "2026-03-28T12:00:00Z");
    assert_next(daily, spring, "2026-03-29", "2026-03-29T01:00:00Z");
    let midnight = schedule(Frequency::Daily, 0, 0);
    let cairo = ("Africa/Cairo", "2026-04-23T12:00:00Z");
    assert_next(midnight, cairo, "2026-04-24", "2026-04-23T22:00:00Z");
}

#[test]
fn a_repeated_time_is_due_once_the_first_time() {
    let daily = schedule(Frequency::Daily, 2, 30);
    let berlin = |after| ("Europe/Berlin", after);
    assert_next(daily, berlin("2026-10-24T12:00:00Z"), "2026-10-25", "2026-10-25T00:30:00Z");
    assert_next(daily, berlin("2026-10-25T00:30:00Z"), "2026-10-26", "2026-10-26T01:30:00Z");
}

#[test]
fn weeks_and_months_recur_on_their_day() {
    let monday = Frequency::Weekly { weekday: Weekday(civil::Weekday::Monday) };
    let tokyo = |after| ("Asia/Tokyo", after);
    let weekly = schedule(monday, 7, 30);
    assert_next(weekly, tokyo("2026-11-21T00:00:00Z"), "2026-11-23", "2026-11-22T22:30:00Z");
    assert_next(weekly, tokyo("2026-11-22T22:30:00Z"), "2026-11-30", "2026-11-29T22:30:00Z");
    let monthly = |day| schedule(Frequency::Monthly { day }, 9, 0);
    let day = |number| monthly(MonthDay::new(number).unwrap());
    assert_next(day(1), tokyo("2026-01-02T00:00:00Z"), "2026-02-01", "2026-02-01T00:00:00Z");
    assert_next(day(31), tokyo("2026-01-31T00:00:00Z"), "2026-02-28", "2026-02-28T00:00:00Z");
    assert_next(day(29), tokyo("2028-01-31T00:00:00Z"), "2028-02-29", "2028-02-29T00:00:00Z");
    let last = monthly(MonthDay::Last);
    assert_next(last, tokyo("2026-04-01T00:00:00Z"), "2026-04-30", "2026-04-30T00:00:00Z");
    assert!(MonthDay::new(0).is_err() && MonthDay::new(32).is_err());
}

#[test]
fn the_latest_occurrence_is_the_one_the_next_follows() {
    let monday = Frequency::Weekly { weekday: Weekday(civil::Weekday::Monday) };
    let last = Frequency::Monthly { day: MonthDay::Last };
    for frequency in [Frequency::Daily, monday, last] {
        for name in ["Europe/Berlin", "Africa/Cairo", "Pacific/Apia", "America/St_Johns"] {
            let schedule = schedule(frequency, 0, 0);
            let zone = zone(name);
            let mut occurrence = schedule.next_after(&zone, at("2010-01-01T00:00:00Z"));
            for _ in 0..400 {
                let next = schedule.next_after(&zone, occurrence.at);
                let moment = next.at - SignedDuration::from_nanos(1);
                assert!(occurrence.at < next.at);
                assert_eq!(schedule.latest_at_or_before(&zone, next.at), next);
                assert_eq!(schedule.latest_at_or_before(&zone, moment).at, occurrence.at);
                occurrence = next;
            }
        }
    }
}

#[test]
fn the_ends_of_time_have_their_occurrence() {
    let daily = schedule(Frequency::Daily, 8, 0);
    assert_eq!(daily.next_after(&zone("UTC"), Timestamp::MAX).at, Timestamp::MAX);
    assert_eq!(daily.latest_at_or_before(&zone("UTC"), Timestamp::MIN).at, Timestamp::MIN);
}

#[test]
fn schedules_are_stored_as_readable_json() {
    for stored in [
        r#"{"frequency":"daily","wall_time":"08:00:00"}"#,
        r#"{"frequency":"weekly","weekday":"monday","wall_time":"07:30:00"}"#,
        r#"{"frequency":"monthly","day":15,"wall_time":"09:00:00"}"#,
        r#"{"frequency":"monthly","day":"last","wall_time":"09:00:00"}"#,
    ] {
        let schedule: Schedule = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_string(&schedule).unwrap(), stored);
    }
    let bad = r#"{"frequency":"monthly","day":32,"wall_time":"09:00:00"}"#;
    assert!(serde_json::from_str::<Schedule>(bad).is_err());
}
