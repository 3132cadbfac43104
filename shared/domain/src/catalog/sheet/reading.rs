use std::collections::{BTreeMap, BTreeSet};

use super::{Block, COLUMNS, Cells, Fault, NotASheet, Sheet};

pub(super) fn header<'a>(
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<&'static str>, NotASheet> {
    let mut header: Vec<&'static str> = Vec::new();
    for name in names.map(str::trim) {
        let known = COLUMNS.into_iter().find(|column| *column == name);
        let fresh = known.filter(|column| !header.contains(column));
        header.push(fresh.ok_or_else(|| NotASheet::Column(name.to_owned()))?);
    }
    let named = |column| header.contains(&column);
    if named("sku") && named("slug") { Ok(header) } else { Err(NotASheet::NoHeader) }
}

/// A sheet on its way.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) sheet: Sheet,
    places: BTreeMap<String, usize>,
    skus: BTreeMap<String, (usize, u64)>,
    spoiled: BTreeSet<usize>,
    last: Option<usize>,
    malformed: bool,
}

impl Reading {
    /// Whose row it was is not known: those beside it may be of the same product.
    pub(super) fn malformed(&mut self, line: u64, fault: &str) {
        self.fault(line, "", fault);
        self.spoiled.extend(self.last);
        self.malformed = true;
    }

    pub(super) fn row(&mut self, cells: Cells) {
        let (line, slug, sku) = (cells.line, cells.get("slug"), cells.get("sku"));
        let (slug, sku) = (slug.trim().to_owned(), sku.trim().to_owned());
        let blocks = &mut self.sheet.blocks;
        let place = *self.places.entry(slug.clone()).or_insert_with(|| {
            blocks.push(Block::default());
            blocks.len() - 1
        });
        self.sheet.blocks[place].rows.push(cells);
        self.last = Some(place);
        if std::mem::take(&mut self.malformed) {
            self.spoiled.insert(place);
        }
        for (column, cell) in [("slug", &slug), ("sku", &sku)] {
            if cell.is_empty() {
                self.fault(line, column, "it is empty; every row says whose it is and what of it");
                self.spoiled.insert(place);
            }
        }
        if let Some((other, before)) = self.skus.insert(sku, (place, line)) {
            self.fault(line, "sku", &format!("line {before} has this SKU; name it once"));
            self.spoiled.extend([place, other]);
        }
    }

    fn fault(&mut self, line: u64, field: &str, fault: &str) {
        self.sheet.faults.push(Fault { line, field: field.to_owned(), fault: fault.to_owned() });
    }

    /// A product is written with all of its rows or not at all.
    pub(super) fn done(mut self) -> Sheet {
        self.sheet.spoiled = self.spoiled.len();
        let mut place = 0;
        self.sheet.blocks.retain(|_block| {
            place += 1;
            !self.spoiled.contains(&(place - 1))
        });
        self.sheet
    }
}
