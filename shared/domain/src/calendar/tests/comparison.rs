use super::*;

/// A comparison in Berlin, as dates and counts that read well.
struct Against {
    calendar: Calendar,
    now: Timestamp,
    by: Comparison,
}

const LATER: &str = "2030-01-01T00:00:00Z";

fn against(by: Comparison, now: &str) -> Against {
    Against { calendar: calendar("Europe/Berlin"), now: at(now), by }
}

impl Against {
    fn compared(&self, from: &str, to: &str, grain: Grain) -> Compared {
        let range = days(&self.calendar, from, to);
        let compared = self.calendar.compared(range, grain, self.by, self.now);
        assert_eq!(compared.pairs.len(), count(&self.calendar, range, grain));
        compared
    }

    #[track_caller]
    fn assert(&self, [from, to]: [&str; 2], grain: Grain, [past_from, past_to]: [&str; 2]) {
        let compared = self.compared(from, to, grain);
        assert_eq!(compared.range, days(&self.calendar, past_from, past_to), "{compared:?}");
    }

    fn pair_dates(&self, compared: &Compared) -> Vec<String> {
        let date = |bucket: &Bucket| self.calendar.zone.date(bucket.start).to_string();
        compared.pairs.iter().map(|pair| pair.as_ref().map_or("none".to_owned(), date)).collect()
    }
}

#[test]
fn whole_units_go_back_by_as_many_and_others_by_their_days() {
    let previous = against(Comparison::Previous, LATER);
    for (range, past) in [
        (["2026-03-01", "2026-04-01"], ["2026-02-01", "2026-03-01"]),
        (["2026-04-01", "2026-07-01"], ["2026-01-01", "2026-04-01"]),
        (["2025-01-01", "2026-01-01"], ["2024-01-01", "2025-01-01"]),
        (["2026-05-04", "2026-05-11"], ["2026-04-27", "2026-05-04"]),
        (["2026-03-01", "2026-03-06"], ["2026-02-24", "2026-03-01"]),
        (["2026-03-29", "2026-03-30"], ["2026-03-28", "2026-03-29"]),
    ] {
        previous.assert(range, Grain::Day, past);
    }
}

#[test]
fn a_running_month_of_five_days_meets_the_first_five_of_the_month_before() {
    let previous = against(Comparison::Previous, "2026-06-05T10:00:00Z");
    let compared = previous.compared("2026-06-01", "2026-06-06", Grain::Day);
    assert_eq!(compared.range, days(&previous.calendar, "2026-05-01", "2026-05-06"));
    assert_eq!(compared.cut, Some(at("2026-05-05T10:00:00Z")));
    assert_eq!(previous.pair_dates(&compared)[4], "2026-05-05");
    let whole = previous.compared("2026-06-01", "2026-07-01", Grain::Month);
    assert_eq!(whole.range, days(&previous.calendar, "2026-05-01", "2026-06-01"));
    assert_eq!(whole.cut, compared.cut);
}

#[test]
fn the_last_day_of_a_long_month_meets_all_of_the_short_one_before() {
    let previous = against(Comparison::Previous, "2026-03-30T10:00:00Z");
    let compared = previous.compared("2026-03-01", "2026-03-31", Grain::Day);
    assert_eq!(compared.range, days(&previous.calendar, "2026-02-01", "2026-03-01"));
    assert_eq!(compared.cut, Some(compared.range.to));
    let dates = previous.pair_dates(&compared);
    assert_eq!(dates[26..], ["2026-02-27", "2026-02-28", "none", "none"]);
}

#[test]
fn a_preset_says_what_the_previous_period_is() {
    for (preset, now, past) in [
        ("ytd", "2026-01-03T10:00:00Z", ["2025-01-01", "2025-01-04"]),
        ("mtd", "2026-01-03T10:00:00Z", ["2025-12-01", "2025-12-04"]),
        ("wtd", "2026-06-03T10:00:00Z", ["2026-05-25", "2026-05-28"]),
        ("today", "2026-06-01T10:00:00Z", ["2026-05-31", "2026-06-01"]),
        ("28d", "2026-03-01T10:00:00Z", ["2026-01-04", "2026-02-01"]),
        ("last_month", "2026-03-01T10:00:00Z", ["2026-01-01", "2026-02-01"]),
        ("fytd", "2026-04-02T10:00:00Z", ["2025-04-01", "2025-04-03"]),
    ] {
        let preset: Preset = preset.parse().unwrap();
        let against = against(preset.previous(), now);
        let range = against.calendar.resolve(preset, at(now));
        let compared = against.calendar.compared(range, Grain::Day, against.by, at(now));
        assert_eq!(compared.range, days(&against.calendar, past[0], past[1]), "{preset}");
    }
}

#[test]
fn a_year_ago_is_the_same_dates_and_february_29_is_the_28() {
    let year = against(Comparison::Year, LATER);
    year.assert(["2024-02-29", "2024-03-01"], Grain::Day, ["2023-02-28", "2023-03-01"]);
    year.assert(["2024-02-01", "2024-02-29"], Grain::Day, ["2023-02-01", "2023-03-01"]);
    year.assert(["2024-01-01", "2025-01-01"], Grain::Month, ["2023-01-01", "2024-01-01"]);
    let compared = year.compared("2024-02-28", "2024-03-02", Grain::Day);
    assert_eq!(year.pair_dates(&compared), ["2023-02-28", "2023-02-28", "2023-03-01"]);
}

#[test]
fn a_running_february_29_is_compared_over_equal_time() {
    let year = against(Comparison::Year, "2024-02-29T11:00:00Z");
    let alone = year.compared("2024-02-29", "2024-03-01", Grain::Hour);
    assert_eq!(alone.cut, Some(at("2023-02-28T11:00:00Z")));
    let to_date = year.compared("2024-01-01", "2024-03-01", Grain::Day);
    assert_eq!(to_date.cut, Some(year.calendar.zone.start_of_day(date("2023-03-01"))));
}

#[test]
fn weeks_compare_with_weeks_and_weekdays_with_weekdays() {
    let year = against(Comparison::Year, LATER);
    year.assert(["2026-05-04", "2026-05-18"], Grain::Week, ["2025-05-05", "2025-05-19"]);
    let compared = year.compared("2026-05-04", "2026-05-18", Grain::Week);
    assert_eq!(year.pair_dates(&compared), ["2025-05-05", "2025-05-12"]);
    let weekday = against(Comparison::WeekdayYear, LATER);
    weekday.assert(["2026-05-04", "2026-05-05"], Grain::Day, ["2025-05-05", "2025-05-06"]);
}

#[test]
fn wide_buckets_pair_by_their_position() {
    let previous = against(Comparison::Previous, LATER);
    let months = previous.compared("2026-04-01", "2026-07-01", Grain::Month);
    assert_eq!(previous.pair_dates(&months), ["2026-01-01", "2026-02-01", "2026-03-01"]);
    let weeks = previous.compared("2026-03-01", "2026-04-01", Grain::Week);
    let february = ["2026-01-26", "2026-02-02", "2026-02-09", "2026-02-16", "2026-02-23", "none"];
    assert_eq!(previous.pair_dates(&weeks), february);
}

#[test]
fn hours_pair_by_the_time_on_the_wall() {
    let previous = against(Comparison::Previous, LATER);
    let shown_pairs = |day, next| -> Vec<String> {
        let compared = previous.compared(day, next, Grain::Hour);
        let start = |bucket: &Bucket| shown(&previous.calendar, bucket.start);
        compared.pairs.iter().map(|it| it.as_ref().map_or("none".to_owned(), start)).collect()
    };
    let after_spring = shown_pairs("2026-03-30", "2026-03-31");
    assert_eq!(after_spring[1..4], ["03-29 01:00 +01:00", "none", "03-29 03:00 +02:00"]);
    let spring = shown_pairs("2026-03-29", "2026-03-30");
    assert_eq!(spring[1..3], ["03-28 01:00 +01:00", "03-28 03:00 +01:00"]);
    let autumn = shown_pairs("2026-10-25", "2026-10-26");
    assert_eq!(autumn[2..5], ["10-24 02:00 +02:00", "none", "10-24 03:00 +02:00"]);
    let after_autumn = shown_pairs("2026-10-26", "2026-10-27");
    assert_eq!(after_autumn[2..4], ["10-25 02:00 +02:00", "10-25 03:00 +01:00"]);
}

#[test]
fn the_half_hour_a_short_gap_left_is_still_a_counterpart() {
    let lord_howe = calendar("Australia/Lord_Howe");
    let monday = days(&lord_howe, "2026-10-05", "2026-10-06");
    let by = Comparison::Previous;
    let compared = lord_howe.compared(monday, Grain::Hour, by, at(LATER));
    let start = |hour: usize| shown(&lord_howe, compared.pairs[hour].unwrap().start);
    assert_eq!([start(1), start(2)], ["10-04 01:00 +10:30", "10-04 02:30 +11:00"]);
    let quarters = lord_howe.compared(monday, Grain::QuarterHour, by, at(LATER));
    assert_eq!(quarters.pairs[8..10], [None, None]);
    assert!(quarters.pairs[10].is_some());
}

#[test]
fn a_running_day_is_cut_at_the_same_time_on_the_wall() {
    let previous = against(Comparison::Previous, "2026-03-29T10:00:00Z");
    let today = previous.compared("2026-03-29", "2026-03-30", Grain::Hour);
    assert_eq!(today.cut, Some(at("2026-03-28T11:00:00Z")));
    let over = against(Comparison::Previous, "2026-03-29T22:00:00Z");
    assert_eq!(over.compared("2026-03-29", "2026-03-30", Grain::Hour).cut, None);
    let ahead = against(Comparison::Previous, "2026-03-01T00:00:00Z");
    let compared = ahead.compared("2026-03-29", "2026-03-30", Grain::Hour);
    assert_eq!(compared.cut, Some(compared.range.from));
}

#[test]
fn part_of_a_day_is_compared_with_the_same_hours_of_the_day_before() {
    let berlin = calendar("Europe/Berlin");
    let range = Range::new(at("2026-06-10T08:00:00Z"), at("2026-06-10T14:00:00Z")).unwrap();
    let compared = berlin.compared(range, Grain::Hour, Comparison::Previous, at(LATER));
    assert_eq!(compared.range.from, at("2026-06-09T08:00:00Z"));
    assert_eq!(compared.range.to, at("2026-06-09T14:00:00Z"));
    assert_eq!(compared.pairs.len(), 6);
}

#[test]
fn the_day_apia_skipped_is_no_counterpart() {
    let apia = calendar("Pacific/Apia");
    let range = days(&apia, "2012-12-30", "2013-01-01");
    let compared = apia.compared(range, Grain::Day, Comparison::Year, at(LATER));
    assert_eq!(compared.pairs[0], None);
    assert_eq!(compared.range, days(&apia, "2011-12-31", "2012-01-01"));
}

#[test]
fn comparisons_are_words_on_the_wire() {
    let words = [Comparison::Previous, Comparison::Year, Comparison::WeekdayYear]
        .map(|it| serde_json::to_string(&it).unwrap());
    assert_eq!(words, [r#""previous""#, r#""year""#, r#""weekday_year""#]);
    assert!(serde_json::from_str::<Comparison>(r#"{"ago":{"count":1,"unit":"day"}}"#).is_err());
}
