use jiff::Timestamp;

use super::*;
use crate::calendar::{Calendar, Comparison, Grain, Range, Zone};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn frame(zone_name: &str, from: &str, to: &str, grain: Option<Grain>) -> Frame {
    Frame {
        calendar: Calendar { zone: zone(zone_name), ..Calendar::default() },
        range: Range { from: at(from), to: at(to) },
        grain,
        only_complete: false,
        comparison: None,
        now: at("2026-11-21T11:30:00Z"),
    }
}

fn kept(zone_name: &str, hours: bool) -> Kept {
    Kept { zone: zone(zone_name), hours }
}

fn sources(scan: &Scan) -> Vec<(Source, String, String)> {
    let text = |at: Timestamp| at.to_string();
    scan.runs.iter().map(|run| (run.source, text(run.range.from), text(run.range.to))).collect()
}

fn scan(frame: &Frame, kept: &Kept) -> Scan {
    Scan::of(&frame.windows(usize::MAX).unwrap().main, kept, false)
}

#[test]
fn months_of_the_tenants_zone_are_read_from_its_days_alone() {
    let months =
        frame("Europe/Berlin", "2026-02-28T23:00:00Z", "2026-10-31T23:00:00Z", Some(Grain::Month));
    let scan = scan(&months, &kept("Europe/Berlin", true));
    assert_eq!(scan.single_run().unwrap(), Run { source: Source::Day, range: months.range });
    assert_eq!(scan.starts.len(), 8);
}

#[test]
fn days_of_a_zone_whole_hours_away_are_read_from_hours() {
    let days = frame("UTC", "2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z", Some(Grain::Day));
    let hours = scan(&days, &kept("Europe/Berlin", true));
    assert_eq!(hours.single_run().unwrap(), Run { source: Source::Hour, range: days.range });
    let points = scan(&days, &kept("Europe/Berlin", false));
    assert!(points.runs.iter().all(|run| run.source == Source::Point));
}

#[test]
fn cut_ends_are_read_from_what_is_finer() {
    let cut = frame("UTC", "2026-11-01T22:40:00Z", "2026-11-04T01:10:00Z", None);
    let text = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let expected = [
        (Source::Point, text("2026-11-01T22:40:00Z", "2026-11-01T23:00:00Z")),
        (Source::Hour, text("2026-11-01T23:00:00Z", "2026-11-02T00:00:00Z")),
        (Source::Day, text("2026-11-02T00:00:00Z", "2026-11-04T00:00:00Z")),
        (Source::Hour, text("2026-11-04T00:00:00Z", "2026-11-04T01:00:00Z")),
        (Source::Point, text("2026-11-04T01:00:00Z", "2026-11-04T01:10:00Z")),
    ]
    .map(|(source, (from, to))| (source, from, to));
    assert_eq!(sources(&scan(&cut, &kept("UTC", true))), expected);
}

#[test]
fn runs_cover_every_window_exactly_once_and_keep_to_the_edges_of_their_rollup() {
    let zones = ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Pacific/Apia"];
    for asked in zones {
        for grain in Grain::ALL.into_iter().map(Some).chain([None]) {
            let frame = frame(asked, "2026-03-25T10:40:01Z", "2026-04-09T13:05:00Z", grain);
            for tenant in zones {
                let kept = kept(tenant, true);
                let scan = scan(&frame, &kept);
                let mut next = frame.range.from;
                for run in &scan.runs {
                    assert_eq!(run.range.from, next, "{asked} {tenant} {grain:?}");
                    next = run.range.to;
                    let calendar = Calendar { zone: kept.zone.clone(), ..Calendar::default() };
                    let grain = match run.source {
                        Source::Day => Grain::Day,
                        Source::Hour => Grain::Hour,
                        Source::Point => continue,
                    };
                    for edge in [run.range.from, run.range.to] {
                        assert_eq!(calendar.bucket_of(edge, grain).start, edge);
                    }
                }
                assert_eq!(next, frame.range.to, "{asked} {tenant} {grain:?}");
            }
        }
    }
}

#[test]
fn values_are_carried_in_from_the_day_of_the_first_instant_and_before() {
    let days = frame("UTC", "2026-11-02T10:00:00Z", "2026-11-04T00:00:00Z", Some(Grain::Day));
    let scan = Scan::of(&days.windows(9).unwrap().main, &kept("UTC", true), true);
    assert_eq!(scan.before, Some(at("2026-11-02T00:00:00Z")));
    assert_eq!(scan.runs[0].range.from, at("2026-11-02T00:00:00Z"));
    assert_eq!(scan.single_run(), None);
}

#[test]
fn a_longer_month_is_compared_with_all_of_a_shorter_one() {
    let mut march = frame("UTC", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", Some(Grain::Day));
    march.comparison = Some(Comparison::Previous);
    let windows = march.windows(31).unwrap();
    let past = windows.past.unwrap();
    assert_eq!(past.window.slots.len(), 28);
    assert_eq!(past.pairs[27], Some(27));
    assert_eq!(past.pairs[28..], [None, None, None]);
    let mut february =
        frame("UTC", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", Some(Grain::Day));
    february.comparison = Some(Comparison::Previous);
    let past = february.windows(28).unwrap().past.unwrap();
    assert_eq!(past.pairs.len(), 28);
    assert_eq!(past.window.slots.len(), 31, "the whole of January is its total");
}

#[test]
fn a_running_range_cuts_what_it_is_compared_with() {
    let mut today = frame("UTC", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", None);
    today.comparison = Some(Comparison::Previous);
    let past = today.windows(1).unwrap().past.unwrap();
    assert_eq!(past.cut, Some(at("2026-11-20T11:30:00Z")));
    assert_eq!(past.window.range().unwrap().to, at("2026-11-20T11:30:00Z"));
    assert_eq!(past.range.to, at("2026-11-21T00:00:00Z"));
    assert_eq!(past.pairs, [Some(0)]);
}

#[test]
fn only_complete_leaves_out_the_cut_and_the_running_bucket() {
    let mut days = frame("UTC", "2026-11-18T06:00:00Z", "2026-11-23T00:00:00Z", Some(Grain::Day));
    days.only_complete = true;
    days.comparison = Some(Comparison::WeekdayYear);
    let windows = days.windows(5).unwrap();
    assert_eq!(windows.main.range().unwrap().from, at("2026-11-19T00:00:00Z"));
    assert_eq!(windows.main.range().unwrap().to, at("2026-11-21T00:00:00Z"));
    let past = windows.past.unwrap();
    assert_eq!(past.window.range().unwrap().from, at("2025-11-20T00:00:00Z"));
    assert_eq!(past.window.range().unwrap().to, at("2025-11-22T00:00:00Z"));
    assert_eq!(past.pairs, [Some(0), Some(1)]);
}

#[test]
fn a_gap_shows_what_fits_the_aggregation() {
    use Aggregation as A;
    use GapRule as G;
    assert_eq!(gap(G::Zero, A::Sum, None), Ok(G::Zero));
    assert_eq!(gap(G::Zero, A::Avg, None), Ok(G::Null));
    assert_eq!(gap(G::Carry, A::Count, None), Ok(G::Zero));
    assert_eq!(gap(G::Carry, A::Last, None), Ok(G::Carry));
    assert_eq!(gap(G::Null, A::Max, Some(G::Zero)), Ok(G::Zero));
    assert_eq!(gap(G::Null, A::Sum, Some(G::Carry)), Err(NothingToCarry));
}

#[test]
fn of_two_newest_points_the_order_of_reading_does_not_matter() {
    let cell = |newest: [f64; 3]| Cell { n: 1, newest: Some(newest), ..Cell::default() };
    let (one, other) = (cell([5.0, 1.0, 10.0]), cell([5.0, 2.0, 3.0]));
    for pair in [[one, other], [other, one]] {
        let mut whole = Cell::default();
        pair.iter().for_each(|cell| whole.merge(cell));
        assert_eq!(whole.last(), Some(3.0));
        assert_eq!(whole.n, 2);
    }
}

#[test]
fn money_is_exact_below_two_to_the_53() {
    let mut whole = Cell::default();
    for _ in 0..3 {
        whole.merge(&Cell { n: 1, sum: 3_000_000_000_000_001.0, ..Cell::default() });
    }
    assert_eq!(whole.figure(Aggregation::Sum, 1.0), Some(9_000_000_000_000_003.0));
}
