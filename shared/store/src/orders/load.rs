use std::collections::{BTreeMap, BTreeSet};

use domain::id::{OrderId, TenantNumber};
use domain::message::{Nudge, QueueName};
use domain::order::{Event, Order, PutBack, evolve, moves};
use tokio_postgres::types::Type;

use super::Writing;
use super::projection::{By, EventRow, Rows, order_row, payment_rows, posting_rows};
use crate::gate::Cargo;
use crate::outbox::nudging;
use crate::payments::{NoticeRow, hear};
use crate::statement::{Statement, column, fly_routinely};
use crate::stock::{LedgerRow, moving};
use crate::{Db, Error, credits, discounts, parcels};

/// Everything that follows from what happened to an order, or to several of a tenant.
#[derive(Default)]
pub(crate) struct Load {
    orders: Vec<Order>,
    heard: Vec<NoticeRow>,
    openings: Vec<Statement>,
    rows: Rows,
    nudges: Vec<(QueueName, String)>,
    others: Vec<Statement>,
    ledger: Vec<LedgerRow>,
    placed: Vec<Placed>,
}

/// An order whose number is to be drawn: the event that says so is written with it.
struct Placed {
    order: OrderId,
    version: i32,
    kind: String,
    by: By,
}

impl Load {
    /// What follows from what happened to one order.
    pub(super) fn of(tenant: TenantNumber, writing: &Writing<'_>) -> Result<Self, Error> {
        let after = folded(writing)?;
        let opening = writing.opening.map(|it| it.statement(tenant, &after, writing.act.at));
        let said = writing.act.said.map(|said| said.row(writing.events.len(), writing.act.at));
        let rows = Rows {
            events: event_rows(writing)?,
            orders: vec![order_row(&after, writing)],
            payments: payment_rows(&after, writing),
            postings: posting_rows(writing),
        };
        Ok(Self {
            heard: said.into_iter().collect(),
            openings: opening.into_iter().collect(),
            rows,
            nudges: nudges(tenant, writing)?,
            others: others(tenant, writing, &after),
            ledger: ledger(writing),
            placed: placed(writing)?.into_iter().collect(),
            orders: vec![after],
        })
    }

    /// Adds what happened to other orders.
    pub(super) fn join(&mut self, mut other: Self) {
        self.orders.append(&mut other.orders);
        self.heard.append(&mut other.heard);
        self.openings.append(&mut other.openings);
        self.rows.append(other.rows);
        self.nudges.append(&mut other.nudges);
        self.others.append(&mut other.others);
        self.ledger.append(&mut other.ledger);
        self.placed.append(&mut other.placed);
    }

    /// Which order it is, when it is one that waits for its number.
    pub(super) fn placed(&self) -> Option<OrderId> {
        self.placed.first().map(|placed| placed.order)
    }

    /// Writes everything as one transaction in one round trip; the rows that others wait for come
    /// last. The orders as they are then.
    pub(super) async fn write(
        mut self,
        db: &Db,
        tenant: TenantNumber,
    ) -> Result<Vec<Order>, Error> {
        // First, so that what was heard before is refused before anything is locked.
        let mut statements: Vec<Statement> = hear(tenant, &self.heard).into_iter().collect();
        statements.append(&mut self.openings);
        statements.push(self.rows.statement(tenant));
        if !self.nudges.is_empty() {
            statements.push(nudging(tenant, &self.nudges));
        }
        statements.append(&mut self.others);
        statements.extend(moving(tenant, &self.ledger).into_iter().flatten());
        let draws = !self.placed.is_empty();
        if draws {
            statements.push(place(tenant, &self.placed));
        }
        let mut answers = fly_routinely(db, Some(tenant), &statements).await?;
        if draws {
            let drawn = answers.pop().unwrap_or_default();
            let numbers: BTreeMap<OrderId, i64> =
                drawn.iter().map(|row| (OrderId(row.get(0)), row.get(1))).collect();
            for order in &mut self.orders {
                order.number = numbers.get(&order.id).copied().or(order.number);
            }
        }
        Ok(self.orders)
    }
}

impl Cargo for Load {
    const MOST_ROWS: usize = 100;

    /// Orders: what else there is grows with them.
    fn rows(&self) -> usize {
        self.orders.len()
    }
}

fn folded(writing: &Writing<'_>) -> Result<Order, Error> {
    let nothing = || Error::Stored("order", "its history does not begin with an opening".into());
    match writing.before {
        Some(before) => Ok(writing.events.iter().fold(before.clone(), evolve)),
        None => Order::fold(writing.id, writing.events).ok_or_else(nothing),
    }
}

fn is_placed(event: &Event) -> bool {
    matches!(event, Event::Placed { .. })
}

/// Without that which places the order: its number is drawn last.
fn event_rows(writing: &Writing<'_>) -> Result<Vec<EventRow>, Error> {
    let events = writing.versions().filter(|(_, event)| !is_placed(event));
    let row = |(version, event): (i32, &Event)| {
        let (kind, body) = event.to_wire().map_err(unwritable)?;
        let (order, body) = (writing.id.0, body.to_string());
        Ok(EventRow { order, version, kind, body, by: writing.by() })
    };
    events.map(row).collect()
}

fn placed(writing: &Writing<'_>) -> Result<Option<Placed>, Error> {
    let found = writing.versions().find(|(_, event)| is_placed(event));
    let placed = |(version, event): (i32, &Event)| {
        let (kind, _without_number) = event.to_wire().map_err(unwritable)?;
        Ok(Placed { order: writing.id, version, kind, by: writing.by() })
    };
    found.map(placed).transpose()
}

fn place(tenant: TenantNumber, placed: &[Placed]) -> Statement {
    Statement::new(include_str!("place.sql"))
        .with(tenant.0, Type::INT4)
        .with(column(placed, |row| row.order.0), Type::UUID_ARRAY)
        .with(column(placed, |row| row.version), Type::INT4_ARRAY)
        .with(column(placed, |row| row.kind.clone()), Type::TEXT_ARRAY)
        .with(column(placed, |row| row.by.actor.clone()), Type::TEXT_ARRAY)
        .with(column(placed, |row| row.by.request_id.clone()), Type::TEXT_ARRAY)
        .with(column(placed, |row| row.by.at), Type::TIMESTAMPTZ_ARRAY)
}

/// Those who follow the order are told that something happened.
fn nudges(tenant: TenantNumber, writing: &Writing<'_>) -> Result<Vec<(QueueName, String)>, Error> {
    let followers = writing.events.iter().flat_map(Event::followers);
    let queues: BTreeSet<QueueName> = followers.copied().collect();
    let body = serde_json::to_string(&Nudge::Order { tenant, order: writing.id });
    let body = body.map_err(|error| Error::Stored("nudge", error.into()))?;
    Ok(queues.into_iter().map(|queue| (queue, body.clone())).collect())
}

/// What few events have to do with.
fn others(tenant: TenantNumber, writing: &Writing<'_>, after: &Order) -> Vec<Statement> {
    let (id, events, at) = (writing.id, writing.events, writing.act.at);
    let mut others: Vec<Statement> = about_customer(tenant, writing).into_iter().collect();
    others.extend(parcels::track(tenant, id, events));
    others.extend(parcels::forget(tenant, id, events));
    others.extend(writing.answer.map(|answer| answer.statement(tenant)));
    if let Some(opening) = writing.opening {
        let by = (opening.contact.email.as_str(), at);
        others.extend(discounts::redeeming(tenant, after, by).into_iter().flatten());
    }
    let settled = writing.before.map(|before| (before, after));
    others.extend(settled.and_then(|both| discounts::settling(tenant, both, at)));
    others.extend(credits::moving((tenant, id), writing.act, writing.versions()));
    others
}

/// Name, addresses and letters of the customer: changed, or gone.
fn about_customer(tenant: TenantNumber, writing: &Writing<'_>) -> Option<Statement> {
    writing.events.iter().find_map(|event| match event {
        Event::PersonalDataErased { contact } => Some(
            Statement::new(include_str!("erase.sql"))
                .with(tenant.0, Type::INT4)
                .with(contact.0, Type::UUID)
                .with(writing.act.at, Type::TIMESTAMPTZ),
        ),
        Event::ContactChanged { .. } => Some(writing.act.contact?.change(tenant)),
        _ => None,
    })
}

fn ledger(writing: &Writing<'_>) -> Vec<LedgerRow> {
    let row = |change| LedgerRow {
        change,
        order: writing.id,
        reason: reason(writing.events),
        actor: writing.act.actor.to_owned(),
        at: writing.act.at,
    };
    moves(writing.events).into_iter().map(row).collect()
}

/// What the ledger of stock calls it.
fn reason(events: &[Event]) -> &'static str {
    let word = |event: &Event| match event {
        Event::StockReserved { .. } => Some("reserved"),
        Event::StockCommitted { .. } => Some("committed"),
        Event::StockReleased { from: PutBack::Held, .. } => Some("released"),
        Event::StockReleased { from: PutBack::Committed, .. } => Some("cancelled"),
        Event::StockRestocked { .. } => Some("restocked"),
        Event::FulfillmentShipped { .. } => Some("shipped"),
        _ => None,
    };
    events.iter().rev().find_map(word).unwrap_or("changed")
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::Stored("order event", error.into())
}
