use domain::id::ImportId;
use domain::import::Status;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_postgres::Row;

use super::Import;
use crate::Error;

/// Reads the columns of `find.sql` and `list.sql`.
pub(super) fn import(row: &Row) -> Result<Import, Error> {
    let status: String = row.get(4);
    let tally: Value = row.get(12);
    let unsigned = |column| u64::try_from(row.get::<_, i64>(column)).unwrap_or(0);
    Ok(Import {
        id: ImportId(row.get(0)),
        mapping: from_json(row.get(1), "mapping of an import")?,
        file_name: row.get(2),
        object_path: row.get(3),
        status: Status::parse(&status)
            .ok_or_else(|| Error::Stored("status of an import", status.into()))?,
        run: row.get(5),
        latest: row.get(6),
        object_tag: row.get(7),
        bytes_total: row.get(8),
        bytes_done: row.get(9),
        lines_done: unsigned(10),
        lines_undone: unsigned(11),
        tally: match tally.as_object() {
            Some(fields) if fields.is_empty() => None,
            _ => Some(from_json(tally, "tally of an import")?),
        },
        problem: row.get(13),
        created_at: row.get(14),
        changed_at: row.get(15),
        points_folded: unsigned(16),
        points_missing: unsigned(17),
    })
}

fn from_json<T: DeserializeOwned>(value: Value, what: &'static str) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| Error::Stored(what, error.into()))
}
