use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Columns, Outcome, PointsReader};
use crate::calendar::Zone;
use crate::metric::{Code, MetricName, Unit};
use crate::table::{Found, Splitter};

const HEADER: &str = "Metric,Value,At,Land";

#[test]
fn a_line_makes_a_point_once_its_metric_is_known() {
    let columns = Columns {
        tags: BTreeMap::from([("country".to_owned(), "land".to_owned())]),
        ..Columns::default()
    };
    let mut reader = reader(&columns);
    let line = table("visits,12.5,2011-07-01 08:26,DE");
    assert_eq!(reader.line(line.row()), Outcome::Unknown(MetricName::parse("visits").unwrap()));
    reader.know("visits".to_owned(), Unit::default());
    let at = "2011-07-01T07:26:00Z".parse().unwrap();
    assert_eq!(reader.line(line.row()), Outcome::Point { at, value: 12.5 });
    assert_eq!(reader.metric(line.row()), "visits");
    assert_eq!(reader.tags(line.row()).collect::<Vec<_>>(), [("country", "DE")]);
    assert_eq!(reader.tags(table("visits,1,2,").row()).count(), 0);
}

#[test]
fn money_is_in_major_units_and_epochs_are_told_by_their_size() {
    let fixed = Some(MetricName::parse("takings").unwrap());
    let mut reader = reader(&Columns { fixed_metric: fixed, ..Columns::default() });
    reader.know("takings".to_owned(), Unit::try_from("EUR".to_owned()).unwrap());
    let line = table("x,12.99,1309505160,");
    let at = "2011-07-01T07:26:00Z".parse().unwrap();
    assert_eq!(reader.line(line.row()), Outcome::Point { at, value: 1299.0 });
}

#[test]
fn what_cannot_be_read_is_refused_with_the_column_at_fault() {
    let mut reader = reader(&Columns::default());
    reader.know("visits".to_owned(), Unit::default());
    for (line, code, column) in [
        ("Visits!,1,2011-07-01 08:26,", Code::MetricName, "metric"),
        ("visits,many,2011-07-01 08:26,", Code::Value, "value"),
        ("visits,NaN,2011-07-01 08:26,", Code::Value, "value"),
        ("visits,1,yesterday,", Code::At, "at"),
        ("visits,1,12,", Code::AtAmbiguous, "at"),
        ("visits,1,2012-01-01 00:00:01,", Code::AtFuture, "at"),
    ] {
        assert_eq!(reader.line(table(line).row()), Outcome::Refused(code, column), "{line}");
    }
}

#[test]
fn columns_are_found_by_name_and_a_missing_one_is_named() {
    let columns = Columns { at: "Day".to_owned(), ..Columns::default() };
    let header = table("");
    let missing = PointsReader::new(&columns, header.row(), Zone::UTC, Timestamp::MAX).unwrap_err();
    assert_eq!((missing.column.as_str(), missing.part), ("Day", "at"));
    let bad = Columns {
        tags: BTreeMap::from([("Land".to_owned(), "Land".to_owned())]),
        ..Columns::default()
    };
    assert_eq!(bad.check(), Err((Code::TagKey, "Land".to_owned())));
}

fn reader(columns: &Columns) -> PointsReader {
    let latest = "2012-01-01T00:00:00Z".parse().unwrap();
    let zone = Zone::parse("Europe/London").unwrap();
    PointsReader::new(columns, table("").row(), zone, latest).unwrap()
}

/// A table that stands at its header, or at the line after it.
fn table(line: &str) -> Splitter {
    let mut table = Splitter::default();
    table.feed(format!("{HEADER}\n{line}").as_bytes());
    table.end();
    assert_eq!(table.advance(), Found::Row);
    if !line.is_empty() {
        assert_eq!(table.advance(), Found::Row);
    }
    table
}
