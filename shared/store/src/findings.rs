use domain::id::{OrderId, PaymentId, TenantNumber};
use domain::money::Money;
use domain::payment::{Amiss, Known, Ours, Subject};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::{Db, Error, Flight, Parameter};

/// A payment at a provider that no order accounts for.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// Whose shop, where that is known.
    pub tenant: Option<TenantNumber>,
    /// As the provider calls the payment.
    pub reference: &'a str,
    /// How much it is about.
    pub amount: Money,
    /// What is wrong.
    pub wrong: Amiss,
    /// When it was found.
    pub at: Timestamp,
}

/// A finding, as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// At which provider.
    pub gateway: String,
    /// As the provider calls the payment.
    pub reference: String,
    /// Of the amount.
    pub currency: String,
    /// How much it is about, in minor units.
    pub amount_minor: i64,
    /// What is wrong, as [`Amiss::as_str`] says it.
    pub wrong: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// When the money was on its way back, or nothing could be taken any more.
    pub settled_at: Option<Timestamp>,
}

/// A payment of an order that waits for its provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Which.
    pub subject: Subject,
    /// As the provider calls it.
    pub reference: String,
    /// In which currency.
    pub currency: String,
    /// What is to be paid, in minor units.
    pub due_minor: i64,
}

/// What we know of payments that a provider lists, given by its names for them and by what is
/// written on them: one answer each, in the same order. For the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn known(
    db: &Db,
    gateway: &str,
    payments: &[(&str, Option<Subject>)],
) -> Result<Vec<Known>, Error> {
    let references: Vec<&str> = payments.iter().map(|it| it.0).collect();
    let marks = || payments.iter().map(|it| it.1);
    let tenants: Vec<Option<i32>> = marks().map(|it| it.map(|it| it.tenant.0)).collect();
    let orders: Vec<Option<Uuid>> = marks().map(|it| it.map(|it| it.order.0)).collect();
    let ids: Vec<Option<Uuid>> = marks().map(|it| it.map(|it| it.payment.0)).collect();
    let parameters: &[Parameter<'_>] = &[
        (&gateway, Type::TEXT),
        (&references, Type::TEXT_ARRAY),
        (&tenants, Type::INT4_ARRAY),
        (&orders, Type::UUID_ARRAY),
        (&ids, Type::UUID_ARRAY),
    ];
    let sql = include_str!("findings/known.sql");
    let answers = db.flight(None, &[Flight { sql, parameters }]).await?;
    Ok(answers[0].iter().map(read_known).collect())
}

/// Writes a finding down, once for each payment. Whether it is new. For the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn note(db: &Db, gateway: &str, finding: &Finding<'_>) -> Result<bool, Error> {
    let tenant = finding.tenant.map(|tenant| tenant.0);
    let (currency, wrong) = (finding.amount.currency.code(), finding.wrong.as_str());
    let parameters: &[Parameter<'_>] = &[
        (&gateway, Type::TEXT),
        (&finding.reference, Type::TEXT),
        (&tenant, Type::INT4),
        (&currency, Type::TEXT),
        (&finding.amount.amount_minor, Type::INT8),
        (&wrong, Type::TEXT),
        (&finding.at, Type::TIMESTAMPTZ),
    ];
    let sql = include_str!("findings/note.sql");
    let answers = db.flight(None, &[Flight { sql, parameters }]).await?;
    Ok(!answers[0].is_empty())
}

/// Payments that were found to be made once more and are not undone yet, so many after one of
/// them. For the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn duplicates(
    db: &Db,
    gateway: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, Error> {
    let wrong = Amiss::Duplicate.as_str();
    let parameters: &[Parameter<'_>] =
        &[(&gateway, Type::TEXT), (&wrong, Type::TEXT), (&after, Type::TEXT), (&limit, Type::INT8)];
    let sql = include_str!("findings/open.sql");
    let answers = db.flight(None, &[Flight { sql, parameters }]).await?;
    Ok(answers[0].iter().map(|row| row.get(0)).collect())
}

/// Nobody has to look at a finding any more. For the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn settle(db: &Db, gateway: &str, reference: &str, at: Timestamp) -> Result<(), Error> {
    let parameters: &[Parameter<'_>] =
        &[(&gateway, Type::TEXT), (&reference, Type::TEXT), (&at, Type::TIMESTAMPTZ)];
    let sql = include_str!("findings/settle.sql");
    db.flight(None, &[Flight { sql, parameters }]).await.map(drop)
}

/// Payments of orders that were opened before an instant and still wait for a provider; so many,
/// by order, from after one. For the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn waiting(
    db: &Db,
    gateway: &str,
    before: Timestamp,
    (after, limit): (OrderId, i64),
) -> Result<Vec<Waiting>, Error> {
    let parameters: &[Parameter<'_>] = &[
        (&gateway, Type::TEXT),
        (&before, Type::TIMESTAMPTZ),
        (&after.0, Type::UUID),
        (&limit, Type::INT8),
    ];
    let sql = include_str!("findings/waiting.sql");
    let answers = db.flight(None, &[Flight { sql, parameters }]).await?;
    let waiting = |row: &Row| Waiting {
        subject: Subject {
            tenant: TenantNumber(row.get(0)),
            order: OrderId(row.get(1)),
            payment: PaymentId(row.get(2)),
        },
        reference: row.get(3),
        currency: row.get(4),
        due_minor: row.get(5),
    };
    Ok(answers[0].iter().map(waiting).collect())
}

/// The findings of a shop, the newest first, at most so many.
///
/// # Errors
/// What Postgres answers.
pub async fn list(db: &Db, tenant: TenantNumber, limit: i64) -> Result<Vec<Listed>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&limit, Type::INT8)];
    let sql = include_str!("findings/list.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    let listed = |row: &Row| Listed {
        gateway: row.get(0),
        reference: row.get(1),
        currency: row.get(2),
        amount_minor: row.get(3),
        wrong: row.get(4),
        found_at: row.get(5),
        settled_at: row.get(6),
    };
    Ok(answers[0].iter().map(listed).collect())
}

fn read_known(row: &Row) -> Known {
    let tenant = row.get::<_, Option<i32>>(0).map(TenantNumber);
    let ours = || {
        Some(Ours {
            subject: Subject {
                tenant: tenant?,
                order: OrderId(row.get::<_, Option<Uuid>>(1)?),
                payment: PaymentId(row.get::<_, Option<Uuid>>(2)?),
            },
            reference: row.get(3),
            payment_status: row.get::<_, Option<String>>(4)?,
            captured_minor: row.get::<_, Option<i64>>(5)?,
        })
    };
    Known { tenant, ours: ours() }
}
