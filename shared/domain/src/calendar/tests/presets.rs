use super::*;

/// Saturday noon, in the second quarter and the second fiscal month.
const NOW: &str = "2026-05-16T10:00:00Z";

fn resolved(preset: &str) -> [String; 2] {
    let berlin = calendar("Europe/Berlin");
    let range = berlin.resolve(preset.parse().unwrap(), at(NOW));
    [range.from, range.to].map(|edge| {
        let date = berlin.zone.date(edge);
        assert_eq!(berlin.zone.start_of_day(date), edge, "{preset} has an edge within a day");
        date.to_string()
    })
}

#[test]
fn complete_periods_end_where_the_running_one_begins() {
    for (preset, from, to) in [
        ("yesterday", "2026-05-15", "2026-05-16"),
        ("7d", "2026-05-09", "2026-05-16"),
        ("28d", "2026-04-18", "2026-05-16"),
        ("30d", "2026-04-16", "2026-05-16"),
        ("90d", "2026-02-15", "2026-05-16"),
        ("14d", "2026-05-02", "2026-05-16"),
        ("last_week", "2026-05-04", "2026-05-11"),
        ("8w", "2026-03-16", "2026-05-11"),
        ("last_month", "2026-04-01", "2026-05-01"),
        ("12m", "2025-05-01", "2026-05-01"),
        ("last_quarter", "2026-01-01", "2026-04-01"),
        ("4q", "2025-04-01", "2026-04-01"),
        ("last_year", "2025-01-01", "2026-01-01"),
        ("2y", "2024-01-01", "2026-01-01"),
    ] {
        assert_eq!(resolved(preset), [from, to], "{preset}");
    }
}

#[test]
fn to_date_presets_run_to_the_start_of_tomorrow() {
    for (preset, from) in [
        ("today", "2026-05-16"),
        ("wtd", "2026-05-11"),
        ("mtd", "2026-05-01"),
        ("qtd", "2026-04-01"),
        ("ytd", "2026-01-01"),
        ("fytd", "2026-04-01"),
    ] {
        assert_eq!(resolved(preset), [from, "2026-05-17"], "{preset}");
    }
}

#[test]
fn yesterday_is_the_day_before_the_skipped_one() {
    let apia = calendar("Pacific/Apia");
    let new_years_eve = apia.zone.start_of_day(date("2011-12-31"));
    let range = apia.resolve(Preset::Yesterday, new_years_eve);
    assert_eq!(range, days(&apia, "2011-12-29", "2011-12-31"));
    assert_eq!(count(&apia, range, Grain::Hour), 24);
}

#[test]
fn presets_are_read_as_they_are_written() {
    for preset in ["today", "7d", "12m", "last_year", "14d", "8w", "3m", "4q", "2y", "1000d"] {
        assert_eq!(preset.parse::<Preset>().unwrap().to_string(), preset);
    }
    for bad in ["", "d", "0d", "1001d", "-7d", "+7d", "7", "7h", "7 d", "99999999999d", "Today"] {
        assert!(bad.parse::<Preset>().is_err(), "{bad}");
    }
    assert_eq!("7d".parse(), Ok(Preset::Last7Days));
    let json = serde_json::to_string(&Preset::MonthToDate).unwrap();
    assert_eq!(serde_json::from_str::<Preset>(&json).unwrap(), Preset::MonthToDate);
}
