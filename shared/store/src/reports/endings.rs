use domain::id::{ReportId, TenantNumber};
use domain::report::Address;
use jiff::Timestamp;
use tokio_postgres::types::Type;

use super::addresses;
use crate::{Db, Error, Flight};

/// A report that somebody may end for themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// The report's name.
    pub report: String,
    /// The tenant's.
    pub tenant: String,
    /// Everybody who gets it or has got it.
    pub recipients: Vec<Address>,
}

/// Finds a report and everybody to whom a link may have been sent.
///
/// # Errors
/// What Postgres answers.
pub async fn find(
    db: &Db,
    tenant: TenantNumber,
    report: ReportId,
) -> Result<Option<Subscription>, Error> {
    let sql = include_str!("ending.sql");
    let parameters = &[(&tenant.0 as _, Type::INT4), (&report.0 as _, Type::UUID)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    let Some(row) = answers[0].first() else { return Ok(None) };
    Ok(Some(Subscription {
        report: row.get(0),
        tenant: row.get(1),
        recipients: addresses(row, 2)?,
    }))
}

/// Ends a report for a recipient, at once. Again changes nothing.
///
/// # Errors
/// What Postgres answers.
pub async fn end(
    db: &Db,
    tenant: TenantNumber,
    report: ReportId,
    recipient: &Address,
    now: Timestamp,
) -> Result<(), Error> {
    let sql = include_str!("unsubscribe.sql");
    let parameters = &[
        (&tenant.0 as _, Type::INT4),
        (&report.0 as _, Type::UUID),
        (&recipient.as_str() as _, Type::TEXT),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    db.flight(Some(tenant), &[Flight { sql, parameters }]).await.map(drop)
}
