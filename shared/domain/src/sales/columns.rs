use serde::{Deserialize, Serialize};

use super::SaleLine;

/// Which header names play which part. Case, and spaces around a name, do not matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Columns {
    /// The invoice.
    pub invoice: String,
    /// The SKU.
    pub sku: String,
    /// The quantity.
    pub quantity: String,
    /// The time of the sale.
    pub at: String,
    /// The price of one.
    pub unit_price: String,
    /// The description: by default `Description`, where the file has it.
    pub description: Option<String>,
    /// The customer: by default `CustomerID`, where the file has it.
    pub customer: Option<String>,
    /// The country: by default `Country`, where the file has it.
    pub country: Option<String>,
}

/// Where the parts of a line are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnIndexes {
    invoice: usize,
    sku: usize,
    quantity: usize,
    at: usize,
    unit_price: usize,
    description: Option<usize>,
    customer: Option<usize>,
    country: Option<usize>,
}

/// The file lacks a column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file has no column `{column}`, which the mapping names as the {part}")]
pub struct MissingColumn {
    /// The header that was looked for.
    pub column: String,
    /// The part it was to play, as in [`Columns`].
    pub part: &'static str,
}

impl Columns {
    /// Finds the columns in a header.
    ///
    /// # Errors
    /// The first column that is named, or needed, and missing.
    pub fn resolve<'h>(
        &self,
        header: impl IntoIterator<Item = &'h str>,
    ) -> Result<ColumnIndexes, MissingColumn> {
        // Spreadsheets put a byte order mark before the first name.
        let clean = |name: &'h str| name.trim_start_matches('\u{feff}').trim();
        let header: Vec<&str> = header.into_iter().map(clean).collect();
        let find =
            |column: &str| header.iter().position(|name| name.eq_ignore_ascii_case(column.trim()));
        let needed = |part, column: &str| {
            find(column).ok_or_else(|| MissingColumn { column: column.to_owned(), part })
        };
        let optional = |part, column: &Option<String>, classic| match column {
            Some(column) => needed(part, column).map(Some),
            None => Ok(find(classic)),
        };
        Ok(ColumnIndexes {
            invoice: needed("invoice", &self.invoice)?,
            sku: needed("sku", &self.sku)?,
            quantity: needed("quantity", &self.quantity)?,
            at: needed("at", &self.at)?,
            unit_price: needed("unit_price", &self.unit_price)?,
            description: optional("description", &self.description, "Description")?,
            customer: optional("customer", &self.customer, "CustomerID")?,
            country: optional("country", &self.country, "Country")?,
        })
    }
}

impl Default for Columns {
    /// `InvoiceNo`, `StockCode`, `Quantity`, `InvoiceDate`, `UnitPrice`.
    fn default() -> Self {
        Self {
            invoice: "InvoiceNo".to_owned(),
            sku: "StockCode".to_owned(),
            quantity: "Quantity".to_owned(),
            at: "InvoiceDate".to_owned(),
            unit_price: "UnitPrice".to_owned(),
            description: None,
            customer: None,
            country: None,
        }
    }
}

impl ColumnIndexes {
    /// Picks a line from a row; what the row lacks is empty.
    pub fn line<'a>(&self, row: impl Fn(usize) -> Option<&'a str>) -> SaleLine<'a> {
        let needed = |index| row(index).unwrap_or_default();
        let optional = |index: Option<usize>| index.and_then(&row).unwrap_or_default();
        SaleLine {
            invoice: needed(self.invoice),
            sku: needed(self.sku),
            description: optional(self.description),
            quantity: needed(self.quantity),
            at: needed(self.at),
            unit_price: needed(self.unit_price),
            customer: optional(self.customer),
            country: optional(self.country),
        }
    }
}
