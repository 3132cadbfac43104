use domain::catalog::sheet::{Fault, Sheet};
use serde::Serialize;
use utoipa::ToSchema;

/// What became of a sheet of products.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct SheetOut {
    /// Whether it was only looked at.
    dry_run: bool,
    /// Rows, without the heading.
    rows: usize,
    /// Products that are new.
    pub(crate) made: usize,
    /// Products that are another now.
    pub(crate) changed: usize,
    /// Products that were like this before.
    pub(crate) unchanged: usize,
    /// Products that stayed as they were, for the faults below.
    pub(crate) refused: usize,
    /// What is wrong, by line.
    pub(crate) faults: Vec<SheetFaultOut>,
}

/// What is wrong with a row.
#[derive(Serialize, ToSchema)]
pub(crate) struct SheetFaultOut {
    /// Its line in the text, from 1.
    line: u64,
    /// The column; absent when the row cannot be read.
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
    /// The fault and the remedy.
    detail: String,
}

impl SheetOut {
    /// With what was to be seen before anything was written.
    pub(crate) fn told(&mut self, sheet: &Sheet, dry_run: bool) {
        self.dry_run = dry_run;
        self.rows = sheet.rows;
        self.refused += sheet.spoiled;
        self.faults.extend(sheet.faults.iter().cloned().map(SheetFaultOut::from));
        self.faults.sort_by_key(|fault| fault.line);
    }
}

impl From<Fault> for SheetFaultOut {
    fn from(fault: Fault) -> Self {
        let Fault { line, field, fault } = fault;
        Self { line, field, detail: fault }
    }
}
