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
