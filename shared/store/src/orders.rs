use domain::id::{OrderId, TenantNumber};
use domain::order::{Event, Order, Pick, Stored};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

pub use self::write::{Writing, write};

use crate::{Db, Error, Flight, Parameter, stock};

/// What happened, written down.
mod write;

/// An order with what a decision about a payment needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The order.
    pub order: Order,
    /// What could be taken from stock, in order of preference.
    pub offers: Vec<Pick>,
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

/// Loads an order together with the stock that it might need once more.
///
/// # Errors
/// What Postgres answers, or [`Error::Stored`] for a history that cannot be read.
pub async fn load_to_pay(
    db: &Db,
    tenant: TenantNumber,
    id: OrderId,
) -> Result<Option<Loaded>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&id.0, Type::UUID)];
    let offers = include_str!("stock/offers_of_order.sql");
    let statements = [Flight { sql: EVENTS, parameters }, Flight { sql: offers, parameters }];
    let answers = db.snapshot(tenant, &statements, statements.len()).await?;
    let history = answers[0].iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    let offers = answers[1].iter().map(stock::offer).collect();
    Ok(fold(id, &history).map(|order| Loaded { order, offers }))
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
