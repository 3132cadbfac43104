//! The real shop's year, line by line, against the figures in the data's README.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use domain::calendar::Zone;
use domain::sales::{Columns, Counts, LineKind, Outcome, SalesReader, StandardMetric};
use domain::tenant::Currency;
use flate2::read::GzDecoder;

/// Month, and revenue less refunds in pence.
pub(crate) const MONTHS: [(&str, i64); 13] = [
    ("2010-12", 74_895_702),
    ("2011-01", 56_000_026),
    ("2011-02", 49_806_265),
    ("2011-03", 68_326_708),
    ("2011-04", 49_320_712),
    ("2011-05", 72_333_351),
    ("2011-06", 69_112_312),
    ("2011-07", 68_130_011),
    ("2011-08", 68_268_051),
    ("2011-09", 101_968_762),
    ("2011-10", 107_070_467),
    ("2011-11", 146_175_625),
    ("2011-12", 43_366_801),
];

#[test]
fn the_real_shops_year_adds_up_to_the_penny() {
    let mut reader = reader();
    let mut net_minor = BTreeMap::<String, i64>::new();
    let mut sales_minor = 0;
    let mut sums = BTreeMap::<StandardMetric, f64>::new();
    each_line(&mut reader, |month, outcome| {
        let Outcome::Points(kind, figures) = outcome else { panic!("refused: {outcome:?}") };
        for point in figures.iter() {
            *sums.entry(point.metric).or_default() += point.value;
            let net = net_minor.entry(month.to_owned()).or_default();
            match point.metric {
                StandardMetric::Revenue => *net += point.value as i64,
                StandardMetric::Refunds => *net -= point.value as i64,
                _ => {}
            }
            if *kind == LineKind::Sale && point.metric == StandardMetric::Revenue {
                sales_minor += point.value as i64;
            }
        }
    });

    let expected = MONTHS.map(|(month, minor)| (month.to_owned(), minor));
    assert_eq!(net_minor, BTreeMap::from(expected));
    assert_eq!(net_minor.values().sum::<i64>(), 974_774_793);
    assert_eq!(sales_minor, 1_066_668_454);
    assert_eq!(sums[&StandardMetric::ProductRevenue], 1_066_668_454.0);
    assert_eq!(sums[&StandardMetric::ProductUnits], sums[&StandardMetric::Units]);
    let counts = reader.counts();
    assert_eq!(counts.revenue_minor - counts.refunds_minor, 974_774_793);
    assert_eq!(sums[&StandardMetric::Orders], counts.orders as f64);
    assert_eq!(sums[&StandardMetric::Returns], counts.returns as f64);
    assert_eq!(*counts, expected_counts());
}

/// The README's: 541,909 lines, 530,104 of them with quantity and price above zero, 9,288 on
/// cancellations, 2 of the 2,517 without a positive price with a negative one.
fn expected_counts() -> Counts {
    Counts {
        lines: 541_909,
        sales: 530_104,
        cancellations: 9_288,
        adjustments: 2,
        zeros: 2_515,
        without_customer: 135_080,
        without_description: 1_454,
        refused: BTreeMap::new(),
        orders: 19_960,
        returns: 3_836,
        revenue_minor: 1_066_668_454,
        refunds_minor: 91_893_661,
    }
}

fn reader() -> SalesReader {
    let gbp = Currency::try_from("GBP".to_owned()).expect("it is a currency");
    SalesReader::new(gbp, Zone::parse("Europe/London").expect("it is a zone"))
}

fn each_line(reader: &mut SalesReader, mut then: impl FnMut(&str, &Outcome<'_>)) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data/online-retail/online-retail.csv.gz");
    let file = File::open(&path)
        .unwrap_or_else(|error| panic!("this test needs {}: {error}", path.display()));
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(GzDecoder::new(file));
    let header = rows.headers().expect("the file has a header");
    let columns = Columns::default().resolve(header).expect("the header is the classic one");
    let mut row = csv::StringRecord::new();
    while rows.read_record(&mut row).expect("the file is whole") {
        let line = columns.line(|index| row.get(index));
        then(&line.at[..7], &reader.line(&line));
    }
}
