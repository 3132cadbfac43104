use std::collections::BTreeMap;
use std::fmt::Write as _;

use uuid::Uuid;

use self::cells::{Level, guarded, unguarded};
use self::reading::{Reading, header};
use self::row::Cells;
use super::{Product, Unsound};
use crate::table::{Found, Splitter};

/// What stands in each column, and how it is read back.
mod cells;
/// Whose rows are whose.
mod reading;
/// One row.
mod row;

#[cfg(test)]
mod tests;

/// The columns of a sheet of products. There is one row for each variant; what is of the product
/// stands in the first of its rows, and is empty in the others.
pub const COLUMNS: [&str; 19] = [
    "product_id",
    "slug",
    "title",
    "description",
    "type",
    "state",
    "categories",
    "tax_category",
    "attributes",
    "media",
    "options",
    "variant_id",
    "sku",
    "barcode",
    "variant_title",
    "option_values",
    "weight_grams",
    "is_stocked",
    "prices",
];

/// Rows of a sheet that is read.
pub const ROWS: usize = 1_000;
/// A description, attributes and pictures at their limits, quoted twice.
const ROW_BYTES: usize = 1 << 20;

/// A sheet that was read.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// Its rows by product, in their order.
    pub blocks: Vec<Block>,
    /// Rows that are not written whatever there is.
    pub faults: Vec<Fault>,
    /// How many there are, also those that cannot be read.
    pub rows: usize,
    /// Products of which a row cannot be read.
    pub spoiled: usize,
}

/// The rows of one product.
#[derive(Clone, Debug, Default)]
pub struct Block {
    rows: Vec<Cells>,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its line in the text, from 1.
    pub line: u64,
    /// The column at fault; empty when it is the row.
    pub field: String,
    /// What is wrong, and what would be right.
    pub fault: String,
}

/// Why a sheet is not read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASheet {
    /// A column that nobody knows, or that stands twice.
    #[error(
        "there is no column `{0}`, or it stands twice; there may be {list}",
        list = COLUMNS.join(", ")
    )]
    Column(String),
    /// Rows that cannot be told apart.
    #[error("the first line names columns, `slug` and `sku` among them")]
    NoHeader,
    /// More rows than are read at once.
    #[error("a sheet has at most {ROWS} rows; send it in parts, the rows of a product together")]
    TooManyRows,
}

/// What becomes of a product by its rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is what it was.
    Unchanged,
    /// It is written like this.
    Written(Box<Product>),
}

/// The first line of a sheet.
#[must_use]
pub fn heading() -> String {
    COLUMNS.join(",") + "\r\n"
}

/// The lines of a product.
#[must_use]
pub fn lines(product: &Product) -> String {
    let mut text = String::new();
    for (index, variant) in product.variants.iter().enumerate() {
        for (place, column) in COLUMNS.into_iter().enumerate() {
            let cell = match column {
                "product_id" => product.id.to_string(),
                "slug" => product.slug.clone(),
                "variant_id" => variant.id.to_string(),
                "sku" => variant.sku.clone(),
                _ => match cells::level(column) {
                    Level::Product if index > 0 => String::new(),
                    Level::Product => cells::of_product(product, column),
                    Level::Variant => cells::of_variant(variant, column),
                },
            };
            let comma = if place > 0 { "," } else { "" };
            // Writing to a text does not fail.
            let _written = write!(text, "{comma}{}", quoted(&guarded(&cell)));
        }
        text.push_str("\r\n");
    }
    text
}

fn quoted(cell: &str) -> String {
    let plain = |byte: u8| !matches!(byte, b',' | b'"' | b'\n' | b'\r' | b';' | b'\t');
    let is_plain = cell.bytes().all(plain) && cell.trim() == cell;
    if is_plain { cell.to_owned() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
}

impl Sheet {
    /// Reads a text: the columns in any order, those that are left out stay as they are.
    ///
    /// # Errors
    /// [`NotASheet`] when there is nothing to be made of it.
    pub fn read(text: &[u8]) -> Result<Self, NotASheet> {
        let mut splitter = Splitter::of_rows(ROW_BYTES);
        splitter.feed(text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text));
        splitter.end();
        let header = match splitter.advance() {
            Found::Row => header(splitter.row().iter())?,
            _ => return Err(NotASheet::NoHeader),
        };
        let mut reading = Reading::default();
        loop {
            let found = splitter.advance();
            if found == Found::End {
                return Ok(reading.done());
            }
            reading.sheet.rows += 1;
            if reading.sheet.rows > ROWS {
                return Err(NotASheet::TooManyRows);
            }
            match found {
                Found::Malformed(fault) => reading.malformed(splitter.line(), &fault.to_string()),
                _ => {
                    let cells = header.iter().copied().zip(splitter.row().iter());
                    let unguarded = |(column, cell)| (column, unguarded(cell).to_owned());
                    let by_column = cells.map(unguarded).collect();
                    reading.row(Cells { line: splitter.line(), by_column });
                }
            }
        }
    }
}

impl Block {
    /// The line of its first row.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.rows.first().map_or(0, |row| row.line)
    }

    /// What may name the product or its variants: ids of both, the slug, the SKUs.
    #[must_use]
    pub fn names(&self) -> (Vec<Uuid>, &str, Vec<&str>) {
        let ids = self.rows.iter().flat_map(|row| [row.get("product_id"), row.get("variant_id")]);
        let ids = ids.filter_map(|id| id.trim().parse().ok()).collect();
        let skus = self.rows.iter().map(|row| row.get("sku").trim()).collect();
        (ids, self.rows.first().map_or("", |row| row.get("slug").trim()), skus)
    }

    /// The product that its rows make of the one that is known, with a new id where there is
    /// none. Variants without a row stay.
    ///
    /// # Errors
    /// Every fault of its rows; then none of them counts.
    pub fn of(
        &self,
        known: &[Product],
        new_id: &mut impl FnMut() -> Uuid,
    ) -> Result<Outcome, Vec<Fault>> {
        let Some(first) = self.rows.first() else { return Ok(Outcome::Unchanged) };
        let before = self.known(first, known)?;
        let mut product = match before {
            Some(before) => before.clone(),
            None => first.new_product(new_id)?,
        };
        let mut faults = first.tell(|column| cells::put_product(&mut product, column, first));
        for row in &self.rows[1..] {
            faults.extend(row.tell(|column| row.repeats(first, column)));
        }
        let mut lines = BTreeMap::new();
        for row in &self.rows {
            match row.variant(&product, known, new_id) {
                Ok(variant) => {
                    let index = row.index(&mut product, variant);
                    if lines.insert(index, row.line).is_some() {
                        faults.push(row.fault("variant_id", "an earlier line is of this variant"));
                    }
                    let variant = &mut product.variants[index];
                    faults.extend(row.tell(|column| cells::put_variant(variant, column, row)));
                }
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        product.check().map_err(|unsound| vec![self.place(&unsound, &lines)])?;
        if before == Some(&product) {
            return Ok(Outcome::Unchanged);
        }
        Ok(Outcome::Written(Box::new(product)))
    }

    /// A fault of the product, at the line and the column that it comes from.
    #[must_use]
    pub fn place(&self, unsound: &Unsound, lines: &BTreeMap<usize, u64>) -> Fault {
        let (fault, first) = (unsound.fault.clone(), self.line());
        let inside = unsound.field.strip_prefix("variants[").and_then(|rest| rest.split_once(']'));
        let Some((index, rest)) = inside else {
            return Fault { line: first, field: unsound.field.clone(), fault };
        };
        let line = index.parse().ok().and_then(|index: usize| lines.get(&index));
        let name = rest.trim_start_matches('.').split(['.', '[']).next().unwrap_or_default();
        let field = match name {
            "id" => "variant_id",
            "title" => "variant_title",
            "options" => "option_values",
            other => other,
        };
        Fault { line: line.copied().unwrap_or(first), field: field.to_owned(), fault }
    }

    fn known<'a>(
        &self,
        first: &Cells,
        known: &'a [Product],
    ) -> Result<Option<&'a Product>, Vec<Fault>> {
        let slug = first.get("slug").trim();
        let by_slug = known.iter().find(|product| product.slug == slug);
        let Some(id) = first.id("product_id").map_err(|fault| vec![fault])? else {
            return Ok(by_slug);
        };
        if by_slug.is_some_and(|product| product.id.0 != id) {
            return Err(vec![first.fault("slug", "another product has this slug; choose one")]);
        }
        Ok(known.iter().find(|product| product.id.0 == id))
    }
}
