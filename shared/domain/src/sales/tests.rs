use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Columns, Counts, LineKind, Outcome, Refusal, SaleLine, SalesReader, StandardMetric};
use crate::calendar::Zone;
use crate::metric::{Aggregation, Finest, MetricName, Tags};
use crate::tenant::Currency;

const CLASSIC: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

#[test]
fn a_sale_makes_money_units_and_one_order_an_invoice() {
    let mut reader = reader("GBP", "Europe/London");
    let first = points(&mut reader, &mug());
    assert_eq!(
        first,
        [
            "revenue country=France 1530",
            "units country=France 6",
            "product_revenue sku=85123A 1530",
            "product_units sku=85123A 6",
            "orders country=France 1",
        ]
    );
    let second = points(&mut reader, &SaleLine { sku: "71053", ..mug() });
    assert!(!second.iter().any(|point| point.starts_with("orders")), "{second:?}");
    points(&mut reader, &SaleLine { invoice: "536366", ..mug() });
    assert!(points(&mut reader, &mug()).len() == 4, "its order was counted before");
    assert_eq!((reader.counts().orders, reader.counts().sales), (2, 4));
}

#[test]
fn a_cancellation_refunds_a_positive_amount_and_is_one_return_an_invoice() {
    let mut reader = reader("GBP", "Europe/London");
    let cancelled = SaleLine { invoice: "C536379", quantity: "-1", ..mug() };
    assert_eq!(
        points(&mut reader, &cancelled),
        ["refunds country=France 255", "returns country=France 1"]
    );
    assert_eq!(points(&mut reader, &cancelled), ["refunds country=France 255"]);
    let with_a_positive_quantity = SaleLine { quantity: "2", ..cancelled };
    assert_eq!(points(&mut reader, &with_a_positive_quantity), ["refunds country=France 510"]);
    let on_an_ordinary_invoice = SaleLine { quantity: "-3", ..mug() };
    assert_eq!(
        points(&mut reader, &on_an_ordinary_invoice),
        ["refunds country=France 765", "returns country=France 1"]
    );
    points(&mut reader, &SaleLine { invoice: "CA-2014-152156", ..mug() });
    let counts = reader.counts();
    assert_eq!((counts.cancellations, counts.returns, counts.sales), (4, 2, 1));
}

#[test]
fn an_adjustment_keeps_revenue_less_refunds_equal_to_quantity_by_price() {
    let mut reader = reader("GBP", "Europe/London");
    let debt = SaleLine { invoice: "A563186", quantity: "1", unit_price: "-11062.06", ..mug() };
    assert_eq!(points(&mut reader, &debt), ["refunds country=France 1106206"]);
    let undone = SaleLine { quantity: "-1", ..debt };
    assert_eq!(points(&mut reader, &undone), ["revenue country=France 1106206"]);
    let counts = reader.counts();
    assert_eq!((counts.adjustments, counts.orders, counts.returns), (2, 0, 0));
    assert_eq!((counts.revenue_minor, counts.refunds_minor), (1_106_206, 1_106_206));
}

#[test]
fn what_costs_nothing_is_counted_but_neither_sold_nor_taken_back() {
    let mut reader = reader("GBP", "Europe/London");
    for (quantity, price) in [("5", "0"), ("-5", "0.000"), ("0", "2.55"), ("-0", "-0")] {
        let line = SaleLine { quantity, unit_price: price, ..mug() };
        assert!(points(&mut reader, &line).is_empty(), "{quantity} by {price}");
    }
    assert_eq!(reader.counts().zeros, 4);
}

#[test]
fn amounts_are_rounded_half_up_by_the_line_to_the_currencys_minor_unit() {
    let cases = [
        ("GBP", "1", "0.001", 0.0),
        ("GBP", "5", "0.001", 1.0),
        ("GBP", "3", "0.335", 101.0),
        ("GBP", "1", "1.005", 101.0),
        ("GBP", "1", "1.004999", 100.0),
        ("GBP", "0.5", "0.03", 2.0),
        ("GBP", "0.333333", "3.000003", 100.0),
        ("GBP", "80995", "2.08", 16_846_960.0),
        ("JPY", "1", "149.5", 150.0),
        ("KWD", "3", "0.0015", 5.0),
        ("GBP", "+2", ".5", 100.0),
        ("GBP", "2", "5.", 1000.0),
    ];
    for (currency, quantity, unit_price, minor) in cases {
        let line = SaleLine { quantity, unit_price, ..mug() };
        let mut reader = reader(currency, "UTC");
        let Outcome::Points(LineKind::Sale, points) = reader.line(&line) else {
            panic!("{quantity} by {unit_price} is a sale");
        };
        assert_eq!(points[0].value, minor, "{quantity} by {unit_price} {currency}");
    }
}

#[test]
fn times_without_an_offset_are_the_zones_and_others_their_own() {
    let cases = [
        ("2011-07-01 08:26", "2011-07-01T07:26:00Z"),
        ("2011-12-01T08:26:07", "2011-12-01T08:26:07Z"),
        ("2011-12-01 08:26:07.25", "2011-12-01T08:26:07.25Z"),
        ("2011-07-01T08:26:00+02:00", "2011-07-01T06:26:00Z"),
        ("2011-07-01T08:26:00.5Z", "2011-07-01T08:26:00.5Z"),
        ("  2011-07-01 08:26  ", "2011-07-01T07:26:00Z"),
        // Skipped: the clock jumped from 01:00 to 02:00. Repeated: the earlier.
        ("2011-03-27 01:30", "2011-03-27T01:00:00Z"),
        ("2011-10-30 01:30", "2011-10-30T00:30:00Z"),
    ];
    let mut reader = reader("GBP", "Europe/London");
    for (text, instant) in cases {
        let line = SaleLine { at: text, ..mug() };
        let Outcome::Points(_, points) = reader.line(&line) else { panic!("`{text}`") };
        assert_eq!(points[0].at, instant.parse::<Timestamp>().unwrap(), "`{text}`");
    }
}

#[test]
fn what_has_no_single_reading_is_refused_with_its_code_and_makes_no_points() {
    let long = "x".repeat(201);
    let mut cases = vec![
        (SaleLine { invoice: " ", ..mug() }, Refusal::MissingInvoice),
        (SaleLine { sku: "", ..mug() }, Refusal::MissingSku),
        (SaleLine { sku: &long, ..mug() }, Refusal::BadText),
        (SaleLine { country: "a\nb", ..mug() }, Refusal::BadText),
        (
            SaleLine { quantity: "999999999999", unit_price: "999999999", ..mug() },
            Refusal::BadAmount,
        ),
    ];
    let numbers =
        ["", "-", ".", "1,5", "1e3", "NaN", "1.2.3", "£5", "1 000", "1234567890123", "0.1234567"];
    for number in numbers {
        cases.push((SaleLine { quantity: number, ..mug() }, Refusal::BadQuantity));
        cases.push((SaleLine { unit_price: number, ..mug() }, Refusal::BadPrice));
    }
    let times = [
        "",
        "01/12/2010 08:26",
        "2010-13-01 08:26",
        "2010-02-30 08:26",
        "2010-12-01",
        "2010-12-01 8:26",
        "2010-12-01 08:26 PM",
        "2010-12-01 08:26:60",
        "2010-12-01 08:26:00.",
        "2010-12-01 08:26:00.1234567890",
        "2010-12-01 08:26:é",
        "2010-12-01T08:26:00[Europe/London]",
        "1969-12-31 23:59",
        "2100-01-01 00:00",
        "1291191960",
    ];
    cases.extend(times.map(|at| (SaleLine { at, ..mug() }, Refusal::BadInstant)));
    let mut reader = reader("GBP", "Europe/London");
    for (line, refusal) in &cases {
        assert_eq!(reader.line(line), Outcome::Refused(*refusal), "{line:?}");
    }
    let counts = reader.counts();
    assert_eq!(counts.refused.values().sum::<u64>(), cases.len() as u64);
    assert_eq!((counts.lines, counts.orders), (cases.len() as u64, 0));
}

#[test]
fn lines_without_customer_description_or_country_are_sales_still() {
    let mut reader = reader("GBP", "Europe/London");
    let line = SaleLine { customer: "", description: " ", country: " ", ..mug() };
    assert_eq!(points(&mut reader, &line)[0], "revenue 1530");
    let counts = reader.counts();
    assert_eq!((counts.sales, counts.without_customer, counts.without_description), (1, 1, 1));
}

#[test]
fn reading_again_gives_the_same_points_for_each_line() {
    let lines = [
        mug(),
        SaleLine { sku: "71053", ..mug() },
        SaleLine { invoice: "C1", quantity: "-1", ..mug() },
        mug(),
        SaleLine { at: "never", ..mug() },
    ];
    let read = || {
        let mut reader = reader("GBP", "Europe/London");
        lines.map(|line| reader.line(&line))
    };
    assert_eq!(read(), read());
}

#[test]
fn the_standard_metrics_are_ones_that_may_be_declared() {
    let gbp = currency("GBP");
    for metric in StandardMetric::ALL.into_iter().filter(|metric| metric.is_of_sales()) {
        assert!(MetricName::parse(metric.name()).is_ok());
        let declaration = metric.declaration(gbp);
        assert!(declaration.kind.allows(declaration.aggregation));
        assert_eq!(declaration.aggregation, Aggregation::Sum);
        assert_eq!(declaration.unit.currency().is_some(), metric.is_money());
        let by_product = metric.name().starts_with("product_");
        assert_eq!(declaration.finest == Finest::Day, by_product, "{metric:?}");
    }
    assert!(Tags::one("country", "France").check().is_ok());
}

#[test]
fn columns_are_found_by_their_names_and_the_optional_may_be_missing() {
    let indexes = Columns::default().resolve(CLASSIC).unwrap();
    let row = ["536365", "85123A", "Mug", "6", "2010-12-01 08:26", "2.55", "17850", "France"];
    assert_eq!(indexes.line(|index| row.get(index).copied()), mug());
    assert_eq!(indexes.line(|index| row[..7].get(index).copied()).country, "");

    let shouted = ["\u{feff}INVOICENO ", "quantity", "unitprice", "invoicedate", "stockcode"];
    let indexes = Columns::default().resolve(shouted).unwrap();
    let line = indexes.line(|index| ["1", "2", "3", "4", "5"].get(index).copied());
    assert_eq!((line.invoice, line.sku, line.country), ("1", "5", ""));

    let mapping: Columns = serde_json::from_str(r#"{"at": "Sold", "country": "Land"}"#).unwrap();
    let missing = mapping.resolve(CLASSIC).unwrap_err();
    assert_eq!((missing.column.as_str(), missing.part), ("Sold", "at"));
    let with_time = CLASSIC.map(|name| if name == "InvoiceDate" { "Sold" } else { name });
    assert_eq!(mapping.resolve(with_time).unwrap_err().column, "Land");
}

#[test]
fn counts_survive_being_stored() {
    let counts =
        Counts { lines: 3, refused: BTreeMap::from([(Refusal::BadPrice, 2)]), ..Counts::default() };
    let json = serde_json::to_string(&counts).unwrap();
    assert!(json.contains(r#""refused":{"bad_price":2}"#), "{json}");
    assert_eq!(serde_json::from_str::<Counts>(&json).unwrap(), counts);
}

fn mug() -> SaleLine<'static> {
    SaleLine {
        invoice: "536365",
        sku: "85123A",
        description: "Mug",
        quantity: "6",
        at: "2010-12-01 08:26",
        unit_price: "2.55",
        customer: "17850",
        country: "France",
    }
}

fn reader(currency_code: &str, zone: &str) -> SalesReader {
    SalesReader::new(currency(currency_code), Zone::parse(zone).unwrap())
}

fn currency(code: &str) -> Currency {
    Currency::try_from(code.to_owned()).unwrap()
}

fn points(reader: &mut SalesReader, line: &SaleLine<'_>) -> Vec<String> {
    let Outcome::Points(_, points) = reader.line(line) else { panic!("refused: {line:?}") };
    let written = points.iter().map(|point| {
        let tag = point.tag.map(|(key, value)| format!(" {key}={value}")).unwrap_or_default();
        format!("{}{tag} {}", point.metric.name(), point.value)
    });
    written.collect()
}
