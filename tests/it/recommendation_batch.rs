//! What is bought together is counted by night, to the same however often.

use std::collections::BTreeMap;
use std::time::Duration;

use app::{Deadline, Delivery, Role, Trigger};
use domain::access::Scope;
use domain::id::{LineId, OrderId, PaymentId, ProductId, RefundId, VariantId};
use domain::message::{QueueName, RecommendationMessage};
use domain::order::{Command, Line, Order, Totals, decide, open};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::World;
use tests::lambda::function;
use tests::shop::product;
use uuid::Uuid;

use crate::orders::shop::{NOW, terms, write};

/// A shop that sells things, each by the letters of its name.
pub(crate) struct Stall {
    pub(crate) world: World,
    pub(crate) keeper: String,
    pub(crate) things: BTreeMap<String, Uuid>,
}

impl Stall {
    pub(crate) async fn open() -> Self {
        let world = World::at(NOW).await.with_tenant("Europe/Berlin").await;
        let keeper = world.key(&[Scope::CatalogRead, Scope::CatalogWrite]).await;
        Self { world, keeper, things: BTreeMap::new() }
    }

    /// Sells a thing of a category, of which there is always one more.
    pub(crate) async fn sells(&mut self, name: &str, category: &str) {
        self.sells_so(name, category, |_thing| {}).await;
    }

    /// Sells a thing that differs.
    pub(crate) async fn sells_so(
        &mut self,
        name: &str,
        category: &str,
        differ: impl FnOnce(&mut Value),
    ) {
        let (id, mut thing) = product(name, &["one"]);
        thing["categories"] = json!([category]);
        thing["variants"][0]["is_stocked"] = json!(false);
        differ(&mut thing);
        let id = *self.things.entry(name.to_owned()).or_insert(id);
        self.world.put(&format!("/v1/products/{id}"), &self.keeper, &thing).await.expect(200);
    }

    /// So many orders, each of these things, a letter a thing.
    pub(crate) async fn sold(&self, times: usize, letters: &str) {
        for _ in 0..times {
            self.order(letters, NOW.parse().unwrap()).await;
        }
    }

    async fn order(&self, letters: &str, at: Timestamp) -> Order {
        let things: Vec<Uuid> =
            letters.chars().map(|letter| self.things[&letter.to_string()]).collect();
        self.order_of(&things, at).await
    }

    /// An order that costs nothing, so that it is placed at once.
    async fn order_of(&self, things: &[Uuid], at: Timestamp) -> Order {
        let mut terms = terms(Uuid::now_v7());
        let line = |thing: &Uuid| Line {
            id: LineId(Uuid::now_v7()),
            product: ProductId(*thing),
            variant: VariantId(*thing),
            is_stocked: false,
            unit_price_minor: 0,
            net_minor: 0,
            tax_minor: 0,
            ..terms.lines[0].clone()
        };
        terms.lines = things.iter().map(line).collect();
        terms.totals = Totals::default();
        let id = OrderId(Uuid::now_v7());
        let events = open(id, terms, vec![], PaymentId(Uuid::now_v7()), None).unwrap();
        self.write(id, None, &events, at).await
    }

    async fn write(
        &self,
        id: OrderId,
        before: Option<&Order>,
        events: &[domain::order::Event],
        at: Timestamp,
    ) -> Order {
        let (db, tenant) = (self.world.app(Role::App).db.clone(), self.world.tenant().number);
        let order = write(&db, tenant, (id, before, events), at).await.unwrap();
        // Those who follow orders are not asked here.
        self.world.sql("delete from outbox").await;
        order
    }

    /// A night passes.
    pub(crate) async fn counts(&self) {
        for schedule in ["keeper", "sweeper"] {
            self.world.tick(schedule).await;
        }
        self.world.drain_queues().await;
    }

    async fn count_once(&self) {
        let tenant = self.world.tenant().number;
        let delivery = Delivery {
            body: serde_json::to_string(&RecommendationMessage::Count { tenant }).unwrap(),
            attempt: 1,
            deadline: Deadline::within(Duration::from_secs(60)),
        };
        let Trigger::Queue(QueueName::Recommendations, consumer) =
            function("recommendation-batch").trigger
        else {
            panic!("it consumes recommendations")
        };
        consumer(self.world.app(Role::App), delivery).await.unwrap();
    }

    /// What is kept: the names of two things, the orders that have both, and the lift.
    async fn pairs(&self) -> Vec<(String, String, i32, f64)> {
        let sql = "select p.slug, o.slug, t.orders, t.lift from bought_together t
                   join product p on p.id = t.product join product o on o.id = t.other
                   order by p.slug, t.lift desc, o.slug";
        let rows = self.world.sql(sql).await;
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
    }

    async fn counted(&self) -> i64 {
        self.world.count("select coalesce(sum(orders), -1) from recommendation_run").await
    }
}

fn pair(of: &str, other: &str, orders: i32, lift: f64) -> (String, String, i32, f64) {
    (of.to_owned(), other.to_owned(), orders, lift)
}

#[tokio::test]
async fn what_is_bought_together_is_counted_as_by_hand() {
    let mut stall = Stall::open().await;
    for name in ["a", "b", "c", "d", "x"] {
        stall.sells(name, "things").await;
    }
    for (times, letters) in [(3, "ab"), (1, "abc"), (1, "c"), (3, "cd"), (2, "x")] {
        stall.sold(times, letters).await;
    }
    let now: Timestamp = NOW.parse().unwrap();
    // These do not count: called off, held, older than a year.
    for command in [
        Command::Cancel { reason: "no".to_owned(), refund: RefundId(Uuid::now_v7()) },
        Command::Hold,
    ] {
        let order = stall.order("ax", now).await;
        let events = decide(&order, command).unwrap();
        stall.write(order.id, Some(&order), &events, now).await;
    }
    for days in [366, 400] {
        stall.order("ax", now - SignedDuration::from_hours(24 * days)).await;
    }
    stall.counts().await;
    // Of ten orders four have a, four b, five c, three d; four have a and b, three c and d.
    let by_hand = [
        pair("a", "b", 4, 2.5),
        pair("b", "a", 4, 2.5),
        pair("c", "d", 3, 2.0),
        pair("d", "c", 3, 2.0),
    ];
    assert_eq!(stall.pairs().await, by_hand);
    assert_eq!(stall.counted().await, 10);
    let bought = stall
        .world
        .sql("select p.slug, b.orders from bought b join product p on p.id = b.product order by 1");
    let bought: Vec<(String, i32)> =
        bought.await.iter().map(|row| (row.get(0), row.get(1))).collect();
    let orders = [("a", 4), ("b", 4), ("c", 5), ("d", 3), ("x", 2)];
    assert_eq!(bought, orders.map(|(name, orders)| (name.to_owned(), orders)));
}

#[tokio::test]
async fn counting_twice_or_at_once_changes_nothing_and_counting_anew_forgets() {
    let mut stall = Stall::open().await;
    for name in ["a", "b", "c"] {
        stall.sells(name, "things").await;
    }
    stall.sold(4, "ab").await;
    stall.sold(4, "c").await;
    stall.counts().await;
    let (before, counted) = (stall.pairs().await, stall.counted().await);
    assert_eq!((before.len(), counted), (2, 8));
    stall.counts().await;
    assert_eq!((stall.pairs().await, stall.counted().await), (before.clone(), counted));
    join_all((0..6).map(|_| stall.count_once())).await;
    assert_eq!((stall.pairs().await, stall.counted().await), (before, counted));
    // What was called off is no reason any more, nor is what is a year ago.
    stall.world.sql("update orders set placed_at = placed_at - interval '366 days'").await;
    stall.counts().await;
    assert_eq!((stall.pairs().await, stall.counted().await), (vec![], 0));
    assert_eq!(stall.world.count("select count(*) from bought").await, 0);
}

#[tokio::test]
async fn a_shop_without_orders_is_left_in_peace() {
    let stall = Stall::open().await;
    stall.world.tick("keeper").await;
    assert_eq!(stall.world.count("select count(*) from outbox").await, 0);
    stall.counts().await;
    assert_eq!(stall.counted().await, -1);
}

#[tokio::test]
async fn a_count_is_bounded_whatever_was_ordered() {
    let stall = Stall::open().await;
    let things: Vec<Uuid> = (0..40).map(|_| Uuid::now_v7()).collect();
    for _ in 0..3 {
        stall.order_of(&things, NOW.parse().unwrap()).await;
    }
    stall.count_once().await;
    // Of 40 lines the first twelve.
    let counted = "select count(*) from bought where orders = 3";
    assert_eq!(stall.world.count(counted).await, 12);
    let last = format!("select count(*) from bought where product = '{}'", things[12]);
    assert_eq!(stall.world.count(&last).await, 0);
    // Of more than 20,000 orders the newest: the three above are older.
    stall
        .world
        .sql(
            "with made as (
                 insert into orders (tenant, id, cart, contact, version, status, payment_status,
                     fulfillment_status, is_disputed, currency, country, channel, total_minor,
                     captured_minor, refunding_minor, placed_at)
                 select 1, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, 'confirmed',
                     'none', 'none', false, 'EUR', 'DE', 'web', 0, 0, 0,
                     '2026-11-21T07:00:00Z'::timestamptz - interval '1 day'
                 from generate_series(1, 20001)
                 returning id
             )
             insert into order_event (tenant, order_id, version, kind, body, actor)
             select 1, id, 1, 'order.opened.v1', jsonb_build_object('lines', jsonb_build_array(
                 jsonb_build_object('product', '7a6e0000-0000-7000-8000-00000000000a'),
                 jsonb_build_object('product', case when row_number() over () % 2 = 0
                     then '7a6e0000-0000-7000-8000-00000000000b'
                     else '7a6e0000-0000-7000-8000-00000000000c' end))), 'test'
             from made",
        )
        .await;
    stall
        .world
        .sql(
            "update orders set placed_at = placed_at - interval '9 days'
                     where id in (select order_id from order_event where version = 2)",
        )
        .await;
    stall.count_once().await;
    assert_eq!(stall.counted().await, 20_000);
    assert_eq!(
        stall.world.count(&last.replace(&things[12].to_string(), &things[0].to_string())).await,
        0
    );
    // Everybody bought the one: that is no reason for either of the others.
    assert_eq!(stall.world.count("select count(*) from bought_together").await, 0);
}
