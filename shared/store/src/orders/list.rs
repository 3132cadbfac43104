use domain::id::{OrderId, TenantNumber};
use jiff::Timestamp;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::{Db, Error, Flight, Parameter};

/// An order, as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Which.
    pub id: OrderId,
    /// Its number, once it is placed.
    pub number: Option<i64>,
    /// Where it is as a whole.
    pub status: String,
    /// Where its money is.
    pub payment_status: String,
    /// Where its goods are.
    pub fulfillment_status: String,
    /// A bank took money back, or may.
    pub is_disputed: bool,
    /// Of all amounts.
    pub currency: String,
    /// What it came to, in minor units.
    pub total_minor: i64,
    /// Where it goes.
    pub country: String,
    /// Who buys; none once that was erased.
    pub name: Option<String>,
    /// Where letters go; none once that was erased.
    pub email: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was placed.
    pub placed_at: Option<Timestamp>,
}

/// Which orders are wanted. What is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Where they are as a whole.
    pub status: Option<String>,
    /// Where their money is.
    pub payment_status: Option<String>,
    /// Where their goods are.
    pub fulfillment_status: Option<String>,
    /// With this number.
    pub number: Option<i64>,
    /// Of whoever has this address.
    pub email: Option<String>,
    /// The order that ended the page before: when it was opened, and its id.
    pub before: Option<(Timestamp, Uuid)>,
    /// So many at most.
    pub limit: i64,
}

/// Lists orders, the newest first.
///
/// # Errors
/// What Postgres answers.
pub async fn list(db: &Db, tenant: TenantNumber, wanted: &Wanted) -> Result<Vec<Summary>, Error> {
    let (before_at, before_id) = wanted.before.unzip();
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&wanted.status, Type::TEXT),
        (&wanted.payment_status, Type::TEXT),
        (&wanted.fulfillment_status, Type::TEXT),
        (&wanted.number, Type::INT8),
        (&wanted.email, Type::TEXT),
        (&before_at, Type::TIMESTAMPTZ),
        (&before_id, Type::UUID),
        (&wanted.limit, Type::INT8),
    ];
    let sql = include_str!("list.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    let summary = |row: &tokio_postgres::Row| Summary {
        id: OrderId(row.get(0)),
        number: row.get(1),
        status: row.get(2),
        payment_status: row.get(3),
        fulfillment_status: row.get(4),
        is_disputed: row.get(5),
        currency: row.get(6),
        total_minor: row.get(7),
        country: row.get(8),
        name: row.get(9),
        email: row.get(10),
        opened_at: row.get(11),
        placed_at: row.get(12),
    };
    Ok(answers[0].iter().map(summary).collect())
}

/// The number and the instant of an order's invoice.
pub type Invoice = (i64, Timestamp);

/// Draws the number of an order's invoice: 1, 2, 3 … without a gap for each tenant. An order has
/// one, and keeps it.
///
/// # Errors
/// What Postgres answers.
pub async fn invoice(
    db: &Db,
    tenant: TenantNumber,
    order: OrderId,
    at: Timestamp,
) -> Result<Invoice, Error> {
    let parameters: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&order.0, Type::UUID), (&at, Type::TIMESTAMPTZ)];
    loop {
        if let Some(known) = invoice_of(db, tenant, order).await? {
            return Ok(known);
        }
        let sql = include_str!("issue_invoice.sql");
        match db.flight(Some(tenant), &[Flight { sql, parameters }]).await {
            Ok(_) => {}
            // Another drew it; our number went back with our transaction.
            Err(error) if error.constraint() == Some("invoice_order") => {}
            Err(error) => return Err(error),
        }
    }
}

/// The invoice of an order, if there is one.
///
/// # Errors
/// What Postgres answers.
pub async fn invoice_of(
    db: &Db,
    tenant: TenantNumber,
    order: OrderId,
) -> Result<Option<Invoice>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&order.0, Type::UUID)];
    let sql = include_str!("invoice.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].first().map(|row| (row.get(0), row.get(1))))
}
