use domain::id::{QuarantineId, TenantNumber};
use jiff::Timestamp;
use tokio_postgres::types::Type;

use crate::{Db, Error, Flight, one_row};

/// A refused row.
#[derive(Clone, Debug, PartialEq)]
pub struct Quarantined {
    /// Which row.
    pub id: QuarantineId,
    /// Why it was refused: a [`domain::metric::Code`] in snake case.
    pub code: String,
    /// The field at fault; empty when it is the row as a whole.
    pub field: String,
    /// The row as it came, or its first bytes.
    pub line: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// Lists refused rows, the oldest first, from after `after`.
///
/// # Errors
/// What Postgres answers.
pub async fn list(
    db: &Db,
    tenant: TenantNumber,
    after: QuarantineId,
    limit: i64,
) -> Result<Vec<Quarantined>, Error> {
    let sql = include_str!("quarantine/list.sql");
    let parameters =
        &[(&tenant.0 as _, Type::INT4), (&after.0 as _, Type::UUID), (&limit as _, Type::INT8)];
    let mut answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers
        .remove(0)
        .iter()
        .map(|row| Quarantined {
            id: QuarantineId(row.get(0)),
            code: row.get(1),
            field: row.get(2),
            line: row.get(3),
            received_at: row.get(4),
        })
        .collect())
}

/// How many refused rows wait for repair.
///
/// # Errors
/// What Postgres answers.
pub async fn count(db: &Db, tenant: TenantNumber) -> Result<i64, Error> {
    let sql = include_str!("quarantine/count.sql");
    let parameters = &[(&tenant.0 as _, Type::INT4)];
    let mut answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(one_row(answers.remove(0), "count of refused rows")?.get(0))
}

/// When a refused row came. None when it is not there.
///
/// # Errors
/// What Postgres answers.
pub async fn received_at(
    db: &Db,
    tenant: TenantNumber,
    id: QuarantineId,
) -> Result<Option<Timestamp>, Error> {
    let sql = include_str!("quarantine/received_at.sql");
    let parameters = &[(&tenant.0 as _, Type::INT4), (&id.0 as _, Type::UUID)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].first().map(|row| row.get(0)))
}

/// Discards a refused row. False when it was not there.
///
/// # Errors
/// What Postgres answers.
pub async fn discard(db: &Db, tenant: TenantNumber, id: QuarantineId) -> Result<bool, Error> {
    let sql = include_str!("quarantine/discard.sql");
    let parameters = &[(&tenant.0 as _, Type::INT4), (&id.0 as _, Type::UUID)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(!answers[0].is_empty())
}
