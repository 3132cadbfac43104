use jiff::Timestamp;

use super::{Action, Lines, Mapping, Progress, Reader, Status, Unreadable};
use crate::calendar::{Calendar, Zone};
use crate::id::{TenantId, TenantNumber};
use crate::metric::Unit;
use crate::tenant::{Currency, Tenant};

const SALES: &str = "\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,Mug,2,2010-12-31 23:30,2.50,17,France
1,B,\"Jug, large\",1,2010-12-31 23:30,4.00,17,France
C2,A,Mug,-1,2011-01-02 09:00,2.50,,France
3,A,Mug,many,2011-01-02 09:00,2.50,17,France
4,A,\"Mug,1,2011-01-02 09:00,2.50,17,France
5,A,Mug,1,2099-01-02 09:00,2.50,17,France
6,A,,1,2011-01-02 09:00,0,17,
";

#[test]
fn sales_become_points_with_refused_lines_by_number_and_months() {
    let (reader, lines) = read("sales", "{}", SALES, 1000);
    assert_eq!((lines.count, lines.points.len()), (7, 11));
    let refused: Vec<(u64, &str)> =
        lines.refused.iter().map(|line| (line.line, line.code.as_str())).collect();
    assert_eq!(refused, [(5, "bad_quantity"), (6, "malformed"), (7, "future")]);
    let tally = reader.tally();
    assert_eq!((tally.lines, tally.points, tally.refused()), (7, 11, 3));
    let sales = tally.sales.as_ref().unwrap();
    assert_eq!((sales.sales, sales.cancellations, sales.zeros), (2, 1, 1));
    let months: Vec<(&str, f64, f64)> = tally
        .months
        .iter()
        .map(|month| {
            let sum = |name| month.sums.get(name).copied().unwrap_or_default();
            (month.month.as_str(), sum("revenue"), sum("refunds"))
        })
        .collect();
    assert_eq!(months, [("2010-12", 900.0, 0.0), ("2011-01", 0.0, 250.0)]);
    assert_eq!(serde_json::to_value(&tally).unwrap()["sales"]["refused"], serde_json::json!({}));
}

#[test]
fn reading_in_other_portions_gives_the_same_points_and_series() {
    let (whole_reader, whole) = read("sales", "{}", SALES, 1000);
    for portion in 1..5 {
        let (reader, lines) = read("sales", "{}", SALES, portion);
        assert_eq!(lines.points, whole.points, "portions of {portion}");
        assert_eq!(lines.refused, whole.refused);
        assert_eq!(reader.series(), whole_reader.series());
        assert_eq!(reader.tally(), whole_reader.tally());
    }
}

#[test]
fn measurements_become_points_and_ask_for_each_metric_once() {
    let text = "metric,value,at,land,shop\n\
                visits,3,2011-01-02 09:00,DE,1\nvisits,4,2011-01-02 09:00,,1\n\
                visits,x,2011-01-02 09:00,DE,1\nBad,1,2011-01-02 09:00,DE,1\n\
                stock,5,2011-01-02 09:00,DE,\n";
    let mapping = r#"{"tags": {"country": "land", "shop": "shop"}}"#;
    let (reader, lines) = read("points", mapping, text, 1000);
    let series: Vec<String> = reader
        .series()
        .iter()
        .map(|series| format!("{} {}", series.metric, serde_json::to_string(&series.tags).unwrap()))
        .collect();
    assert_eq!(
        series,
        [
            r#"visits {"country":"DE","shop":"1"}"#,
            r#"visits {"shop":"1"}"#,
            r#"stock {"country":"DE"}"#
        ]
    );
    let points: Vec<(u32, f64)> =
        lines.points.iter().map(|point| (point.series, point.value)).collect();
    assert_eq!(points, [(0, 3.0), (1, 4.0), (2, 5.0)]);
    let refused: Vec<(u64, &str)> =
        lines.refused.iter().map(|line| (line.line, line.code.as_str())).collect();
    assert_eq!(refused, [(4, "value"), (5, "metric_name")]);
}

#[test]
fn a_file_without_its_columns_cannot_be_read() {
    let mut reader = reader("sales", "{}");
    reader.feed(b"Invoice,Price\n1,2\n");
    let fault = reader.read(&mut Lines::default(), 10).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the file has no column `InvoiceNo`, which the mapping names as the invoice; \
         its columns are `Invoice`, `Price`"
    );
    let mut empty = self::reader("sales", "{}");
    empty.end();
    assert_eq!(empty.read(&mut Lines::default(), 10), Err(Unreadable::Empty));
}

#[test]
fn a_mapping_names_what_it_does_not_know() {
    let parse = |kind, json: &str| Mapping::parse(kind, serde_json::from_str(json).unwrap());
    assert!(parse("stock", "{}").is_none());
    let fault = parse("sales", r#"{"price": "Price"}"#).unwrap().unwrap_err();
    assert!(fault.to_string().contains("`price`"), "{fault}");
    let fault = parse("points", r#"{"tags": {"Land": "Land"}}"#).unwrap().unwrap_err();
    assert!(fault.to_string().contains("`Land`"), "{fault}");
}

#[test]
fn an_import_is_begun_only_where_it_makes_sense() {
    use Action::{Check, Run, Undo};
    for status in Status::ALL {
        assert_eq!(Status::parse(status.as_str()), Some(status));
        let can = |action, written| status.begin(action, written).is_ok();
        let busy = matches!(status, Status::Checking | Status::Running | Status::Undoing);
        let done = status == Status::Done;
        assert_eq!(can(Run, false), !busy && !done, "{status:?}");
        assert_eq!(can(Check, false), !busy && !done, "{status:?}");
        assert_eq!(can(Undo, true), done || status == Status::Failed, "{status:?}");
    }
    assert!(Status::Failed.begin(Run, true).is_err());
    assert!(Status::Failed.begin(Undo, false).is_err());
}

fn reader(kind: &str, mapping: &str) -> Reader {
    let mapping = serde_json::from_str(mapping).unwrap();
    let mapping = Mapping::parse(kind, mapping).unwrap().unwrap();
    let latest: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let tenant = Tenant {
        id: TenantId(uuid::Uuid::nil()),
        number: TenantNumber(1),
        name: "Shop".to_owned(),
        currency: Currency::try_from("GBP".to_owned()).unwrap(),
        calendar: Calendar { zone: Zone::parse("Europe/London").unwrap(), ..Calendar::default() },
    };
    Reader::new(mapping, &tenant, latest)
}

/// Reads a text in pieces of seven bytes, and in portions of lines.
fn read(kind: &str, mapping: &str, text: &str, portion: u64) -> (Reader, Lines) {
    let mut reader = reader(kind, mapping);
    let (mut all, mut lines) = (Lines::default(), Lines::default());
    let mut pieces = text.as_bytes().chunks(7);
    loop {
        let progress = reader.read(&mut lines, portion).unwrap();
        match progress {
            Progress::Hungry => match pieces.next() {
                Some(piece) => reader.feed(piece),
                None => reader.end(),
            },
            Progress::Unknown(metric) => reader.know(&metric, Unit::default()),
            Progress::Enough | Progress::End => {
                all.count += lines.count;
                all.points.append(&mut lines.points);
                all.refused.append(&mut lines.refused);
                lines.clear();
                if progress == Progress::End {
                    return (reader, all);
                }
            }
        }
    }
}
