use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use app::invoke::{Message, Outcome, deliver};
use app::{Consumer, Deadline, Delivery, Trigger};
use domain::id::{OrderId, PaymentId, TenantNumber};
use domain::message::PaymentMessage;
use domain::money::Money;
use domain::payment::{Fact, Notice, STRIPE, Subject};
use futures_util::future::join_all;
use tests::gateway::euros;

use super::shop::{Shop, one_call};
use super::{AT_ONCE, LINES, ORDERS, PRODUCTS, RUNS, against, median, rate};
use crate::table::Table;

/// An order that waits for its payment.
pub(super) struct Unpaid {
    pub(super) subject: Subject,
    pub(super) amount: Money,
}

/// Orders that were opened are paid: inbox, events, books, stock, messages and their sending, the
/// number. In the same database, by turns: one call of Postgres that writes the same rows up to
/// the outbox.
pub(crate) async fn run() -> Table {
    let mut table = Table::default();
    let shop = Shop::open(PRODUCTS, None).await;
    shop.warm_up().await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let carts = shop.carts(ORDERS, LINES, false).await;
        shop.sell(carts, AT_ONCE).await;
        let carts = shop.carts(ORDERS, LINES, false).await;
        one_call(&shop.world, "open_as_one_call()", (carts.start, ORDERS)).await;
        let unpaid = shop.unpaid(ORDERS).await;
        shop.world.sql("checkpoint").await;
        ours.push(shop.settle(&unpaid).await);
        let first = shop.prepare_to_settle().await;
        theirs.push(one_call(&shop.world, "settle_as_one_call()", (first, ORDERS)).await);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    table.row("orders settled", rate(ours), against(ours, theirs), ">= 0.6");
    shop.is_right().await;
    table
}

impl Shop {
    /// So many orders of ours that wait for their payment.
    pub(super) async fn unpaid(&self, count: i64) -> Vec<Unpaid> {
        let unpaid = format!(
            "select o.id, p.id, o.total_minor
             from checkout_call c
             join orders o on o.id = c.order_id
             join payment p on p.order_id = o.id
             where c.key like 'key-%' and o.status = 'open' order by o.id limit {count}"
        );
        let rows = self.world.sql(&unpaid).await;
        assert_eq!(rows.len() as i64, count, "so many were opened");
        let unpaid = rows.iter().map(|row| Unpaid {
            subject: Subject {
                tenant: TenantNumber(1),
                order: OrderId(row.get(0)),
                payment: PaymentId(row.get(1)),
            },
            amount: euros(row.get(2)),
        });
        unpaid.collect()
    }

    /// Settles them, many at once. Orders a second.
    pub(super) async fn settle(&self, unpaid: &[Unpaid]) -> f64 {
        let settle = tests::lambda::function("payment-settle");
        let Trigger::Queue(_, consumer) = settle.trigger else { unreachable!("it has a queue") };
        let next = AtomicUsize::new(0);
        let started = Instant::now();
        let workers = (0..AT_ONCE).map(|_| async {
            while let Some(unpaid) = unpaid.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.hear(&consumer, unpaid).await;
            }
        });
        join_all(workers).await;
        unpaid.len() as f64 / started.elapsed().as_secs_f64()
    }

    async fn hear(&self, consumer: &Consumer, unpaid: &Unpaid) {
        let notice = Notice {
            event: format!("evt_{}", unpaid.subject.order),
            kind: "payment_intent.succeeded".to_owned(),
            created_at: app::Clock::System.now(),
            reference: format!("pi_{}", unpaid.subject.order),
            subject: Some(unpaid.subject),
            fact: Fact::Captured { amount: unpaid.amount },
        };
        let message = PaymentMessage::Notice { provider: STRIPE.to_owned(), notice };
        let body = serde_json::to_string(&message).expect("it is JSON");
        let deadline = Deadline::within(Duration::from_secs(30));
        let delivery = Delivery { body, attempt: 1, deadline };
        let message = Message { id: "bench", trace: None, delivery };
        let outcome = deliver("payment-settle", &self.app, consumer, message).await;
        assert_eq!(outcome, Outcome::Done);
    }

    /// Lists the orders that the yardstick is to settle; the number of the first.
    async fn prepare_to_settle(&self) -> i64 {
        let listed = format!(
            "with listed as (
                 insert into yardstick_order (order_id, payment, cart)
                 select o.id, p.id, o.cart
                 from checkout_call c
                 join orders o on o.id = c.order_id
                 join payment p on p.order_id = o.id
                 where c.key like 'yardstick %' and o.status = 'open' order by o.id limit {ORDERS}
                 returning n)
             select min(n) from listed"
        );
        let first = self.world.count(&listed).await;
        self.world.sql("analyze yardstick_order").await;
        self.world.sql("checkpoint").await;
        first
    }
}
