use domain::id::{OrderId, TenantNumber};
use domain::order::{Event, Order, Pick, Stored};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

pub use self::commit::{Act, CommitError, Committed, commit};
pub use self::write::{Writing, write};

use crate::payments::{Said, WAS_HEARD};
use crate::{Db, Error, Flight, Parameter, stock};

/// Asked, decided, written.
mod commit;

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
