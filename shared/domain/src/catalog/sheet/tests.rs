use serde_json::json;
use uuid::Uuid;

use super::{Block, Fault, NotASheet, Outcome, Sheet, heading, lines};
use crate::catalog::{Medium, Price, Product, State, Variant};
use crate::id::{ProductId, VariantId};
use crate::money::Money;
use crate::tenant::Currency;

fn price(amount_minor: i64, starts_at: Option<&str>, ends_at: Option<&str>) -> Price {
    let currency = Currency::try_from("EUR".to_owned()).unwrap();
    let at = |at: Option<&str>| at.map(|at| at.parse().unwrap());
    Price {
        money: Money { amount_minor, currency },
        starts_at: at(starts_at),
        ends_at: at(ends_at),
    }
}

fn variant(number: u128, sku: &str, size: &str) -> Variant {
    Variant {
        id: VariantId(Uuid::from_u128(number)),
        sku: sku.to_owned(),
        barcode: Some("4006381333931".to_owned()),
        title: String::new(),
        options: vec![size.to_owned()],
        weight_grams: 250,
        is_stocked: number.is_multiple_of(2),
        prices: vec![
            price(4990, None, None),
            price(3990, Some("2026-11-27T00:00:00Z"), Some("2026-11-30T00:00:00Z")),
        ],
    }
}

/// With everything that a comma, a quote, a line break or a formula could break.
fn shirt() -> Product {
    Product {
        id: ProductId(Uuid::from_u128(1)),
        slug: "linen-shirt".to_owned(),
        title: "=Linen, \"the\" shirt".to_owned(),
        description: "'One\ntwo;\tthree ".to_owned(),
        product_type: Some("shirts".to_owned()),
        attributes: json!({ "a|b": [0.1, "\"x\""] }).as_object().unwrap().clone(),
        options: vec!["size | width".to_owned()],
        categories: vec!["a\\b".to_owned(), " c|d".to_owned()],
        tax_category: "standard".to_owned(),
        media: vec![Medium { url: "https://x.example/1.jpg".to_owned(), alt: String::new() }],
        state: State::Published,
        version: 3,
        variants: vec![variant(11, "LS-S", "S"), variant(12, "-LS-M", "M | L")],
    }
}

fn fresh() -> impl FnMut() -> Uuid {
    let mut last = 100;
    move || {
        last += 1;
        Uuid::from_u128(last)
    }
}

fn one(text: &str, known: &[Product]) -> Result<Outcome, Vec<Fault>> {
    let sheet = Sheet::read(text.as_bytes()).unwrap();
    assert_eq!((sheet.blocks.len(), &sheet.faults), (1, &vec![]));
    sheet.blocks[0].of(known, &mut fresh())
}

fn written(text: &str, known: &[Product]) -> Product {
    match one(text, known) {
        Ok(Outcome::Written(product)) => *product,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_written_reads_back_as_it_was() {
    let text = heading() + &lines(&shirt());
    assert_eq!(one(&text, &[shirt()]), Ok(Outcome::Unchanged));
    for separated in [text.clone(), format!("\u{feff}{text}")] {
        let mut new = written(&separated, &[]);
        new.version = 3;
        let mut trimmed = shirt();
        trimmed.categories[1] = "c|d".to_owned();
        assert_eq!(new, trimmed);
    }
}

#[test]
fn a_column_that_is_left_out_stays_and_a_variant_without_a_row_too() {
    let text = "slug;sku;prices;is_stocked\nlinen-shirt;LS-S;19.00 EUR;TRUE\n";
    let product = written(text, &[shirt()]);
    let mut expected = shirt();
    expected.variants[0].prices = vec![price(1900, None, None)];
    expected.variants[0].is_stocked = true;
    assert_eq!(product, expected);
}

#[test]
fn a_new_variant_stands_behind_the_others() {
    let text = "slug,sku,option_values\nlinen-shirt,LS-XL,XL\n";
    let product = written(text, &[shirt()]);
    let last = &product.variants[2];
    assert_eq!((last.id, last.sku.as_str()), (VariantId(Uuid::from_u128(101)), "LS-XL"));
    assert!(last.is_stocked && last.prices.is_empty());
}

#[test]
fn every_fault_is_told_at_its_line_and_column() {
    let head = "product_id,slug,sku,title,state,attributes,weight_grams,is_stocked,prices\n";
    for (rows, line, field, words) in [
        ("x,cap,C,Cap,,,,,\n", 2, "product_id", "no UUID"),
        (",cap,C,,,,,,\n", 2, "title", "1 to 200"),
        (",cap,C,Cap,sold,,,,\n", 2, "state", "`draft`"),
        (",cap,C,Cap,,[],,,\n", 2, "attributes", "JSON object"),
        (",cap,C,Cap,,\"{\"\"a\"\":\"\"\\u0000\"\"}\",,,\n", 2, "attributes", "U+0000"),
        (",cap,C,Cap,,,light,,\n", 2, "weight_grams", "whole grams"),
        (",cap,C,Cap,,,-1,,\n", 2, "weight_grams", "0 or more"),
        (",cap,C,Cap,,,,maybe,\n", 2, "is_stocked", "`true`"),
        (",cap,C,Cap,,,,,49.90\n", 2, "prices", "`49.90 EUR`"),
        (",cap,C,Cap,,,,,49.999 EUR\n", 2, "prices", "at most 2 decimals"),
        (",cap,C,Cap,,,,,1 EUR 2026-11-27T00:00:00Z\n", 2, "prices", "with its time"),
        (",cap,C,Cap,,,,,\n,cap,D,Hat,,,,,\n", 3, "title", "line 2 says it"),
        (",cap,C,Cap,,,,,\n,cap,D,,,,,,-1 EUR\n", 3, "prices", "digits"),
        (",cap,C,Cap,,,,,\n,cap,D,,,,,,\n", 3, "option_values", "same values"),
        (",The Cap,C,Cap,,,,,\n", 2, "slug", "a-z"),
        (",cap,LS-S,Cap,,,,,\n", 2, "sku", "another product"),
        (
            "00000000-0000-0000-0000-000000000002,linen-shirt,C,Cap,,,,,\n",
            2,
            "slug",
            "another product",
        ),
    ] {
        let faults = one(&format!("{head}{rows}"), &[shirt()]).unwrap_err();
        let Fault { line: at, field: column, fault } = &faults[0];
        assert_eq!((*at, column.as_str()), (line, field), "{rows}: {faults:?}");
        assert!(fault.contains(words), "{rows}: {fault}");
    }
}

#[test]
fn rows_that_cannot_be_read_spoil_the_products_beside_them() {
    let text = "slug,sku,title\na,A,A\nb,B,B\nb,B2\nc,C,C\nd,D,D\ne,D,E\n,F,F\ng,,G\n";
    let sheet = Sheet::read(text.as_bytes()).unwrap();
    let left: Vec<&str> = sheet.blocks.iter().map(|block| block.names().1).collect();
    assert_eq!((left, sheet.rows, sheet.spoiled), (vec!["a"], 8, 6));
    let told: Vec<(u64, &str)> =
        sheet.faults.iter().map(|fault| (fault.line, fault.field.as_str())).collect();
    assert_eq!(told, [(4, ""), (7, "sku"), (8, "slug"), (9, "sku")]);
}

#[test]
fn what_is_no_sheet_is_refused() {
    let read = |text: &str| Sheet::read(text.as_bytes()).map(|sheet| sheet.rows);
    assert_eq!(read("slug,sku\n"), Ok(0));
    for empty in ["", "\n", "slug\n", "sku,title\n"] {
        assert_eq!(read(empty), Err(NotASheet::NoHeader), "{empty}");
    }
    assert_eq!(read("slug,sku,sku\n"), Err(NotASheet::Column("sku".to_owned())));
    assert_eq!(read("slug,sku,color\n"), Err(NotASheet::Column("color".to_owned())));
    let many = format!("slug,sku\n{}", "a,b\n".repeat(1_001));
    assert_eq!(read(&many), Err(NotASheet::TooManyRows));
    assert_eq!(Block::default().of(&[], &mut fresh()), Ok(Outcome::Unchanged));
}
