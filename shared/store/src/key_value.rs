use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::{Db, Error, Flight, Parameter, one_row};

/// A record's value and the number of its last change.
pub type Versioned = (String, i64);

/// Reads a record that has not expired at `now`.
///
/// # Errors
/// What Postgres answers.
pub async fn get(db: &Db, key: &str, now: Timestamp) -> Result<Option<Versioned>, Error> {
    let with: &[Parameter<'_>] = &[(&key, Type::TEXT), (&now, Type::TIMESTAMPTZ)];
    let rows = one(db, include_str!("key_value/get.sql"), with).await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

/// Writes a record, whatever was there.
///
/// # Errors
/// What Postgres answers.
pub async fn put(
    db: &Db,
    key: &str,
    value: &str,
    expires_at: Option<Timestamp>,
) -> Result<(), Error> {
    let with: &[Parameter<'_>] =
        &[(&key, Type::TEXT), (&value, Type::TEXT), (&expires_at, Type::TIMESTAMPTZ)];
    one(db, include_str!("key_value/put.sql"), with).await.map(drop)
}

/// Writes a record where there is none, or an expired one. True when it was written.
///
/// # Errors
/// What Postgres answers.
pub async fn put_if_absent(
    db: &Db,
    key: &str,
    value: &str,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, Error> {
    let with: &[Parameter<'_>] = &[
        (&key, Type::TEXT),
        (&value, Type::TEXT),
        (&expires_at, Type::TIMESTAMPTZ),
        (&now, Type::TIMESTAMPTZ),
    ];
    Ok(!one(db, include_str!("key_value/put_if_absent.sql"), with).await?.is_empty())
}

/// Writes a record that is still at the version of `expected`. True when it was written.
///
/// # Errors
/// What Postgres answers.
pub async fn compare_and_set(
    db: &Db,
    key: &str,
    expected: i64,
    value: (&str, Option<Timestamp>),
    now: Timestamp,
) -> Result<bool, Error> {
    let with: &[Parameter<'_>] = &[
        (&key, Type::TEXT),
        (&value.0, Type::TEXT),
        (&value.1, Type::TIMESTAMPTZ),
        (&expected, Type::INT8),
        (&now, Type::TIMESTAMPTZ),
    ];
    Ok(!one(db, include_str!("key_value/compare_and_set.sql"), with).await?.is_empty())
}

/// Adds to a counter and answers the sum. An expired counter starts again.
///
/// # Errors
/// What Postgres answers.
pub async fn add(
    db: &Db,
    key: &str,
    amount: i64,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<i64, Error> {
    let with: &[Parameter<'_>] = &[
        (&key, Type::TEXT),
        (&amount, Type::INT8),
        (&expires_at, Type::TIMESTAMPTZ),
        (&now, Type::TIMESTAMPTZ),
    ];
    Ok(one_row(one(db, include_str!("key_value/add.sql"), with).await?, "counter")?.get(0))
}

/// Removes a record, if it is there.
///
/// # Errors
/// What Postgres answers.
pub async fn delete(db: &Db, key: &str) -> Result<(), Error> {
    one(db, include_str!("key_value/delete.sql"), &[(&key, Type::TEXT)]).await.map(drop)
}

async fn one(db: &Db, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Error> {
    Ok(db.flight(None, &[Flight { sql, parameters }]).await?.remove(0))
}
