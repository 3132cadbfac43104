use jiff::Timestamp;
use uuid::Uuid;

use crate::Problem;

/// Where the next page begins, by what its reader gives as `after`. None on the last page: the one
/// that has fewer rows than were asked for.
pub fn next<Row, Cursor>(
    rows: &[Row],
    limit: i64,
    cursor: impl FnOnce(&Row) -> Cursor,
) -> Option<Cursor> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    rows.last().filter(|_| is_full).map(cursor)
}

/// Where a page begins that is `before` an instant and an id, as [`next`] told them.
///
/// # Errors
/// When it is not what was told.
pub fn instant_and_id(text: &str) -> Result<(Timestamp, Uuid), Problem> {
    let both = text.split_once('/').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    both.ok_or_else(|| Problem::invalid("before", "give what `next` said on the page before"))
}
