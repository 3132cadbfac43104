use std::collections::BTreeSet;
use std::time::Duration;

use domain::id::{OrderId, TenantNumber};
use domain::message::Nudge;
use domain::order::{Event, Order, PutBack, evolve, moves, postings};
use tokio_postgres::types::Type;

use super::Act;
use crate::checkout::{Answer, Opening};
use crate::discounts;
use crate::statement::{Statement, fly_routinely};
use crate::stock::{Cause, moving};
use crate::{Db, Error, parcels};

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

/// Whoever wrote that something is to be asked of the provider asks it. If he dies, another may
/// after this time: a call has 29 seconds.
const OPERATION_LEASE: Duration = Duration::from_secs(35);

/// Writes events down, with all that follows from them: the projection, the books, stock,
/// messages, the number of an order that is placed. One transaction, one round trip; the rows
/// that others wait for come last. The order as it is then.
///
/// # Errors
/// [`Error::Conflict`] when another wrote first: load and decide again. [`Error::Statement`] with
/// the constraint `stock_not_oversold` when the stock is gone.
pub async fn write(db: &Db, tenant: TenantNumber, writing: &Writing<'_>) -> Result<Order, Error> {
    let mut after = folded(writing)?;
    // First, so that what was heard before is refused before anything is locked.
    let said = writing.act.said.map(|said| said.statement(writing.events.len(), writing.act.at));
    let mut statements: Vec<Statement> = said.into_iter().collect();
    if let Some(opening) = writing.opening {
        statements.extend(opening.statements(tenant, &after, writing.act.at));
    }
    statements.extend(append(tenant, writing)?);
    statements.push(project(tenant, &after, writing));
    statements.extend(pay(tenant, &after, writing));
    statements.extend(about_customer(tenant, writing));
    statements.extend(parcels::track(tenant, writing.id, writing.events));
    statements.extend(parcels::forget(tenant, writing.id, writing.events));
    statements.extend(writing.answer.map(|answer| answer.statement(tenant)));
    statements.extend(post(tenant, writing));
    statements.extend(nudge(tenant, writing)?);
    if let Some(opening) = writing.opening {
        let by = (opening.contact.email.as_str(), writing.act.at);
        statements.extend(discounts::redeeming(tenant, &after, by).into_iter().flatten());
    }
    let both = writing.before.map(|before| (before, &after));
    statements.extend(both.and_then(|both| discounts::settling(tenant, both, writing.act.at)));
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
    let mut answers = fly_routinely(db, tenant, &statements).await?;
    if draws {
        let drawn = answers.pop().unwrap_or_default();
        let row = crate::one_row(drawn, "order number")?;
        after.number = row.get(0);
    }
    Ok(after)
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

fn versions<'a>(writing: &'a Writing<'_>) -> impl Iterator<Item = (i32, &'a Event)> {
    let before = writing.before.map_or(0, |order| order.version);
    (before + 1..).zip(writing.events)
}

fn append(tenant: TenantNumber, writing: &Writing<'_>) -> Result<Option<Statement>, Error> {
    let (mut numbers, mut kinds, mut bodies) = (vec![], vec![], vec![]);
    for (version, event) in versions(writing).filter(|(_, event)| !is_placed(event)) {
        let (kind, body) =
            event.to_wire().map_err(|error| Error::Stored("order event", error.into()))?;
        numbers.push(version);
        kinds.push(kind);
        bodies.push(body.to_string());
    }
    if numbers.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        Statement::new(include_str!("append.sql"))
            .with(tenant.0, Type::INT4)
            .with(writing.id.0, Type::UUID)
            .with(numbers, Type::INT4_ARRAY)
            .with(kinds, Type::TEXT_ARRAY)
            .with(bodies, Type::TEXT_ARRAY)
            .with(writing.act.actor.to_owned(), Type::TEXT)
            .with(writing.act.request_id.map(str::to_owned), Type::TEXT)
            .with(writing.act.at, Type::TIMESTAMPTZ),
    ))
}

fn project(tenant: TenantNumber, order: &Order, writing: &Writing<'_>) -> Statement {
    let terms = &order.terms;
    let due_at = (!order.operations().is_empty()).then(|| writing.act.at + OPERATION_LEASE);
    let expires_at = order.is_waiting().then_some(terms.expires_at);
    Statement::new(include_str!("project.sql"))
        .with(tenant.0, Type::INT4)
        .with(order.id.0, Type::UUID)
        .with(terms.cart.0, Type::UUID)
        .with(terms.contact.0, Type::UUID)
        .with(order.version, Type::INT4)
        .with(order.status().as_str(), Type::TEXT)
        .with(order.payment_status().as_str(), Type::TEXT)
        .with(order.fulfillment_status().as_str(), Type::TEXT)
        .with(order.is_disputed(), Type::BOOL)
        .with(terms.currency.code().to_owned(), Type::TEXT)
        .with(terms.country.clone(), Type::TEXT)
        .with(terms.channel.clone(), Type::TEXT)
        .with(terms.totals.total_minor, Type::INT8)
        .with(order.captured_minor(), Type::INT8)
        .with(order.refunding_minor(), Type::INT8)
        .with(expires_at, Type::TIMESTAMPTZ)
        .with(due_at, Type::TIMESTAMPTZ)
        .with(writing.act.at, Type::TIMESTAMPTZ)
}

/// Payments that are new or have a new reference.
fn pay(tenant: TenantNumber, order: &Order, writing: &Writing<'_>) -> Option<Statement> {
    let changed = |id| {
        writing.events.iter().any(|event| {
            matches!(event, Event::PaymentRequested { payment, .. }
                | Event::PaymentStarted { payment, .. } if *payment == id)
        })
    };
    let payments = order.payments.iter().filter(|payment| changed(payment.id));
    let (ids, references): (Vec<_>, Vec<_>) =
        payments.map(|payment| (payment.id.0, payment.reference.clone())).unzip();
    (!ids.is_empty()).then(|| {
        Statement::new(include_str!("pay.sql"))
            .with(tenant.0, Type::INT4)
            .with(order.id.0, Type::UUID)
            .with(writing.act.gateway.to_owned(), Type::TEXT)
            .with(ids, Type::UUID_ARRAY)
            .with(references, Type::TEXT_ARRAY)
    })
}

fn post(tenant: TenantNumber, writing: &Writing<'_>) -> Option<Statement> {
    let mut before = writing.before.cloned();
    let (mut numbers, mut accounts, mut amounts) = (vec![], vec![], vec![]);
    let mut currency = None;
    for (version, event) in versions(writing) {
        if let Some(order) = before.take() {
            for posting in postings(&order, event) {
                numbers.push(version);
                accounts.push(posting.account.as_str());
                amounts.push(posting.amount_minor);
            }
            before = Some(evolve(order, event));
        } else {
            before = Order::fold(writing.id, [event]);
        }
        currency = currency.or(before.as_ref().map(|order| order.terms.currency));
    }
    let currency = currency.filter(|_| !numbers.is_empty())?;
    Some(
        Statement::new(include_str!("post.sql"))
            .with(tenant.0, Type::INT4)
            .with(writing.id.0, Type::UUID)
            .with(currency.code().to_owned(), Type::TEXT)
            .with(numbers, Type::INT4_ARRAY)
            .with(accounts, Type::TEXT_ARRAY)
            .with(amounts, Type::INT8_ARRAY),
    )
}

fn place(tenant: TenantNumber, writing: &Writing<'_>) -> Option<Statement> {
    let (version, event) = versions(writing).find(|(_, event)| is_placed(event))?;
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
