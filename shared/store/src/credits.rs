use domain::credit::Credit;
use domain::id::{CreditId, OrderId, TenantNumber};
use domain::order::Event;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::carts::read_currency;
use crate::orders::Act;
use crate::receipts::digest;
use crate::statement::{Statement, fly};
use crate::{Db, Error, Flight, Parameter};

/// A line in the ledger of a credit.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place, from 1.
    pub number: i32,
    /// Follows from what made it, so that the same is entered once.
    pub id: Uuid,
    /// `issued`, `debited`, `credited`, `adjusted` or `disabled`.
    pub kind: String,
    /// By how much the balance changed, in minor units.
    pub amount_minor: i64,
    /// The balance then.
    pub balance_minor: i64,
    /// The order that spent it, or that gave it back.
    pub order: Option<OrderId>,
    /// Why.
    pub reason: Option<String>,
    /// By whom.
    pub actor: String,
    /// When.
    pub recorded_at: Timestamp,
}

/// Who changes a balance by hand, and why.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The id of the entry: the same one twice is one.
    pub id: Uuid,
    /// Why.
    pub reason: &'a str,
    /// By whom.
    pub actor: &'a str,
    /// When.
    pub at: Timestamp,
}

/// Issues a credit, with the keyed hash of its code.
///
/// # Errors
/// [`Error::Conflict`] with the constraint `credit_pkey` when it was issued before.
pub async fn issue(
    db: &Db,
    tenant: TenantNumber,
    credit: &Credit,
    code_hash: Vec<u8>,
    actor: &str,
) -> Result<(), Error> {
    let statement = of(include_str!("credits/issue.sql"), tenant, credit.id)
        .with(code_hash, Type::BYTEA)
        .with(credit.code_key.cast_signed(), Type::INT4)
        .with(credit.last_four.clone(), Type::TEXT)
        .with(credit.currency.code().to_owned(), Type::TEXT)
        .with(credit.issued_minor, Type::INT8)
        .with(credit.expires_at, Type::TIMESTAMPTZ)
        .with(credit.customer.clone(), Type::BYTEA)
        .with(credit.note.clone(), Type::TEXT)
        .with(credit.created_at, Type::TIMESTAMPTZ)
        .with(actor.to_owned(), Type::TEXT);
    fly(db, tenant, &[statement]).await.map(drop)
}

/// Adds to a balance, or takes from it.
///
/// # Errors
/// [`Error::Conflict`] with the constraint `credit_entry_once` when it was done before;
/// [`Error::Statement`] with `credit_not_overspent` when there is not so much; [`Error::Refused`]
/// when there is no such credit, or it is disabled.
pub async fn adjust(
    db: &Db,
    (tenant, credit): (TenantNumber, CreditId),
    amount_minor: i64,
    change: &Change<'_>,
) -> Result<(), Error> {
    let reason = Some(change.reason.to_owned());
    let statement = of(include_str!("credits/move.sql"), tenant, credit)
        .with(amount_minor, Type::INT8)
        .with("adjusted", Type::TEXT)
        .with(change.id, Type::UUID)
        .with(None::<Uuid>, Type::UUID)
        .with(reason, Type::TEXT)
        .with(change.actor.to_owned(), Type::TEXT)
        .with(change.at, Type::TIMESTAMPTZ);
    fly(db, tenant, &[statement]).await.map(drop)
}

/// Disables a credit, and writes off what is left of it. Nothing happens to one that is disabled
/// or not there.
///
/// # Errors
/// What Postgres answers.
pub async fn disable(
    db: &Db,
    (tenant, credit): (TenantNumber, CreditId),
    change: &Change<'_>,
) -> Result<(), Error> {
    let statement = of(include_str!("credits/disable.sql"), tenant, credit)
        .with(change.id, Type::UUID)
        .with(change.reason.to_owned(), Type::TEXT)
        .with(change.actor.to_owned(), Type::TEXT)
        .with(change.at, Type::TIMESTAMPTZ);
    fly(db, tenant, &[statement]).await.map(drop)
}

/// Finds a credit.
///
/// # Errors
/// What Postgres answers.
pub async fn find(db: &Db, tenant: TenantNumber, id: CreditId) -> Result<Option<Credit>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&id.0, Type::UUID)];
    let sql = include_str!("credits/find.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].first().map(read_credit).transpose()
}

/// Finds the credit whose code has one of these hashes: one for each of our keys.
///
/// # Errors
/// What Postgres answers.
pub async fn by_code(
    db: &Db,
    tenant: TenantNumber,
    hashes: &[Vec<u8>],
) -> Result<Option<Credit>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&hashes, Type::BYTEA_ARRAY)];
    let sql = include_str!("credits/by_code.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].first().map(read_credit).transpose()
}

/// Lists credits, the newest first; those that were issued before one of them.
///
/// # Errors
/// What Postgres answers.
pub async fn list(
    db: &Db,
    tenant: TenantNumber,
    before: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Credit>, Error> {
    let (at, id) = before.unzip();
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&at, Type::TIMESTAMPTZ),
        (&id, Type::UUID),
        (&limit, Type::INT8),
    ];
    let sql = include_str!("credits/list.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(read_credit).collect()
}

/// The ledger of a credit, the newest entry first; those before a number.
///
/// # Errors
/// What Postgres answers.
pub async fn entries(
    db: &Db,
    (tenant, credit): (TenantNumber, CreditId),
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&credit.0, Type::UUID),
        (&before, Type::INT4),
        (&limit, Type::INT8),
    ];
    let sql = include_str!("credits/entries.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].iter().map(entry).collect())
}

/// The entry of that id.
///
/// # Errors
/// What Postgres answers.
pub async fn find_entry(db: &Db, tenant: TenantNumber, id: Uuid) -> Result<Option<Entry>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&id, Type::UUID)];
    let sql = include_str!("credits/entry.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].first().map(entry))
}

/// What events of an order take from a balance and give back to it. What goes back is taken by
/// every credit, a disabled one too: it is its holder's, and the shop sees it there.
pub(crate) fn moving<'a>(
    (tenant, order): (TenantNumber, OrderId),
    act: &Act<'_>,
    events: impl Iterator<Item = (i32, &'a Event)>,
) -> Vec<Statement> {
    let moved = events.filter_map(|(version, event)| match event {
        Event::CreditSpent { credit, amount_minor } => {
            Some((version, *credit, -amount_minor, "debited"))
        }
        Event::CreditReturned { credit, amount_minor, .. } => {
            Some((version, *credit, *amount_minor, "credited"))
        }
        _ => None,
    });
    let statement = |(version, credit, amount_minor, kind): (i32, CreditId, i64, &'static str)| {
        of(include_str!("credits/move.sql"), tenant, credit)
            .with(amount_minor, Type::INT8)
            .with(kind, Type::TEXT)
            .with(digest(&[order.0.as_bytes(), &version.to_be_bytes()]), Type::UUID)
            .with(Some(order.0), Type::UUID)
            .with(None::<String>, Type::TEXT)
            .with(act.actor.to_owned(), Type::TEXT)
            .with(act.at, Type::TIMESTAMPTZ)
    };
    moved.map(statement).collect()
}

/// The twelve columns that every statement here answers.
pub(crate) fn read_credit(row: &Row) -> Result<Credit, Error> {
    Ok(Credit {
        id: CreditId(row.get(0)),
        last_four: row.get(1),
        code_key: row.get::<_, i32>(2).cast_unsigned(),
        currency: read_currency(row.get(3))?,
        issued_minor: row.get(4),
        balance_minor: row.get(5),
        expires_at: row.get(6),
        disabled_at: row.get(7),
        customer: row.get(8),
        is_anothers: row.get(9),
        note: row.get(10),
        created_at: row.get(11),
    })
}

fn entry(row: &Row) -> Entry {
    Entry {
        number: row.get(0),
        id: row.get(1),
        kind: row.get(2),
        amount_minor: row.get(3),
        balance_minor: row.get(4),
        order: row.get::<_, Option<Uuid>>(5).map(OrderId),
        reason: row.get(6),
        actor: row.get(7),
        recorded_at: row.get(8),
    }
}

fn of(sql: &'static str, tenant: TenantNumber, credit: CreditId) -> Statement {
    Statement::new(sql).with(tenant.0, Type::INT4).with(credit.0, Type::UUID)
}
