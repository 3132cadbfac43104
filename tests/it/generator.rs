//! The generated shop's year is believable, and the same for everybody.

use std::collections::{BTreeMap, BTreeSet};

use domain::calendar::Zone;
use domain::sales::{Columns, LineKind, Outcome, Refusal, SalesReader, StandardMetric};
use domain::tenant::Currency;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use local::generator::{Summary, write_year};

const SEED: u64 = 7;

#[test]
fn a_seed_makes_one_year_and_another_seed_another() {
    let (text, summary) = year(SEED);
    assert_eq!((&text, &summary), (&year(SEED).0, &year(SEED).1));
    assert_ne!(text, year(SEED + 1).0);
    assert!((25_000..40_000).contains(&summary.lines), "{} lines", summary.lines);
    assert_eq!(text.lines().count() as u64, summary.lines + 1);
}

#[test]
fn an_import_reads_what_the_summary_says() {
    let (text, summary) = year(SEED);
    let mut reader = reader();
    let mut refused = BTreeSet::new();
    each_line(&text, &mut reader, |_, outcome| {
        if let Outcome::Refused(refusal) = outcome {
            refused.insert(*refusal);
        }
    });
    let counts = reader.counts();
    assert_eq!(counts.lines, summary.lines);
    assert_eq!(counts.refused.values().sum::<u64>(), summary.broken_lines);
    assert_eq!(
        refused,
        BTreeSet::from([Refusal::BadInstant, Refusal::BadQuantity, Refusal::MissingSku])
    );
    assert_eq!(counts.zeros, summary.free_lines);
    assert_eq!((counts.orders, counts.returns), (summary.orders, summary.returns));
    assert_eq!(counts.revenue_minor, summary.revenue_minor);
    assert_eq!(counts.refunds_minor, summary.refunds_minor);
    let returned = summary.returns as f64 / summary.orders as f64;
    assert!((0.03..0.06).contains(&returned), "{returned} of the orders come back");
    let unnamed = counts.without_customer as f64 / counts.lines as f64;
    assert!((0.2..0.4).contains(&unnamed), "{unnamed} of the lines have no customer");
}

#[test]
fn the_year_has_seasons_promotions_and_days_off() {
    let (text, summary) = year(SEED);
    let revenue = revenue_by_day(&text, |_| true);
    let sum = |belongs: &dyn Fn(Date) -> bool| -> f64 {
        revenue.iter().filter(|(date, _)| belongs(**date)).map(|(_, minor)| minor).sum()
    };
    assert!(revenue.keys().all(|date| date.weekday() != Weekday::Sunday), "closed on Sundays");
    assert!(!revenue.contains_key(&date(2025, 12, 25)), "closed on a holiday");
    assert!((300..=310).contains(&revenue.len()), "{} days of trade", revenue.len());
    let weekday = |day| sum(&|date: Date| date.weekday() == day);
    assert!(weekday(Weekday::Saturday) > 1.5 * weekday(Weekday::Monday));
    let month = |month| sum(&|date: Date| date.month() == month);
    assert!(month(12) > 2.0 * month(2), "{} and {}", month(12), month(2));

    assert_eq!(summary.promotions.len(), 3);
    for (name, from, until) in &summary.promotions {
        let week = sum(&|date| (*from..*until).contains(&date));
        let before = sum(&|date| (from.saturating_sub(1.week())..*from).contains(&date));
        assert!(week > before, "{name}: {week} after {before}");
    }
}

#[test]
fn the_best_seller_is_sold_out_for_two_weeks() {
    let (text, summary) = year(SEED);
    let (sku, _) = &summary.best_seller;
    let sold = revenue_by_day(&text, |line_sku| line_sku == sku);
    let (from, until) = summary.stock_out;
    assert_eq!(from.until(until).unwrap().get_days(), 14);
    assert_eq!(sold.range(from..until).count(), 0);
    assert!(sold.range(from.saturating_sub(2.weeks())..from).count() >= 10);
    assert!(sold.range(until..until.saturating_add(2.weeks())).count() >= 10);
    let all = revenue_by_day(&text, |_| true);
    assert!(all.range(from..until).count() == 12, "the shop itself was open");
}

#[test]
fn a_year_may_begin_on_any_day() {
    let mut text = Vec::new();
    let summary = write_year(&mut text, SEED, date(2024, 2, 29)).unwrap();
    assert_eq!(summary.promotions.len(), 3);
    assert!((25_000..40_000).contains(&summary.lines), "{} lines", summary.lines);
}

fn year(seed: u64) -> (String, Summary) {
    let mut text = Vec::new();
    let summary = write_year(&mut text, seed, date(2025, 1, 1)).expect("memory takes all");
    (String::from_utf8(text).expect("it is text"), summary)
}

fn reader() -> SalesReader {
    let eur = Currency::try_from("EUR".to_owned()).expect("it is a currency");
    SalesReader::new(eur, Zone::parse("Europe/Berlin").expect("it is a zone"))
}

/// What was sold each day, in minor units, of the products that count.
fn revenue_by_day(text: &str, counts: impl Fn(&str) -> bool) -> BTreeMap<Date, f64> {
    let mut revenue = BTreeMap::new();
    each_line(text, &mut reader(), |at, outcome| {
        let Outcome::Points(LineKind::Sale, points) = outcome else { return };
        for point in points.iter() {
            let (_, tag) = point.tag.expect("every line has a country");
            if point.metric == StandardMetric::ProductRevenue && counts(tag) {
                let date = at[..10].parse().expect("a sale has a date");
                *revenue.entry(date).or_default() += point.value;
            }
        }
    });
    revenue
}

fn each_line(text: &str, reader: &mut SalesReader, mut then: impl FnMut(&str, &Outcome<'_>)) {
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let header = rows.headers().expect("the file has a header");
    let columns = Columns::default().resolve(header).expect("the header is the classic one");
    for row in rows.records() {
        let row = row.expect("every line has all columns");
        let line = columns.line(|index| row.get(index));
        then(line.at, &reader.line(&line));
    }
}
