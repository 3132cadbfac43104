use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::row::Cells;
use crate::catalog::{Price, Product, Variant};
use crate::money::Money;
use crate::tenant::Currency;

/// Whether a column is of the product or of its variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Product,
    Variant,
}

const OF_VARIANTS: [&str; 8] = [
    "variant_id",
    "sku",
    "barcode",
    "variant_title",
    "option_values",
    "weight_grams",
    "is_stocked",
    "prices",
];

pub(super) fn level(column: &str) -> Level {
    if OF_VARIANTS.contains(&column) { Level::Variant } else { Level::Product }
}

/// A spreadsheet would run a text that begins like a formula: an apostrophe keeps it from that,
/// and one that was there is doubled.
pub(super) fn guarded(cell: &str) -> String {
    if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell.to_owned() }
}

pub(super) fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA)).unwrap_or(cell)
}

const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

pub(super) fn of_product(product: &Product, column: &str) -> String {
    match column {
        "title" => product.title.clone(),
        "description" => product.description.clone(),
        "type" => product.product_type.clone().unwrap_or_default(),
        "state" => word(&product.state),
        "categories" => listed(&product.categories),
        "tax_category" => product.tax_category.clone(),
        "attributes" if product.attributes.is_empty() => String::new(),
        "attributes" => json(&product.attributes),
        "media" if product.media.is_empty() => String::new(),
        "media" => json(&product.media),
        "options" => listed(&product.options),
        _ => String::new(),
    }
}

pub(super) fn of_variant(variant: &Variant, column: &str) -> String {
    match column {
        "barcode" => variant.barcode.clone().unwrap_or_default(),
        "variant_title" => variant.title.clone(),
        "option_values" => listed(&variant.options),
        "weight_grams" => variant.weight_grams.to_string(),
        "is_stocked" => variant.is_stocked.to_string(),
        "prices" => variant.prices.iter().map(price).collect::<Vec<_>>().join(" | "),
        _ => String::new(),
    }
}

/// Puts a cell where it belongs. One that says what is there changes nothing, however it is
/// written there.
pub(super) fn put_product(product: &mut Product, column: &str, row: &Cells) -> Result<(), String> {
    let cell = row.get(column);
    if level(column) == Level::Variant || cell == of_product(product, column) {
        return Ok(());
    }
    match column {
        "slug" => cell.trim().clone_into(&mut product.slug),
        "title" => cell.clone_into(&mut product.title),
        "description" => cell.clone_into(&mut product.description),
        "type" => product.product_type = some(cell.trim()),
        "state" if cell.trim().is_empty() => {}
        "state" => product.state = read(&json(&cell.trim().to_lowercase()), STATES)?,
        "categories" => product.categories = split(cell),
        "tax_category" if cell.trim().is_empty() => {}
        "tax_category" => cell.trim().clone_into(&mut product.tax_category),
        "attributes" => product.attributes = read(or(cell, "{}"), "write them as a JSON object")?,
        "media" => product.media = read(or(cell, "[]"), MEDIA)?,
        "options" => product.options = split(cell),
        _ => {}
    }
    Ok(())
}

const STATES: &str = "a state is `draft`, `published` or `archived`";
const MEDIA: &str = "write them as a JSON list such as [{\"url\":\"https://…\",\"alt\":\"\"}]";

/// The same for a cell of a variant.
pub(super) fn put_variant(variant: &mut Variant, column: &str, row: &Cells) -> Result<(), String> {
    let cell = row.get(column);
    if level(column) == Level::Product || cell == of_variant(variant, column) {
        return Ok(());
    }
    match column {
        "sku" => cell.trim().clone_into(&mut variant.sku),
        "barcode" => variant.barcode = some(cell.trim()),
        "variant_title" => cell.clone_into(&mut variant.title),
        "option_values" => variant.options = split(cell),
        "weight_grams" if cell.trim().is_empty() => {}
        "weight_grams" => {
            let grams = cell.trim().parse();
            variant.weight_grams = grams.map_err(|_no_number| "it is whole grams, such as 250")?;
        }
        "is_stocked" => match cell.trim().to_lowercase().as_str() {
            "" => {}
            "true" | "yes" | "1" => variant.is_stocked = true,
            "false" | "no" | "0" => variant.is_stocked = false,
            _ => return Err("it is `true` or `false`".to_owned()),
        },
        "prices" => {
            let each = cell.split('|').map(str::trim).filter(|price| !price.is_empty());
            variant.prices = each.map(read_price).collect::<Result<_, _>>()?;
            // As they are read back.
            variant.prices.sort_by(|one, other| {
                let key = |price: &Price| (price.money.currency.code().to_owned(), price.starts_at);
                key(one).cmp(&key(other))
            });
        }
        _ => {}
    }
    Ok(())
}

/// `49.90 EUR`, or with its time `39.90 EUR 2026-11-27T00:00:00Z/2026-11-30T00:00:00Z`.
fn price(price: &Price) -> String {
    let Price { money, starts_at, ends_at } = price;
    let at = |at: &Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    match (starts_at, ends_at) {
        (None, None) => money.to_string(),
        _ => format!("{money} {}/{}", at(starts_at), at(ends_at)),
    }
}

fn read_price(text: &str) -> Result<Price, String> {
    let fault = || {
        format!(
            "`{text}` is no price; write `49.90 EUR`, or with its time \
             `39.90 EUR 2026-11-27T00:00:00Z/2026-11-30T00:00:00Z`, and `|` between two"
        )
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let (amount, code, time) = match words[..] {
        [amount, code] => (amount, code, "/"),
        [amount, code, time] => (amount, code, time),
        _ => return Err(fault()),
    };
    let currency = Currency::try_from(code.to_owned()).map_err(|error| error.to_string())?;
    let money = Money::parse(amount, currency).map_err(|error| error.to_string())?;
    let at = |at: &str| match at {
        "" => Ok(None),
        at => at.parse().map(Some).map_err(|_no_instant| fault()),
    };
    let (start, end) = time.split_once('/').ok_or_else(fault)?;
    Ok(Price { money, starts_at: at(start)?, ends_at: at(end)? })
}

/// Between two stands `|`; one within a word, or a backslash, has a backslash before it.
fn listed(words: &[String]) -> String {
    let escaped = |word: &String| word.replace('\\', "\\\\").replace('|', "\\|");
    words.iter().map(escaped).collect::<Vec<_>>().join("|")
}

fn split(cell: &str) -> Vec<String> {
    if cell.is_empty() {
        return vec![];
    }
    let mut words = vec![String::new()];
    let mut letters = cell.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '|' => {
                words.push(String::new());
                continue;
            }
            '\\' => letters.next().unwrap_or('\\'),
            letter => letter,
        };
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    words.iter().map(|word| word.trim().to_owned()).collect()
}

fn some(cell: &str) -> Option<String> {
    (!cell.is_empty()).then(|| cell.to_owned())
}

fn or<'a>(cell: &'a str, empty: &'static str) -> &'a str {
    if cell.trim().is_empty() { empty } else { cell }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn word(value: &impl serde::Serialize) -> String {
    json(value).trim_matches('"').to_owned()
}

fn read<T: DeserializeOwned>(text: &str, remedy: &str) -> Result<T, String> {
    // No text in Postgres holds a zero.
    if text.contains("\\u0000") {
        return Err("it holds the character U+0000; leave that out".to_owned());
    }
    serde_json::from_str(text).map_err(|error| format!("{remedy} ({error})"))
}
