use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use domain::id::TenantNumber;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::orders::projection::{OrderRow, PaymentRow, PostingRow};
use crate::{Error, Flight, Parameter, Tx};

/// Rows of some orders, by their keys.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) orders: BTreeMap<Uuid, OrderRow>,
    payments: BTreeMap<Uuid, PaymentRow>,
    postings: BTreeMap<(Uuid, i32, String), PostingRow>,
}

/// A row that is not as it was made anew.
pub(super) struct Difference {
    pub(super) order: Uuid,
    pub(super) table: &'static str,
    pub(super) key: String,
    pub(super) what: String,
}

/// A row that follows from events.
trait Derived {
    const TABLE: &'static str;

    fn order(&self) -> Uuid;

    fn key(&self) -> String;

    /// Its columns with what is in them.
    fn columns(&self) -> Vec<(&'static str, String)>;
}

impl Rows {
    /// What stands there of orders after the first and up to the second.
    pub(super) async fn read(
        tx: &Tx,
        tenant: TenantNumber,
        (after, up_to): (Uuid, Uuid),
    ) -> Result<Self, Error> {
        let parameters: &[Parameter<'_>] =
            &[(&tenant.0, Type::INT4), (&after, Type::UUID), (&up_to, Type::UUID)];
        let statements = [
            include_str!("orders.sql"),
            include_str!("payments.sql"),
            include_str!("postings.sql"),
        ];
        let statements = statements.map(|sql| Flight { sql, parameters });
        let answers = tx.pipeline(&statements).await?;
        let mut rows = Self::default();
        rows.orders.extend(answers[0].iter().map(|row| (row.get(0), order(row))));
        rows.add_payments(answers[1].iter().map(payment));
        rows.add_postings(answers[2].iter().map(posting));
        Ok(rows)
    }

    pub(super) fn add_payments(&mut self, rows: impl IntoIterator<Item = PaymentRow>) {
        self.payments.extend(rows.into_iter().map(|row| (row.id, row)));
    }

    pub(super) fn add_postings(&mut self, rows: impl IntoIterator<Item = PostingRow>) {
        let keyed = |row: PostingRow| ((row.order, row.version, row.account.clone()), row);
        self.postings.extend(rows.into_iter().map(keyed));
    }

    /// Takes over what no event says: through whom a payment is made, and when others may ask the
    /// provider, as long as something is to be asked.
    pub(super) fn take_over(&mut self, kept: &Self) {
        for (id, row) in &mut self.payments {
            if let Some(kept) = kept.payments.get(id) {
                row.gateway.clone_from(&kept.gateway);
            }
        }
        for (id, row) in &mut self.orders {
            let due_at = kept.orders.get(id).and_then(|kept| kept.operation_due_at);
            row.operation_due_at = row.operation_due_at.map(|made| due_at.unwrap_or(made));
        }
    }

    /// Where what stands there is not what was made anew.
    pub(super) fn differences(&self, kept: &Self) -> Vec<Difference> {
        let mut found = between(&self.orders, &kept.orders);
        found.extend(between(&self.payments, &kept.payments));
        found.extend(between(&self.postings, &kept.postings));
        found
    }

    /// The rows of some orders.
    pub(super) fn of(
        self,
        orders: &BTreeSet<Uuid>,
    ) -> (Vec<OrderRow>, Vec<PaymentRow>, Vec<PostingRow>) {
        (
            self.orders.into_values().filter(|row| orders.contains(&row.id)).collect(),
            self.payments.into_values().filter(|row| orders.contains(&row.order)).collect(),
            self.postings.into_values().filter(|row| orders.contains(&row.order)).collect(),
        )
    }
}

fn between<Key: Ord, Of: Derived>(
    anew: &BTreeMap<Key, Of>,
    kept: &BTreeMap<Key, Of>,
) -> Vec<Difference> {
    let difference =
        |row: &Of, what| Difference { order: row.order(), table: Of::TABLE, key: row.key(), what };
    let mut found = vec![];
    for (key, row) in anew {
        match kept.get(key) {
            None => found.push(difference(row, "the row is missing".to_owned())),
            Some(kept) => found.extend(changes(row, kept).map(|what| difference(row, what))),
        }
    }
    let more = kept.iter().filter(|(key, _)| !anew.contains_key(key));
    found.extend(more.map(|(_, row)| difference(row, "no event made the row".to_owned())));
    found
}

/// What differs, column by column.
fn changes(anew: &impl Derived, kept: &impl Derived) -> Option<String> {
    let both = anew.columns().into_iter().zip(kept.columns());
    let told: Vec<String> = both
        .filter(|((_, anew), (_, kept))| anew != kept)
        .map(|((name, anew), (_, kept))| format!("{name} is {kept}, by the events {anew}"))
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

impl Derived for OrderRow {
    const TABLE: &'static str = "orders";

    fn order(&self) -> Uuid {
        self.id
    }

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn columns(&self) -> Vec<(&'static str, String)> {
        vec![
            ("cart", shown(&self.cart)),
            ("contact", shown(&self.contact)),
            ("number", shown(&self.number)),
            ("version", shown(&self.version)),
            ("status", shown(&self.status)),
            ("payment_status", shown(&self.payment_status)),
            ("fulfillment_status", shown(&self.fulfillment_status)),
            ("is_disputed", shown(&self.is_disputed)),
            ("currency", shown(&self.currency)),
            ("country", shown(&self.country)),
            ("channel", shown(&self.channel)),
            ("total_minor", shown(&self.total_minor)),
            ("captured_minor", shown(&self.captured_minor)),
            ("refunding_minor", shown(&self.refunding_minor)),
            ("expires_at", shown(&self.expires_at.map(as_kept))),
            ("operation_due_at", shown(&self.operation_due_at.map(as_kept))),
            ("opened_at", shown(&self.opened_at)),
            ("placed_at", shown(&self.placed_at)),
            ("spent_minor", shown(&self.spent_minor)),
        ]
    }
}

impl Derived for PaymentRow {
    const TABLE: &'static str = "payment";

    fn order(&self) -> Uuid {
        self.order
    }

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn columns(&self) -> Vec<(&'static str, String)> {
        vec![
            ("order_id", shown(&self.order)),
            ("gateway", shown(&self.gateway)),
            ("reference", shown(&self.reference)),
        ]
    }
}

impl Derived for PostingRow {
    const TABLE: &'static str = "posting";

    fn order(&self) -> Uuid {
        self.order
    }

    fn key(&self) -> String {
        format!("{} {} {}", self.order, self.version, self.account)
    }

    fn columns(&self) -> Vec<(&'static str, String)> {
        vec![("currency", shown(&self.currency)), ("amount_minor", shown(&self.amount_minor))]
    }
}

fn shown(value: &impl Debug) -> String {
    format!("{value:?}")
}

/// Postgres keeps microseconds, and terms have what the clock told.
fn as_kept(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

fn order(row: &Row) -> OrderRow {
    OrderRow {
        id: row.get(0),
        cart: row.get(1),
        contact: row.get(2),
        number: row.get(3),
        version: row.get(4),
        status: row.get(5),
        payment_status: row.get(6),
        fulfillment_status: row.get(7),
        is_disputed: row.get(8),
        currency: row.get(9),
        country: row.get(10),
        channel: row.get(11),
        total_minor: row.get(12),
        captured_minor: row.get(13),
        refunding_minor: row.get(14),
        expires_at: row.get(15),
        operation_due_at: row.get(16),
        opened_at: row.get(17),
        placed_at: row.get(18),
        spent_minor: row.get(19),
    }
}

fn payment(row: &Row) -> PaymentRow {
    PaymentRow { id: row.get(0), order: row.get(1), gateway: row.get(2), reference: row.get(3) }
}

fn posting(row: &Row) -> PostingRow {
    PostingRow {
        order: row.get(0),
        version: row.get(1),
        account: row.get(2),
        currency: row.get(3),
        amount_minor: row.get(4),
    }
}
