use domain::hook::DeliveryState;
use domain::id::{HookDeliveryId, HookId, OrderId, TenantNumber};
use domain::message::QueueName;
use jiff::Timestamp;
use tokio_postgres::types::Type;

use super::let_go;
use crate::statement::{Statement, fly};
use crate::{Db, Error, Flight, Parameter};

/// An event that is to be told to an endpoint.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Which delivery.
    pub id: HookDeliveryId,
    /// To which endpoint.
    pub hook: HookId,
    /// The version of the order's history; none for a test.
    pub version: Option<i32>,
    /// The name of the event.
    pub topic: &'static str,
    /// As receivers know the event, wherever and whenever it is told.
    pub message: String,
    /// What is sent: JSON.
    pub body: String,
}

/// A delivery that one worker tries.
#[derive(Clone)]
pub struct Claimed {
    /// To which endpoint.
    pub hook: HookId,
    /// Where that is.
    pub url: String,
    /// As receivers know the event.
    pub message: String,
    /// What is sent: JSON.
    pub body: String,
    /// Which try this is, of all.
    pub attempt: i32,
    /// Which try this is since somebody asked for it to be sent, from 1.
    pub try_of_round: i32,
    /// What signs it, the newest first.
    pub secrets: Vec<String>,
}

/// What an endpoint has made of a try.
#[derive(Clone, Debug)]
pub struct Told {
    /// How far the delivery is.
    pub state: DeliveryState,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// What went wrong.
    pub detail: Option<String>,
    /// When it is tried again, if it is.
    pub next_try_at: Option<Timestamp>,
    /// The endpoint says that it is to be told nothing more.
    pub is_gone: bool,
}

/// A try and what came of it.
#[derive(Clone)]
pub struct Settled<'a> {
    /// Of which delivery.
    pub delivery: HookDeliveryId,
    /// As it was claimed.
    pub claimed: &'a Claimed,
    /// What came of it.
    pub told: &'a Told,
    /// When.
    pub now: Timestamp,
    /// An endpoint that took nothing since then is disabled.
    pub given_up_since: Timestamp,
}

/// A delivery as the owner of its endpoint sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Which.
    pub id: HookDeliveryId,
    /// The name of the event.
    pub topic: String,
    /// As receivers know the event.
    pub message: String,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i32,
    /// The status of the last answer.
    pub last_status: Option<i16>,
    /// What went wrong.
    pub detail: Option<String>,
    /// When it is tried again.
    pub next_try_at: Option<Timestamp>,
    /// Since when it is there.
    pub created_at: Timestamp,
}

/// Keeps what is to be told of an order, each event once for each endpoint, and how far its
/// history has been read by that. What of the order is to be told now.
///
/// # Errors
/// What Postgres answers.
pub async fn spread(
    db: &Db,
    tenant: TenantNumber,
    (order, read): (OrderId, i32),
    deliveries: &[NewDelivery],
    now: Timestamp,
) -> Result<Vec<HookDeliveryId>, Error> {
    let of = |sql| Statement::new(sql).with(tenant.0, Type::INT4).with(order.0, Type::UUID);
    let statements = [
        add(tenant, Some(order), deliveries, now),
        of(include_str!("../orders/followed.sql"))
            .with(QueueName::Hooks.as_str(), Type::TEXT)
            .with(read, Type::INT4),
        of(include_str!("due_of_order.sql")).with(now, Type::TIMESTAMPTZ),
    ];
    let answers = fly(db, tenant, &statements).await?;
    Ok(answers[2].iter().map(|row| HookDeliveryId(row.get(0))).collect())
}

/// Keeps a test.
///
/// # Errors
/// What Postgres answers.
pub async fn add_test(
    db: &Db,
    tenant: TenantNumber,
    test: NewDelivery,
    now: Timestamp,
) -> Result<(), Error> {
    fly(db, tenant, &[add(tenant, None, &[test], now)]).await.map(drop)
}

/// Claims a delivery that is due. None: it is not, another worker tries it, or its endpoint is
/// disabled. Whoever claims it has until `until`; then another may.
///
/// # Errors
/// What Postgres answers.
pub async fn claim(
    db: &Db,
    tenant: TenantNumber,
    id: HookDeliveryId,
    (now, until): (Timestamp, Timestamp),
) -> Result<Option<Claimed>, Error> {
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&id.0, Type::UUID),
        (&now, Type::TIMESTAMPTZ),
        (&until, Type::TIMESTAMPTZ),
    ];
    let sql = include_str!("claim.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].first().filter(|row| row.get(0)).map(|row| Claimed {
        hook: HookId(row.get(1)),
        url: row.get(2),
        message: row.get(3),
        body: row.get(4),
        attempt: row.get(5),
        try_of_round: row.get(6),
        secrets: row.get(7),
    }))
}

/// Notes what came of a try, unless another worker has tried since, and what that says of the
/// endpoint: one that is gone, or took nothing for too long, is disabled. False when it is.
///
/// # Errors
/// What Postgres answers.
pub async fn settle(db: &Db, tenant: TenantNumber, settled: &Settled<'_>) -> Result<bool, Error> {
    let Settled { delivery, claimed, told, now, given_up_since } = settled;
    // The endpoint comes first wherever both are locked.
    let judge = Statement::new(include_str!("judge.sql"))
        .with(tenant.0, Type::INT4)
        .with(claimed.hook.0, Type::UUID)
        .with(told.state == DeliveryState::Succeeded, Type::BOOL)
        .with(told.is_gone, Type::BOOL)
        .with(*now, Type::TIMESTAMPTZ)
        .with(*given_up_since, Type::TIMESTAMPTZ);
    let settle = Statement::new(include_str!("settle.sql"))
        .with(tenant.0, Type::INT4)
        .with(delivery.0, Type::UUID)
        .with(claimed.attempt, Type::INT4)
        .with(told.state.as_str(), Type::TEXT)
        .with(told.status.map(u16::cast_signed), Type::INT2)
        .with(told.detail.clone(), Type::TEXT)
        .with(told.next_try_at, Type::TIMESTAMPTZ)
        .with(*now, Type::TIMESTAMPTZ);
    let statements = [judge, settle, let_go(tenant, claimed.hook, *now)];
    let answers = fly(db, tenant, &statements).await?;
    Ok(answers[0].first().is_none_or(|row| row.get(0)))
}

/// Lists what an endpoint was told, the newest first, from before `before`.
///
/// # Errors
/// What Postgres answers.
pub async fn list_deliveries(
    db: &Db,
    tenant: TenantNumber,
    hook: HookId,
    before: Option<HookDeliveryId>,
    limit: i64,
) -> Result<Vec<Delivery>, Error> {
    let before = before.map(|id| id.0);
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&hook.0, Type::UUID),
        (&before, Type::UUID),
        (&limit, Type::INT8),
    ];
    let sql = include_str!("deliveries.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    let read = |row: &tokio_postgres::Row| {
        let state: String = row.get(3);
        let state = DeliveryState::parse(&state);
        Ok(Delivery {
            id: HookDeliveryId(row.get(0)),
            topic: row.get(1),
            message: row.get(2),
            state: state.ok_or_else(|| Error::Stored("delivery", "of an unknown state".into()))?,
            attempts: row.get(4),
            last_status: row.get(5),
            detail: row.get(6),
            next_try_at: row.get(7),
            created_at: row.get(8),
        })
    };
    answers[0].iter().map(read).collect()
}

/// Makes a delivery due now, whatever became of it, with all its tries before it. False when the
/// endpoint has no such delivery.
///
/// # Errors
/// What Postgres answers.
pub async fn replay(
    db: &Db,
    tenant: TenantNumber,
    (hook, delivery): (HookId, HookDeliveryId),
    now: Timestamp,
) -> Result<bool, Error> {
    let replay = Statement::new(include_str!("replay.sql"))
        .with(tenant.0, Type::INT4)
        .with(hook.0, Type::UUID)
        .with(delivery.0, Type::UUID)
        .with(now, Type::TIMESTAMPTZ);
    Ok(!fly(db, tenant, &[replay]).await?[0].is_empty())
}

/// Deliveries of all tenants that are due, by id, from after `after`. For the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn due(
    db: &Db,
    now: Timestamp,
    after: HookDeliveryId,
    limit: i64,
) -> Result<Vec<(TenantNumber, HookDeliveryId)>, Error> {
    let parameters: &[Parameter<'_>] =
        &[(&now, Type::TIMESTAMPTZ), (&after.0, Type::UUID), (&limit, Type::INT8)];
    let sql = include_str!("due.sql");
    let answers = db.flight(None, &[Flight { sql, parameters }]).await?;
    let due = |row: &tokio_postgres::Row| (TenantNumber(row.get(0)), HookDeliveryId(row.get(1)));
    Ok(answers[0].iter().map(due).collect())
}

/// When the next delivery is due, of all tenants. For the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn next_due(db: &Db) -> Result<Option<Timestamp>, Error> {
    let sql = include_str!("next_due.sql");
    let answers = db.flight(None, &[Flight { sql, parameters: &[] }]).await?;
    Ok(answers[0].first().and_then(|row| row.get(0)))
}

fn add(
    tenant: TenantNumber,
    order: Option<OrderId>,
    deliveries: &[NewDelivery],
    now: Timestamp,
) -> Statement {
    let ids: Vec<_> = deliveries.iter().map(|it| it.id.0).collect();
    let hooks: Vec<_> = deliveries.iter().map(|it| it.hook.0).collect();
    let versions: Vec<_> = deliveries.iter().map(|it| it.version).collect();
    let topics: Vec<_> = deliveries.iter().map(|it| it.topic).collect();
    let messages: Vec<_> = deliveries.iter().map(|it| it.message.clone()).collect();
    let bodies: Vec<_> = deliveries.iter().map(|it| it.body.clone()).collect();
    Statement::new(include_str!("add_deliveries.sql"))
        .with(tenant.0, Type::INT4)
        .with(order.map(|order| order.0), Type::UUID)
        .with(ids, Type::UUID_ARRAY)
        .with(hooks, Type::UUID_ARRAY)
        .with(versions, Type::INT4_ARRAY)
        .with(topics, Type::TEXT_ARRAY)
        .with(messages, Type::TEXT_ARRAY)
        .with(bodies, Type::TEXT_ARRAY)
        .with(now, Type::TIMESTAMPTZ)
}
