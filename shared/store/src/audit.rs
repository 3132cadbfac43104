use domain::audit::{Entry, Link};
use domain::id::TenantNumber;
use jiff::Timestamp;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use crate::statement::{Statement, fly};
use crate::{Db, Error};

/// What writes an entry into the chain of its tenant, in the transaction of what it tells.
pub(crate) fn adding(tenant: TenantNumber, entry: &Entry, now: Timestamp) -> Statement {
    Statement::new(include_str!("audit/add.sql"))
        .with(tenant.0, Type::INT4)
        .with(now, Type::TIMESTAMPTZ)
        .with(entry.text(), Type::TEXT)
}

/// A page of entries, the newest first.
///
/// # Errors
/// What Postgres answers.
pub async fn page(
    db: &Db,
    tenant: TenantNumber,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Link>, Error> {
    let statement = Statement::new(include_str!("audit/page.sql"))
        .with(tenant.0, Type::INT4)
        .with(before, Type::INT8)
        .with(limit, Type::INT8);
    fly(db, tenant, &[statement]).await?.remove(0).iter().map(link).collect()
}

/// The heads of all chains: tenant, number and hash of the last entry. In the role `owner`.
///
/// # Errors
/// What Postgres answers.
pub async fn heads(client: &Client) -> Result<Vec<(TenantNumber, i64, [u8; 32])>, Error> {
    let rows = client.query_typed(include_str!("audit/heads.sql"), &[]).await?;
    let head = |row: &Row| Ok((TenantNumber(row.get(0)), row.get(1), hash(row.get(2))?));
    rows.iter().map(head).collect()
}

/// Entries of a chain after a number, in their order. In the role `owner`.
///
/// # Errors
/// What Postgres answers.
pub async fn after(
    client: &Client,
    tenant: TenantNumber,
    number: i64,
    limit: i64,
) -> Result<Vec<Link>, Error> {
    let parameters =
        [(&tenant.0 as _, Type::INT4), (&number as _, Type::INT8), (&limit as _, Type::INT8)];
    let rows = client.query_typed(include_str!("audit/after.sql"), &parameters).await?;
    rows.iter().map(link).collect()
}

fn link(row: &Row) -> Result<Link, Error> {
    Ok(Link {
        number: row.get(0),
        recorded_at: row.get(1),
        entry: row.get(2),
        hash: hash(row.get(3))?,
    })
}

fn hash(stored: &[u8]) -> Result<[u8; 32], Error> {
    stored.try_into().map_err(|_other_length| Error::Stored("hash", "it has another length".into()))
}
