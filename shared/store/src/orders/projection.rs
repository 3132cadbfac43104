use std::time::Duration;

use domain::id::TenantNumber;
use domain::order::{Event, Order, evolve, postings};
use jiff::Timestamp;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::write::Writing;
use crate::statement::{Statement, column};

/// An order, as lists and lookups find it.
#[derive(Clone, Debug)]
pub(crate) struct OrderRow {
    pub(crate) id: Uuid,
    pub(crate) cart: Uuid,
    pub(crate) contact: Uuid,
    /// Drawn last in the transaction that places it, so it is none here when that is written.
    pub(crate) number: Option<i64>,
    pub(crate) version: i32,
    pub(crate) status: String,
    pub(crate) payment_status: String,
    pub(crate) fulfillment_status: String,
    pub(crate) is_disputed: bool,
    pub(crate) currency: String,
    pub(crate) country: String,
    pub(crate) channel: String,
    pub(crate) total_minor: i64,
    pub(crate) captured_minor: i64,
    pub(crate) refunding_minor: i64,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) operation_due_at: Option<Timestamp>,
    pub(crate) opened_at: Timestamp,
    /// Written with the number.
    pub(crate) placed_at: Option<Timestamp>,
    pub(crate) spent_minor: i64,
}

/// A payment, as it is found by its provider's name for it.
#[derive(Clone, Debug)]
pub(crate) struct PaymentRow {
    pub(crate) id: Uuid,
    pub(crate) order: Uuid,
    pub(crate) gateway: String,
    pub(crate) reference: Option<String>,
}

/// A line in the books.
#[derive(Clone, Debug)]
pub(crate) struct PostingRow {
    pub(crate) order: Uuid,
    pub(crate) version: i32,
    pub(crate) account: String,
    pub(crate) currency: String,
    pub(crate) amount_minor: i64,
}

/// Whoever wrote that something is to be asked of the provider asks it. If he dies, another may
/// after this time: a call has 29 seconds.
const OPERATION_LEASE: Duration = Duration::from_secs(35);

/// The row of an order after what was written.
pub(crate) fn order_row(order: &Order, writing: &Writing<'_>) -> OrderRow {
    let (terms, at) = (&order.terms, writing.act.at);
    OrderRow {
        id: order.id.0,
        cart: terms.cart.0,
        contact: terms.contact.0,
        number: None,
        version: order.version,
        status: order.status().as_str().to_owned(),
        payment_status: order.payment_status().as_str().to_owned(),
        fulfillment_status: order.fulfillment_status().as_str().to_owned(),
        is_disputed: order.is_disputed(),
        currency: terms.currency.code().to_owned(),
        country: terms.country.clone(),
        channel: terms.channel.clone(),
        total_minor: terms.totals.total_minor,
        captured_minor: order.captured_minor(),
        refunding_minor: order.refunding_minor(),
        expires_at: order.is_waiting().then_some(terms.expires_at),
        operation_due_at: (!order.operations().is_empty()).then(|| at + OPERATION_LEASE),
        opened_at: at,
        placed_at: None,
        spent_minor: order.spent_minor(),
    }
}

/// Payments that are new or have a new reference.
pub(crate) fn payment_rows(order: &Order, writing: &Writing<'_>) -> Vec<PaymentRow> {
    let changed = |id| {
        writing.events.iter().any(|event| {
            matches!(event, Event::PaymentRequested { payment, .. }
                | Event::PaymentStarted { payment, .. } if *payment == id)
        })
    };
    let payments = order.payments.iter().filter(|payment| changed(payment.id));
    payments
        .map(|payment| PaymentRow {
            id: payment.id.0,
            order: order.id.0,
            gateway: writing.act.gateway.to_owned(),
            reference: payment.reference.clone(),
        })
        .collect()
}

/// What was written, in the books.
pub(crate) fn posting_rows(writing: &Writing<'_>) -> Vec<PostingRow> {
    let mut before = writing.before.cloned();
    let mut rows = vec![];
    for (version, event) in writing.versions() {
        let Some(order) = before.take() else {
            before = Order::fold(writing.id, [event]);
            continue;
        };
        rows.extend(postings(&order, event).into_iter().map(|posting| PostingRow {
            order: writing.id.0,
            version,
            account: posting.account.as_str().to_owned(),
            currency: order.terms.currency.code().to_owned(),
            amount_minor: posting.amount_minor,
        }));
        before = Some(evolve(order, event));
    }
    rows
}

/// An event, as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct EventRow {
    pub(crate) order: Uuid,
    pub(crate) version: i32,
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) by: By,
}

/// Who wrote an event, in which request, and when.
#[derive(Clone, Debug)]
pub(crate) struct By {
    pub(crate) actor: String,
    pub(crate) request_id: Option<String>,
    pub(crate) at: Timestamp,
}

/// What is written of orders at once.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) events: Vec<EventRow>,
    pub(crate) orders: Vec<OrderRow>,
    pub(crate) payments: Vec<PaymentRow>,
    pub(crate) postings: Vec<PostingRow>,
}

impl Rows {
    pub(crate) fn append(&mut self, mut other: Self) {
        self.events.append(&mut other.events);
        self.orders.append(&mut other.orders);
        self.payments.append(&mut other.payments);
        self.postings.append(&mut other.postings);
    }

    pub(crate) fn statement(&self, tenant: TenantNumber) -> Statement {
        let Self { events, orders, payments, postings } = self;
        let statement = Statement::new(include_str!("write.sql"))
            .with(tenant.0, Type::INT4)
            .with(column(events, |row| row.order), Type::UUID_ARRAY)
            .with(column(events, |row| row.version), Type::INT4_ARRAY)
            .with(column(events, |row| row.kind.clone()), Type::TEXT_ARRAY)
            .with(column(events, |row| row.body.clone()), Type::TEXT_ARRAY)
            .with(column(events, |row| row.by.actor.clone()), Type::TEXT_ARRAY)
            .with(column(events, |row| row.by.request_id.clone()), Type::TEXT_ARRAY)
            .with(column(events, |row| row.by.at), Type::TIMESTAMPTZ_ARRAY);
        of_orders(statement, orders)
            .with(column(payments, |row| row.id), Type::UUID_ARRAY)
            .with(column(payments, |row| row.order), Type::UUID_ARRAY)
            .with(column(payments, |row| row.gateway.clone()), Type::TEXT_ARRAY)
            .with(column(payments, |row| row.reference.clone()), Type::TEXT_ARRAY)
            .with(column(postings, |row| row.order), Type::UUID_ARRAY)
            .with(column(postings, |row| row.version), Type::INT4_ARRAY)
            .with(column(postings, |row| row.account.clone()), Type::TEXT_ARRAY)
            .with(column(postings, |row| row.currency.clone()), Type::TEXT_ARRAY)
            .with(column(postings, |row| row.amount_minor), Type::INT8_ARRAY)
    }
}

fn of_orders(statement: Statement, rows: &[OrderRow]) -> Statement {
    statement
        .with(column(rows, |row| row.id), Type::UUID_ARRAY)
        .with(column(rows, |row| row.cart), Type::UUID_ARRAY)
        .with(column(rows, |row| row.contact), Type::UUID_ARRAY)
        .with(column(rows, |row| row.number), Type::INT8_ARRAY)
        .with(column(rows, |row| row.version), Type::INT4_ARRAY)
        .with(column(rows, |row| row.status.clone()), Type::TEXT_ARRAY)
        .with(column(rows, |row| row.payment_status.clone()), Type::TEXT_ARRAY)
        .with(column(rows, |row| row.fulfillment_status.clone()), Type::TEXT_ARRAY)
        .with(column(rows, |row| row.is_disputed), Type::BOOL_ARRAY)
        .with(column(rows, |row| row.currency.clone()), Type::TEXT_ARRAY)
        .with(column(rows, |row| row.country.clone()), Type::TEXT_ARRAY)
        .with(column(rows, |row| row.channel.clone()), Type::TEXT_ARRAY)
        .with(column(rows, |row| row.total_minor), Type::INT8_ARRAY)
        .with(column(rows, |row| row.captured_minor), Type::INT8_ARRAY)
        .with(column(rows, |row| row.refunding_minor), Type::INT8_ARRAY)
        .with(column(rows, |row| row.expires_at), Type::TIMESTAMPTZ_ARRAY)
        .with(column(rows, |row| row.operation_due_at), Type::TIMESTAMPTZ_ARRAY)
        .with(column(rows, |row| row.opened_at), Type::TIMESTAMPTZ_ARRAY)
        .with(column(rows, |row| row.placed_at), Type::TIMESTAMPTZ_ARRAY)
        .with(column(rows, |row| row.spent_minor), Type::INT8_ARRAY)
}
