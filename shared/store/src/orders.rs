use domain::id::{ContactId, OrderId, TenantNumber};
use domain::message::QueueName;
use domain::order::{Event, Order, Pick, Stored};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

pub use self::commit::{Act, CommitError, Committed, commit};
pub use self::list::{Invoice, Summary, Wanted, invoice, invoice_of, list};
pub(crate) use self::write::Placing;
pub use self::write::{Writing, write};

use crate::checkout::Contact;
use crate::payments::{Said, WAS_HEARD};
use crate::{Db, Error, Flight, Parameter, stock};

/// Asked, decided, written.
mod commit;

/// Many orders at once, and their invoices.
mod list;

/// What follows from events, for one order and for several.
mod load;

/// What follows from events in tables of its own.
pub(crate) mod projection;

/// What happened, written down.
mod write;

/// An order with what a decision about a payment needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The order.
    pub order: Order,
    /// What could be taken from stock, in order of preference.
    pub offers: Vec<Pick>,
    /// What the provider said was heard before.
    pub was_heard: bool,
}

/// Loads an order.
///
/// # Errors
/// What Postgres answers, or [`Error::Stored`] for a history that cannot be read.
pub async fn load(db: &Db, tenant: TenantNumber, id: OrderId) -> Result<Option<Order>, Error> {
    Ok(fold(id, &history(db, tenant, id).await?))
}

/// The history of an order: who did what, and when. Empty when there is no such order.
///
/// # Errors
/// What Postgres answers, or [`Error::Stored`] for an event that cannot be read.
pub async fn history(db: &Db, tenant: TenantNumber, id: OrderId) -> Result<Vec<Stored>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&id.0, Type::UUID)];
    let answers = db.flight(Some(tenant), &[Flight { sql: EVENTS, parameters }]).await?;
    answers[0].iter().map(stored).collect()
}

/// The history of an order as somebody follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// All of it.
    pub history: Vec<Stored>,
    /// Up to this version it was read before.
    pub read: i32,
}

/// Reads the history of an order for somebody who follows it, and how far he had come.
///
/// # Errors
/// What Postgres answers, or [`Error::Stored`] for an event that cannot be read.
pub async fn follow(
    db: &Db,
    tenant: TenantNumber,
    follower: QueueName,
    id: OrderId,
) -> Result<Followed, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&id.0, Type::UUID)];
    let follower = follower.as_str();
    let followed: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&id.0, Type::UUID), (&follower, Type::TEXT)];
    let statements = [
        Flight { sql: EVENTS, parameters },
        Flight { sql: include_str!("orders/read_up_to.sql"), parameters: followed },
    ];
    let answers = db.snapshot(tenant, &statements, statements.len()).await?;
    Ok(Followed {
        history: answers[0].iter().map(stored).collect::<Result<_, _>>()?,
        read: answers[1].first().map_or(0, |row| row.get(0)),
    })
}

/// Whether the customer of an order had ordered before, by the e-mail address.
///
/// # Errors
/// What Postgres answers.
pub async fn is_returning(db: &Db, tenant: TenantNumber, id: OrderId) -> Result<bool, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&id.0, Type::UUID)];
    let sql = include_str!("orders/is_returning.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].first().is_some_and(|row| row.get(0)))
}

/// Remembers how far somebody has followed an order.
///
/// # Errors
/// What Postgres answers.
pub async fn followed(
    db: &Db,
    tenant: TenantNumber,
    follower: QueueName,
    (id, version): (OrderId, i32),
) -> Result<(), Error> {
    let follower = follower.as_str();
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&id.0, Type::UUID),
        (&follower, Type::TEXT),
        (&version, Type::INT4),
    ];
    let sql = include_str!("orders/followed.sql");
    db.flight(Some(tenant), &[Flight { sql, parameters }]).await.map(drop)
}

/// Who buys, and where it goes; none when that was erased.
///
/// # Errors
/// What Postgres answers.
pub async fn contact(
    db: &Db,
    tenant: TenantNumber,
    id: ContactId,
) -> Result<Option<Contact>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&id.0, Type::UUID)];
    let sql = include_str!("orders/contact.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].first().map(|row| Contact {
        id,
        email: row.get(0),
        name: row.get(1),
        phone: row.get(2),
        shipping_address: row.get(3),
        billing_address: row.get(4),
    }))
}

/// Orders of all tenants whose time is over, or of which something is to be asked of the provider
/// that nobody has asked in time; by id, from after `after`. For the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn due(
    db: &Db,
    now: Timestamp,
    after: OrderId,
    limit: i64,
) -> Result<Vec<(TenantNumber, OrderId)>, Error> {
    let parameters: &[Parameter<'_>] =
        &[(&now, Type::TIMESTAMPTZ), (&after.0, Type::UUID), (&limit, Type::INT8)];
    let sql = include_str!("orders/due.sql");
    let answers = db.flight(None, &[Flight { sql, parameters }]).await?;
    Ok(answers[0].iter().map(|row| (TenantNumber(row.get(0)), OrderId(row.get(1)))).collect())
}

/// Orders of a tenant of which something is to be asked of the provider, and when that may be done
/// by somebody else than whoever wrote it; until before `until`, the first ones first.
///
/// # Errors
/// What Postgres answers.
pub async fn unasked(
    db: &Db,
    tenant: TenantNumber,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<(OrderId, Timestamp)>, Error> {
    let parameters: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&until, Type::TIMESTAMPTZ), (&limit, Type::INT8)];
    let sql = include_str!("orders/unasked.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].iter().map(|row| (OrderId(row.get(0)), row.get(1))).collect())
}

/// When the next order is due, of all tenants. For the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn next_due(db: &Db) -> Result<Option<Timestamp>, Error> {
    let sql = include_str!("orders/next_due.sql");
    let answers = db.flight(None, &[Flight { sql, parameters: &[] }]).await?;
    Ok(answers[0].first().and_then(|row| row.get(0)))
}

/// Loads an order together with the stock that it might need once more, and whether what the
/// provider said of it was heard.
///
/// # Errors
/// What Postgres answers, or [`Error::Stored`] for a history that cannot be read.
pub async fn load_to_pay(
    db: &Db,
    tenant: TenantNumber,
    id: OrderId,
    said: Option<&Said<'_>>,
) -> Result<Option<Loaded>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&id.0, Type::UUID)];
    let offers = include_str!("stock/offers_of_order.sql");
    let (gateway, event) = said.map_or(("", ""), |said| (said.gateway, said.notice.event.as_str()));
    let heard: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&gateway, Type::TEXT), (&event, Type::TEXT)];
    let statements = [
        Flight { sql: EVENTS, parameters },
        Flight { sql: offers, parameters },
        Flight { sql: WAS_HEARD, parameters: heard },
    ];
    let answers = db.snapshot(tenant, &statements, statements.len()).await?;
    let history = answers[0].iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    let offers = answers[1].iter().map(stock::offer).collect();
    let was_heard = !answers[2].is_empty();
    Ok(fold(id, &history).map(|order| Loaded { order, offers, was_heard }))
}

const EVENTS: &str = include_str!("orders/events.sql");

fn fold(id: OrderId, history: &[Stored]) -> Option<Order> {
    Order::fold(id, history.iter().map(|stored| &stored.event))
}

fn stored(row: &Row) -> Result<Stored, Error> {
    let unreadable = |error: serde_json::Error| Error::Stored("order event", error.into());
    let body = serde_json::from_str(row.get(2)).map_err(unreadable)?;
    Ok(Stored {
        version: row.get(0),
        event: Event::from_wire(row.get(1), body).map_err(unreadable)?,
        actor: row.get(3),
        request_id: row.get(4),
        recorded_at: row.get::<_, Timestamp>(5),
    })
}
