use std::collections::BTreeSet;

use domain::id::{OrderId, TenantNumber};
use domain::message::Nudge;
use domain::order::{Event, Order, PutBack, evolve, moves};
use tokio_postgres::types::Type;

use super::Act;
use super::projection::{EventRow, Rows, order_row, payment_rows, posting_rows};
use crate::checkout::{Answer, Opening};
use crate::statement::{Statement, fly_routinely};
use crate::stock::{Cause, moving};
use crate::{Db, Error, credits, discounts, parcels};

/// What happened to an order, and who did it.
#[derive(Clone, Debug)]
pub struct Writing<'a> {
    /// Which order.
    pub id: OrderId,
    /// As it was before; none when these events open it.
    pub before: Option<&'a Order>,
    /// What happened. Not empty.
    pub events: &'a [Event],
    /// By whom, when, and why.
    pub act: &'a Act<'a>,
    /// The checkout that opens it.
    pub opening: Option<&'a Opening<'a>>,
    /// What that checkout is answered.
    pub answer: Option<&'a Answer<'a>>,
}

/// Writes events down, with all that follows from them: the projection, the books, stock,
/// messages, the number of an order that is placed. One transaction, one round trip; the rows
/// that others wait for come last. The order as it is then.
///
/// # Errors
/// [`Error::Conflict`] when another wrote first: load and decide again. [`Error::Statement`] with
/// the constraint `stock_not_oversold` when the stock is gone, and with `credit_not_overspent` when
/// the credit is.
pub async fn write(db: &Db, tenant: TenantNumber, writing: &Writing<'_>) -> Result<Order, Error> {
    let mut after = folded(writing)?;
    // First, so that what was heard before is refused before anything is locked.
    let said = writing.act.said.map(|said| said.statement(writing.events.len(), writing.act.at));
    let mut statements: Vec<Statement> = said.into_iter().collect();
    let opening = writing.opening.map(|it| it.statement(tenant, &after, writing.act.at));
    statements.extend(opening);
    let rows = Rows {
        events: event_rows(writing)?,
        orders: vec![order_row(&after, writing)],
        payments: payment_rows(&after, writing),
        postings: posting_rows(writing),
    };
    statements.push(rows.statement(tenant, writing.act));
    statements.extend(about_customer(tenant, writing));
    statements.extend(parcels::track(tenant, writing.id, writing.events));
    statements.extend(parcels::forget(tenant, writing.id, writing.events));
    statements.extend(writing.answer.map(|answer| answer.statement(tenant)));
    statements.extend(nudge(tenant, writing)?);
    if let Some(opening) = writing.opening {
        let by = (opening.contact.email.as_str(), writing.act.at);
        statements.extend(discounts::redeeming(tenant, &after, by).into_iter().flatten());
    }
    let both = writing.before.map(|before| (before, &after));
    statements.extend(both.and_then(|both| discounts::settling(tenant, both, writing.act.at)));
    let both = (tenant, writing.id);
    statements.extend(credits::moving(both, writing.act, writing.versions()));
    let cause = Cause {
        order: writing.id,
        reason: reason(writing.events),
        actor: writing.act.actor,
        at: writing.act.at,
    };
    statements.extend(moving(tenant, &moves(writing.events), &cause).into_iter().flatten());
    let placed = place(tenant, writing);
    let draws = placed.is_some();
    statements.extend(placed);
    let mut answers = fly_routinely(db, Some(tenant), &statements).await?;
    if draws {
        let drawn = answers.pop().unwrap_or_default();
        let row = crate::one_row(drawn, "order number")?;
        after.number = row.get(0);
    }
    Ok(after)
}

impl Writing<'_> {
    /// The events with their places in the history of the order.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (i32, &Event)> {
        let before = self.before.map_or(0, |order| order.version);
        (before + 1..).zip(self.events)
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
        let (kind, body) =
            event.to_wire().map_err(|error| Error::Stored("order event", error.into()))?;
        Ok(EventRow { order: writing.id.0, version, kind, body: body.to_string() })
    };
    events.map(row).collect()
}

fn place(tenant: TenantNumber, writing: &Writing<'_>) -> Option<Statement> {
    let (version, event) = writing.versions().find(|(_, event)| is_placed(event))?;
    let (kind, _) = event.to_wire().ok()?;
    Some(
        Statement::new(include_str!("place.sql"))
            .with(tenant.0, Type::INT4)
            .with(writing.id.0, Type::UUID)
            .with(version, Type::INT4)
            .with(kind, Type::TEXT)
            .with(writing.act.actor.to_owned(), Type::TEXT)
            .with(writing.act.request_id.map(str::to_owned), Type::TEXT)
            .with(writing.act.at, Type::TIMESTAMPTZ),
    )
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

/// Those who follow the order are told that something happened.
fn nudge(tenant: TenantNumber, writing: &Writing<'_>) -> Result<Option<Statement>, Error> {
    let followers = writing.events.iter().flat_map(Event::followers);
    let queues: BTreeSet<&str> = followers.map(|queue| queue.as_str()).collect();
    if queues.is_empty() {
        return Ok(None);
    }
    let body = serde_json::to_string(&Nudge::Order { tenant, order: writing.id });
    Ok(Some(
        Statement::new(include_str!("../outbox/nudge.sql"))
            .with(tenant.0, Type::INT4)
            .with(queues.into_iter().collect::<Vec<_>>(), Type::TEXT_ARRAY)
            .with(body.map_err(|error| Error::Stored("nudge", error.into()))?, Type::TEXT),
    ))
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
