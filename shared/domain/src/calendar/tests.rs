//! Days that are not 24 hours, hours that are not 60 minutes, and weeks of both kinds. Every
//! zone of the database is swept in the integration tests.

mod comparison;
mod presets;
mod schedule;

use jiff::Timestamp;
use jiff::civil::{self, Date};

use super::*;

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

/// A calendar of a zone, with Monday weeks and fiscal years from April.
fn calendar(name: &str) -> Calendar {
    Calendar { zone: zone(name), fiscal_year_start_month: 4, ..Calendar::default() }
}

fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// From the start of one local day to the start of another.
fn days(calendar: &Calendar, first: &str, end: &str) -> Range {
    let [from, to] = [first, end].map(|day| calendar.zone.start_of_day(date(day)));
    Range::new(from, to).unwrap()
}

/// Local time with its offset, which tells the passes of a repeated hour apart.
fn shown(calendar: &Calendar, at: Timestamp) -> String {
    let zoned = at.to_zoned(calendar.zone.time_zone().clone());
    zoned.strftime("%m-%d %H:%M %:z").to_string()
}

fn starts(calendar: &Calendar, range: Range, grain: Grain) -> Vec<String> {
    let buckets = calendar.buckets(range, grain, 10_000).unwrap();
    buckets.iter().map(|bucket| shown(calendar, bucket.start)).collect()
}

fn count(calendar: &Calendar, range: Range, grain: Grain) -> usize {
    calendar.buckets(range, grain, 10_000).unwrap().len()
}

fn dates(calendar: &Calendar, range: Range, grain: Grain) -> Vec<String> {
    let buckets = calendar.buckets(range, grain, 10_000).unwrap();
    buckets.iter().map(|bucket| calendar.zone.date(bucket.start).to_string()).collect()
}

#[test]
fn a_day_of_berlin_has_23_24_or_25_hours() {
    let berlin = calendar("Europe/Berlin");
    for (day, next, hours) in [
        ("2026-03-29", "2026-03-30", 23),
        ("2026-06-01", "2026-06-02", 24),
        ("2026-10-25", "2026-10-26", 25),
    ] {
        let range = days(&berlin, day, next);
        assert_eq!(count(&berlin, range, Grain::Hour), hours, "{day}");
        assert_eq!(count(&berlin, range, Grain::QuarterHour), 4 * hours, "{day}");
        assert_eq!(count(&berlin, range, Grain::Day), 1, "{day}");
    }
}

#[test]
fn a_repeated_hour_is_two_buckets_and_a_skipped_hour_none() {
    let berlin = calendar("Europe/Berlin");
    let autumn = Range::new(at("2026-10-24T23:30:00Z"), at("2026-10-25T02:00:00Z")).unwrap();
    assert_eq!(
        starts(&berlin, autumn, Grain::Hour),
        ["10-25 01:00 +02:00", "10-25 02:00 +02:00", "10-25 02:00 +01:00"]
    );
    let spring = Range::new(at("2026-03-29T00:00:00Z"), at("2026-03-29T02:00:00Z")).unwrap();
    assert_eq!(starts(&berlin, spring, Grain::Hour), ["03-29 01:00 +01:00", "03-29 03:00 +02:00"]);
}

#[test]
fn lord_howe_cuts_the_hour_its_half_hour_change_is_in() {
    let lord_howe = calendar("Australia/Lord_Howe");
    let back = Range::new(at("2026-04-04T14:00:00Z"), at("2026-04-04T16:30:00Z")).unwrap();
    assert_eq!(
        starts(&lord_howe, back, Grain::Hour),
        ["04-05 01:00 +11:00", "04-05 01:30 +10:30", "04-05 02:00 +10:30"]
    );
    let ahead = Range::new(at("2026-10-03T14:30:00Z"), at("2026-10-03T17:00:00Z")).unwrap();
    assert_eq!(
        starts(&lord_howe, ahead, Grain::Hour),
        ["10-04 01:00 +10:30", "10-04 02:30 +11:00", "10-04 03:00 +11:00"]
    );
}

#[test]
fn the_day_apia_skipped_is_no_bucket_and_its_neighbors_touch() {
    let apia = calendar("Pacific/Apia");
    let range = days(&apia, "2011-12-29", "2012-01-01");
    assert_eq!(dates(&apia, range, Grain::Day), ["2011-12-29", "2011-12-31"]);
    let buckets = apia.buckets(range, Grain::Day, 10).unwrap();
    assert_eq!(buckets[0].end, buckets[1].start);
    assert_eq!(apia.zone.start_of_day(date("2011-12-30")), buckets[1].start);
    assert_eq!(count(&apia, range, Grain::Hour), 48);
    let fridays = Calendar { week_start: Weekday(civil::Weekday::Friday), ..apia };
    let weeks = fridays.buckets(range, Grain::Week, 10).unwrap();
    assert_eq!(weeks[1].start, buckets[1].start);
    assert_eq!(count(&fridays, weeks[1].into(), Grain::Day), 6);
}

#[test]
fn a_day_that_lost_its_midnight_begins_at_one() {
    let cairo = calendar("Africa/Cairo");
    let range = days(&cairo, "2026-04-23", "2026-04-26");
    assert_eq!(
        starts(&cairo, range, Grain::Day),
        ["04-23 00:00 +02:00", "04-24 01:00 +03:00", "04-25 00:00 +03:00"]
    );
    assert_eq!(count(&cairo, days(&cairo, "2026-04-24", "2026-04-25"), Grain::Hour), 23);
    assert_eq!(count(&cairo, days(&cairo, "2026-10-29", "2026-10-30"), Grain::Hour), 25);
}

#[test]
fn a_day_begins_where_the_gap_over_its_midnight_ends() {
    let pyongyang = calendar("Asia/Pyongyang");
    let range = days(&pyongyang, "2018-05-04", "2018-05-06");
    assert_eq!(starts(&pyongyang, range, Grain::Day), ["05-04 00:00 +08:30", "05-05 00:00 +09:00"]);
}

#[test]
fn a_day_that_has_begun_goes_on_though_the_wall_falls_back_over_midnight() {
    let st_johns = calendar("America/St_Johns");
    let range = days(&st_johns, "2010-11-06", "2010-11-08");
    let sunday = st_johns.buckets(range, Grain::Day, 10).unwrap()[1];
    assert_eq!(shown(&st_johns, sunday.start), "11-07 00:00 -02:30");
    let saturday_again = at("2010-11-07T03:00:00Z");
    assert_eq!(shown(&st_johns, saturday_again), "11-06 23:30 -03:30");
    assert_eq!(st_johns.bucket_of(saturday_again, Grain::Day), sunday);
    assert_eq!(
        starts(&st_johns, range, Grain::Hour)[23..27],
        ["11-06 23:00 -02:30", "11-07 00:00 -02:30", "11-06 23:01 -03:30", "11-07 00:00 -03:30"]
    );
}

#[test]
fn hours_begin_on_the_local_hour_of_kathmandu_and_india() {
    let instant = at("2026-06-01T10:20:00Z");
    for (name, start) in [
        ("Asia/Kathmandu", "2026-06-01T10:15:00Z"),
        ("Asia/Kolkata", "2026-06-01T09:30:00Z"),
        ("UTC", "2026-06-01T10:00:00Z"),
    ] {
        assert_eq!(calendar(name).bucket_of(instant, Grain::Hour).start, at(start), "{name}");
    }
}

#[test]
fn weeks_begin_on_the_day_of_the_tenant() {
    let monday = calendar("America/New_York");
    let sunday = Calendar { week_start: Weekday(civil::Weekday::Sunday), ..monday.clone() };
    let range = days(&monday, "2026-12-28", "2027-01-05");
    assert_eq!(dates(&monday, range, Grain::Week), ["2026-12-28", "2027-01-04"]);
    assert_eq!(dates(&sunday, range, Grain::Week), ["2026-12-27", "2027-01-03"]);
}

#[test]
fn a_year_may_touch_53_weeks_and_a_leap_year_has_its_day() {
    let berlin = calendar("Europe/Berlin");
    let year = days(&berlin, "2026-01-01", "2027-01-01");
    let weeks = dates(&berlin, year, Grain::Week);
    assert_eq!((weeks.len(), weeks[0].as_str()), (53, "2025-12-29"));
    assert_eq!(count(&berlin, days(&berlin, "2024-01-01", "2025-01-01"), Grain::Day), 366);
    assert_eq!(count(&berlin, days(&berlin, "2024-02-29", "2024-03-01"), Grain::Month), 1);
}

#[test]
fn fiscal_periods_begin_with_the_fiscal_month() {
    let tokyo = calendar("Asia/Tokyo");
    let range = days(&tokyo, "2026-01-15", "2026-11-01");
    assert_eq!(dates(&tokyo, range, Grain::FiscalYear), ["2025-04-01", "2026-04-01"]);
    let february = Calendar { fiscal_year_start_month: 2, ..tokyo.clone() };
    assert_eq!(
        dates(&february, range, Grain::FiscalQuarter),
        ["2025-11-01", "2026-02-01", "2026-05-01", "2026-08-01"]
    );
    assert_eq!(
        dates(&tokyo, range, Grain::Quarter),
        ["2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"]
    );
    assert_eq!(dates(&tokyo, range, Grain::Year), ["2026-01-01"]);
}

#[test]
fn a_range_of_too_many_buckets_is_refused() {
    let utc = Calendar::default();
    let range = days(&utc, "2026-01-01", "2026-01-03");
    assert_eq!(utc.buckets(range, Grain::Hour, 48).unwrap().len(), 48);
    let refused = utc.buckets(range, Grain::Hour, 47).unwrap_err();
    assert_eq!(refused, TooManyBuckets { grain: Grain::Hour, limit: 47 });
    assert!(Range::new(range.to, range.from).is_err());
}

#[test]
fn a_bucket_knows_how_much_of_it_is_over() {
    let utc = Calendar::default();
    let noon = at("2026-01-01T12:00:00Z");
    let day = utc.bucket_of(noon, Grain::Day);
    assert_eq!([day.elapsed(day.start), day.elapsed(noon), day.elapsed(day.end)], [0.0, 0.5, 1.0]);
    assert_eq!([day.complete(noon), day.complete(day.end)], [false, true]);
    assert_eq!(day.elapsed(at("2020-01-01T00:00:00Z")), 0.0);
}

#[test]
fn the_ends_of_time_are_no_panic() {
    for name in ["UTC", "Pacific/Apia", "America/New_York"] {
        let calendar = calendar(name);
        for grain in Grain::ALL {
            for instant in [Timestamp::MIN, Timestamp::MAX] {
                let bucket = calendar.bucket_of(instant, grain);
                let held = bucket.start <= instant && instant <= bucket.end;
                assert!(held, "{name} {grain} {instant} {bucket:?}");
                let range = calendar.resolve(Preset::Last12Months, instant);
                assert!(range.from <= range.to);
            }
        }
        let range = Range::new(Timestamp::MIN, Timestamp::MAX).unwrap();
        assert!(calendar.buckets(range, Grain::Year, 30_000).unwrap().len() > 19_990);
        let compared = calendar.compared(range, Grain::Year, Comparison::Year, Timestamp::MAX);
        assert!(compared.range.from <= compared.range.to);
    }
}

#[test]
fn the_index_agrees_with_the_calendar_in_any_order() {
    for name in ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"] {
        let calendar = calendar(name);
        let mut index = HourIndex::new(calendar.zone.clone());
        let mut second = at("2009-01-01T00:00:00Z").as_second();
        for step in 0..20_000 {
            second += if step % 7 == 0 { -86_400 * 3 } else { 47_111 };
            let instant = Timestamp::new(second, 999_999_999).unwrap();
            let expected =
                [Grain::Hour, Grain::Day].map(|it| calendar.bucket_of(instant, it).start);
            assert_eq!(<[_; 2]>::from(index.hour_and_day(instant)), expected, "{name} {instant}");
        }
        let before_1970 = "1969-12-31T23:59:59.5Z".parse().unwrap();
        let hour = index.hour_and_day(before_1970).0;
        assert_eq!(hour, calendar.bucket_of(before_1970, Grain::Hour).start);
        assert!(hour <= before_1970);
    }
}

#[test]
fn hours_serve_zones_whole_hours_apart_all_along() {
    let year = Range::new(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).unwrap();
    let summer = Range::new(at("2026-04-10T00:00:00Z"), at("2026-09-10T00:00:00Z")).unwrap();
    let apart = |ours, theirs, range| zone(ours).whole_hours_apart(&zone(theirs), range);
    assert!(apart("Europe/Berlin", "America/New_York", year));
    assert!(apart("Australia/Lord_Howe", "Australia/LHI", year));
    assert!(apart("Asia/Kolkata", "Asia/Colombo", year));
    assert!(!apart("Europe/Berlin", "Asia/Kolkata", year));
    assert!(!apart("Asia/Kathmandu", "Asia/Kolkata", year));
    assert!(!apart("Australia/Lord_Howe", "Australia/Adelaide", year));
    assert!(apart("Australia/Lord_Howe", "Australia/Darwin", summer));
    let off_the_hour = Range::new(at("2010-11-01T00:00:00Z"), at("2010-12-01T00:00:00Z")).unwrap();
    assert!(!apart("America/St_Johns", "Australia/Darwin", off_the_hour));
}

#[test]
fn words_are_read_as_they_are_written() {
    for grain in Grain::ALL {
        assert_eq!(grain.to_string().parse(), Ok(grain));
    }
    assert_eq!(serde_json::to_string(&Grain::QuarterHour).unwrap(), r#""15min""#);
    assert!("fortnight".parse::<Grain>().is_err());
    assert_eq!("mon".parse(), Ok(Weekday(civil::Weekday::Monday)));
    assert!("mo".parse::<Weekday>().is_err());
    assert_eq!(zone("europe/berlin").name(), "Europe/Berlin");
    assert_eq!(Zone::parse("Mars/Olympus"), Err(UnknownZone("Mars/Olympus".to_owned())));

    let stored = r#"{"zone":"Asia/Tokyo","week_start":"sunday","fiscal_year_start_month":4}"#;
    let read: Calendar = serde_json::from_str(stored).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
    for bad in [stored.replace(":4", ":13"), stored.replace("Asia/Tokyo", "Etc/Unknown")] {
        assert!(serde_json::from_str::<Calendar>(&bad).is_err(), "{bad}");
    }
}
