use domain::id::{ContactId, FulfillmentId, OrderId, TenantNumber};
use domain::order::Event;
use domain::parcel::{Notice, Stage, Tracking, WAITS};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::statement::Statement;
use crate::{Db, Error, Flight, Parameter};

/// By whom the history of an order says it was, when a carrier said it.
pub const CARRIER: &str = "carrier";

/// A notice that waits for its parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Its id.
    pub id: String,
    /// How far it says that the parcel is.
    pub stage: Stage,
    /// The number of the parcel, as it is compared.
    pub tracking: String,
    /// When it happened.
    pub occurred_at: Timestamp,
}

/// A notice, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// What was said.
    pub notice: Notice,
    /// `waiting`, `applied`, `unchanged` or `ignored`.
    pub state: String,
    /// Whose parcel it is about, once that is known.
    pub order: Option<OrderId>,
    /// When it was heard.
    pub heard_at: Timestamp,
}

/// Parcels that may go under one number.
const PARCELS_MAX: i64 = 20;
/// Notices that are taken up at once.
const AT_ONCE: i64 = 100;

/// Writes down what a carrier said, once: what is known by its id stays as it is. It waits for its
/// parcel, unless it is of none.
///
/// # Errors
/// What Postgres answers.
pub async fn hear(
    db: &Db,
    tenant: TenantNumber,
    notice: &Notice,
    now: Timestamp,
) -> Result<(), Error> {
    let tracking = notice.tracking.as_ref();
    let key = tracking.and_then(Tracking::key);
    let waits = key.is_some() && Stage::parse(&notice.kind).is_some();
    let state = if waits { "waiting" } else { "ignored" };
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&notice.id, Type::TEXT),
        (&notice.kind, Type::TEXT),
        (&tracking.map(|it| it.carrier.as_str()), Type::TEXT),
        (&tracking.map(|it| it.number.as_str()), Type::TEXT),
        (&key, Type::TEXT),
        (&notice.occurred_at, Type::TIMESTAMPTZ),
        (&notice.detail, Type::TEXT),
        (&state, Type::TEXT),
        (&now, Type::TIMESTAMPTZ),
    ];
    let sql = include_str!("parcels/hear.sql");
    db.flight(Some(tenant), &[Flight { sql, parameters }]).await.map(drop)
}

/// A notice, if it still waits.
///
/// # Errors
/// What Postgres answers, or [`Error::Stored`] for what cannot be read.
pub async fn waiting(db: &Db, tenant: TenantNumber, id: &str) -> Result<Vec<Waiting>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&id, Type::TEXT)];
    let sql = include_str!("parcels/waiting.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(read_waiting).collect()
}

/// Notices that wait for parcels of an order, in the order in which they happened; the first of
/// them, and none that has waited too long.
///
/// # Errors
/// What Postgres answers, or [`Error::Stored`] for what cannot be read.
pub async fn waiting_for_order(
    db: &Db,
    tenant: TenantNumber,
    order: OrderId,
    now: Timestamp,
) -> Result<Vec<Waiting>, Error> {
    let since = now.checked_sub(WAITS).unwrap_or(Timestamp::MIN);
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&order.0, Type::UUID),
        (&since, Type::TIMESTAMPTZ),
        (&AT_ONCE, Type::INT8),
    ];
    let sql = include_str!("parcels/waiting_for_order.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(read_waiting).collect()
}

/// The parcels that go under a number.
///
/// # Errors
/// What Postgres answers.
pub async fn find(
    db: &Db,
    tenant: TenantNumber,
    tracking: &str,
) -> Result<Vec<(OrderId, FulfillmentId)>, Error> {
    let parameters: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&tracking, Type::TEXT), (&PARCELS_MAX, Type::INT8)];
    let sql = include_str!("parcels/find.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].iter().map(|row| (OrderId(row.get(0)), FulfillmentId(row.get(1)))).collect())
}

/// A notice waits no more: these orders heard of it. Whether it changed one, their histories say,
/// so that whoever died before this and comes again says the same.
///
/// # Errors
/// What Postgres answers.
pub async fn settle(
    db: &Db,
    tenant: TenantNumber,
    id: &str,
    orders: &[OrderId],
) -> Result<(), Error> {
    let orders: Vec<Uuid> = orders.iter().map(|order| order.0).collect();
    let erased = Event::PersonalDataErased { contact: ContactId(Uuid::nil()) }.to_wire();
    let (erased, _body) = erased.map_err(|error| Error::Stored("order event", error.into()))?;
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&id, Type::TEXT),
        (&orders, Type::UUID_ARRAY),
        (&CARRIER, Type::TEXT),
        (&erased, Type::TEXT),
    ];
    let sql = include_str!("parcels/settle.sql");
    db.flight(Some(tenant), &[Flight { sql, parameters }]).await.map(drop)
}

/// What carriers said to a shop, the newest first, at most so many.
///
/// # Errors
/// What Postgres answers.
pub async fn list(db: &Db, tenant: TenantNumber, limit: i64) -> Result<Vec<Listed>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&limit, Type::INT8)];
    let sql = include_str!("parcels/list.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].iter().map(read_listed).collect())
}

/// The numbers that events give to parcels of an order.
pub(crate) fn track(tenant: TenantNumber, order: OrderId, events: &[Event]) -> Option<Statement> {
    let mut parcels: Vec<(Uuid, String)> = vec![];
    for event in events {
        let Event::TrackingUpdated { fulfillment, carrier, number } = event else { continue };
        let tracking = Tracking { carrier: carrier.clone(), number: number.clone() };
        parcels.retain(|(known, _)| *known != fulfillment.0);
        // A number that nothing can be compared with takes the place of the one before, too.
        parcels.push((fulfillment.0, tracking.key().unwrap_or_default()));
    }
    let (fulfillments, keys): (Vec<Uuid>, Vec<String>) = parcels.into_iter().unzip();
    (!keys.is_empty()).then(|| {
        Statement::new(include_str!("parcels/track.sql"))
            .with(tenant.0, Type::INT4)
            .with(order.0, Type::UUID)
            .with(fulfillments, Type::UUID_ARRAY)
            .with(keys, Type::TEXT_ARRAY)
    })
}

/// What carriers said of an order may name its customer, who is to be forgotten.
pub(crate) fn forget(tenant: TenantNumber, order: OrderId, events: &[Event]) -> Option<Statement> {
    let is_erased = |event: &Event| matches!(event, Event::PersonalDataErased { .. });
    events.iter().any(is_erased).then(|| {
        Statement::new(include_str!("parcels/forget_details.sql"))
            .with(tenant.0, Type::INT4)
            .with(order.0, Type::UUID)
    })
}

fn read_waiting(row: &Row) -> Result<Waiting, Error> {
    let kind: &str = row.get(1);
    let unknown = || Error::Stored("kind of notice", kind.into());
    Ok(Waiting {
        id: row.get(0),
        stage: Stage::parse(kind).ok_or_else(unknown)?,
        tracking: row.get(2),
        occurred_at: row.get(3),
    })
}

fn read_listed(row: &Row) -> Listed {
    let carrier = row.get::<_, Option<String>>(2);
    let tracking = carrier.zip(row.get(3)).map(|(carrier, number)| Tracking { carrier, number });
    Listed {
        notice: Notice {
            id: row.get(0),
            kind: row.get(1),
            tracking,
            occurred_at: row.get(4),
            detail: row.get(5),
        },
        state: row.get(6),
        order: row.get::<_, Option<Uuid>>(7).map(OrderId),
        heard_at: row.get(8),
    }
}
