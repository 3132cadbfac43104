//! Of what is kept of orders, `orders`, `payment` and `posting` follow from their events and can be
//! made anew. Every history is folded, its rows are made by what makes them when it is written
//! (`orders::projection`), and held against those that stand there. Nothing is written meanwhile,
//! and nobody waits: a tenant is read as it is at one instant. [`Purpose::Mend`] writes the rows of
//! those orders anew where one differs, in the same transaction.
//!
//! What else is kept of orders is no copy, and never touched:
//!
//! - `stock_movement` and `stock`: adjustments by hand stand among the movements, and others count
//!   on their ids. What orders moved is held against what their events say, and the columns against
//!   the sums of the ledger; where they differ, somebody has to count.
//! - `credit` and its entries: what a card holds, from orders and by hand.
//! - `parcel`: which order a tracking number is of, for as long as carriers may tell of it.
//! - `sequence_number`, `invoice`: numbers that were drawn. Those of orders are checked for gaps.
//! - Of a payment its gateway, and when its provider may be asked by others: no event says them.
//! - `contact`, `redemption`, `payment_notice`, `order_letter`, `hook_delivery`, `order_follower`,
//!   `checkout_call`: whom, what and how far. Figures of sales are points, with ids of their own.
//!
//! A history with a gap, or without its beginning, proves nothing: its rows stay as they are, and
//! so do rows of orders without any event.
//!
//! The time grows with the events and with the rows of the ledger of stock; memory holds some
//! thousand events with the rows of their orders, and three sums for each row of stock.

use std::collections::BTreeSet;

use domain::id::{OrderId, TenantNumber};
use domain::order::{Event, Order};
use domain::payment::STRIPE;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use self::ledgers::Sums;
use self::rows::Rows;
use crate::orders::projection::{self, order_row, payment_rows, posting_rows};
use crate::orders::{Act, Writing};
use crate::statement::{Statement, within};
use crate::{Db, Error, Flight, Parameter, Tx};

/// Stock, numbers and books as sums.
mod ledgers;
/// Rows that were made anew, and those that stand there.
mod rows;

/// What becomes of rows that are not as their events say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// They are told.
    Look,
    /// They are told, and written anew.
    Mend,
}

/// Something that is not as the events of orders say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands.
    pub table: &'static str,
    /// In which row.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
    /// It is written anew.
    pub is_mended: bool,
}

/// What was looked at, and found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Orders that have events.
    pub orders: u64,
    /// Their events.
    pub events: u64,
    /// Faults that were told.
    pub faults: u64,
    /// Those of them that are gone.
    pub mended: u64,
}

/// Whoever makes rows anew has done nothing. The only gateway there is; a row that stands there
/// knows better.
const NOBODY: Act<'static> = Act::by("", STRIPE, Timestamp::UNIX_EPOCH);

/// Events that are read at once.
const PAGE: i64 = 4_000;

/// All tenants, and what they are called.
///
/// # Errors
/// What Postgres answers.
pub async fn shops(db: &Db) -> Result<Vec<(TenantNumber, String)>, Error> {
    let sql = include_str!("replay/shops.sql");
    let answers = db.flight(None, &[Flight { sql, parameters: &[] }]).await?;
    Ok(answers[0].iter().map(|row| (TenantNumber(row.get(0)), row.get(1))).collect())
}

/// Holds what is kept of a tenant's orders against their events, and tells every difference. In the
/// role `owner`.
///
/// # Errors
/// What Postgres answers; nothing was written then. [`Error::Contended`] when an order was to be
/// mended that somebody wrote to meanwhile: look again.
pub async fn replay(
    db: &Db,
    tenant: TenantNumber,
    purpose: Purpose,
    tell: &mut dyn FnMut(&Fault),
) -> Result<Replayed, Error> {
    let tx = db.frozen(tenant).await?;
    let (sums, done) = (Sums::default(), Replayed::default());
    let mut replay = Replay { tx: &tx, tenant, purpose, tell, sums, done };
    let read = replay.all().await;
    let done = replay.done;
    match read {
        Ok(()) if done.mended > 0 => tx.commit().await?,
        Ok(()) => tx.rollback().await?,
        Err(error) => return Err(error),
    }
    Ok(done)
}

struct Replay<'a> {
    tx: &'a Tx,
    tenant: TenantNumber,
    purpose: Purpose,
    tell: &'a mut dyn FnMut(&Fault),
    sums: Sums,
    done: Replayed,
}

/// The events of an order, as far as they make sense.
struct History {
    order: OrderId,
    events: Vec<Event>,
    opened_at: Timestamp,
    placed_at: Option<Timestamp>,
    changed_at: Timestamp,
    broken: Option<String>,
}

impl Replay<'_> {
    /// Order by order. What one page leaves unfinished begins the next.
    async fn all(&mut self) -> Result<(), Error> {
        let (mut after, mut compared) = ((Uuid::nil(), 0), Uuid::nil());
        let mut unfinished: Option<History> = None;
        loop {
            let page = self.page(after).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            let mut histories: Vec<History> = unfinished.take().into_iter().collect();
            for row in &page {
                read(&mut histories, row);
                after = (row.get(0), row.get(1));
            }
            if !is_last {
                unfinished = histories.pop();
            }
            let up_to = match histories.last() {
                _ if is_last => Uuid::max(),
                Some(last) => last.order.0,
                None => continue,
            };
            self.compare(&histories, (compared, up_to)).await?;
            if is_last {
                break;
            }
            compared = up_to;
        }
        self.ledgers().await
    }

    async fn page(&self, (order, version): (Uuid, i32)) -> Result<Vec<Row>, Error> {
        let parameters: &[Parameter<'_>] = &[
            (&self.tenant.0, Type::INT4),
            (&order, Type::UUID),
            (&version, Type::INT4),
            (&PAGE, Type::INT8),
        ];
        self.tx.query(include_str!("replay/events.sql"), parameters).await
    }

    /// Makes the rows of these orders anew, and holds them against all that stand in their range.
    async fn compare(&mut self, histories: &[History], range: (Uuid, Uuid)) -> Result<(), Error> {
        let (mut anew, mut sound) = (Rows::default(), BTreeSet::new());
        for history in histories {
            self.done.orders += 1;
            self.done.events += history.events.len() as u64;
            match self.fold(history, &mut anew) {
                Ok(()) => drop(sound.insert(history.order.0)),
                Err(what) => self.tell(("order_event", history.order.to_string()), what, false),
            }
        }
        let known: BTreeSet<Uuid> = histories.iter().map(|history| history.order.0).collect();
        let kept = Rows::read(self.tx, self.tenant, range).await?;
        anew.take_over(&kept);
        let differences = anew.differences(&kept);
        let mends = |order: &Uuid| self.purpose == Purpose::Mend && sound.contains(order);
        let wrong: BTreeSet<Uuid> = differences.iter().map(|it| it.order).filter(&mends).collect();
        for it in differences {
            let is_mended = wrong.contains(&it.order);
            let what = match known.contains(&it.order) {
                true if !sound.contains(&it.order) => continue,
                true => it.what,
                false => "the order has no events".to_owned(),
            };
            self.tell((it.table, it.key), what, is_mended);
        }
        self.mend(wrong, anew).await
    }

    /// Adds the rows that follow from a history. Fails when it is broken.
    fn fold(&mut self, history: &History, anew: &mut Rows) -> Result<(), String> {
        if let Some(broken) = &history.broken {
            return Err(broken.clone());
        }
        let nothing = || "the history does not begin with an opening".to_owned();
        let order = Order::fold(history.order, &history.events).ok_or_else(nothing)?;
        let act = Act { at: history.changed_at, ..NOBODY };
        let (id, events) = (history.order, &history.events[..]);
        let writing = Writing { id, before: None, events, act: &act, opening: None, answer: None };
        let mut row = order_row(&order, &writing);
        row.number = order.number;
        row.opened_at = history.opened_at;
        row.placed_at = history.placed_at;
        anew.orders.insert(row.id, row);
        anew.add_payments(payment_rows(&order, &writing));
        let postings = posting_rows(&writing);
        for version in self.sums.add(events, order.number, &postings) {
            let what = "the entries of the event do not add up to nothing".to_owned();
            self.tell(("posting", format!("{id} {version}")), what, false);
        }
        anew.add_postings(postings);
        Ok(())
    }

    /// Writes all rows of these orders anew.
    async fn mend(&mut self, wrong: BTreeSet<Uuid>, anew: Rows) -> Result<(), Error> {
        if wrong.is_empty() {
            return Ok(());
        }
        let (orders, payments, postings) = anew.of(&wrong);
        let wrong: Vec<Uuid> = wrong.into_iter().collect();
        let ids: Vec<Uuid> = payments.iter().map(|row| row.id).collect();
        let drop = |sql| {
            Statement::new(sql)
                .with(self.tenant.0, Type::INT4)
                .with(wrong.clone(), Type::UUID_ARRAY)
        };
        let rows = projection::Rows { orders, payments, postings, ..Default::default() };
        let statements = [
            drop(include_str!("replay/drop_orders.sql")),
            drop(include_str!("replay/drop_payments.sql")).with(ids, Type::UUID_ARRAY),
            drop(include_str!("replay/drop_postings.sql")),
            rows.statement(self.tenant),
        ];
        within(self.tx, &statements).await.map(std::mem::drop)
    }

    fn tell(&mut self, (table, key): (&'static str, String), what: String, is_mended: bool) {
        self.done.faults += 1;
        self.done.mended += u64::from(is_mended);
        (self.tell)(&Fault { table, key, what, is_mended });
    }
}

/// Adds an event to the history of its order, which may be a new one.
fn read(histories: &mut Vec<History>, row: &Row) {
    let (order, at) = (OrderId(row.get(0)), row.get::<_, Timestamp>(4));
    if histories.last().is_none_or(|history| history.order != order) {
        histories.push(History {
            order,
            events: vec![],
            opened_at: at,
            placed_at: None,
            changed_at: at,
            broken: None,
        });
    }
    let Some(history) = histories.last_mut().filter(|history| history.broken.is_none()) else {
        return;
    };
    let version: i32 = row.get(1);
    if usize::try_from(version).ok() != Some(history.events.len() + 1) {
        history.broken = Some(format!("version {} is missing", history.events.len() + 1));
        return;
    }
    let body = serde_json::from_str(row.get(3));
    let Ok(event) = body.and_then(|body| Event::from_wire(row.get(2), body)) else {
        history.broken = Some(format!("version {version} cannot be read"));
        return;
    };
    if matches!(event, Event::Placed { .. }) {
        history.placed_at = Some(at);
    }
    history.changed_at = at;
    history.events.push(event);
}
