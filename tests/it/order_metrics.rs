use domain::id::{OrderId, PaymentId, RefundId};
use domain::payment::Subject;
use jiff::SignedDuration;
use providers::stripe::NewRefund;
use serde_json::{Value, json};
use tests::World;
use tests::gateway::euros;
use uuid::Uuid;

use crate::checkout::Till;

/// The sum of a metric's points that have these tags.
async fn sum(world: &World, metric: &str, tags: &Value) -> i64 {
    let sql = format!(
        "select coalesce(sum(p.value), 0)::bigint from point p
         join series s on s.tenant = p.tenant and s.id = p.series
         join metric m on m.tenant = s.tenant and m.id = s.metric
         where m.name = '{metric}' and s.tags @> '{tags}'"
    );
    world.count(&sql).await
}

async fn sums(world: &World, metrics: &[&str]) -> Vec<i64> {
    let mut sums = vec![];
    for metric in metrics {
        sums.push(sum(world, metric, &json!({})).await);
    }
    sums
}

/// The whole outbox once more.
async fn nudge_again(world: &World) {
    world
        .sql(
            "insert into outbox (tenant, queue, body)
             select tenant, 'sales', json_build_object('type', 'order.changed.v1',
                 'tenant', tenant, 'order', id)::text
             from orders, generate_series(1, 3)",
        )
        .await;
    world.tick("sweeper").await;
    world.drain_queues().await;
}

#[tokio::test]
async fn a_sale_is_a_figure_the_moment_it_is_paid_and_once_however_often_it_is_told() {
    let till = Till::with_stock(10).await;
    let world = &till.shop.world;
    till.sold(2, "first").await;
    let told = ["revenue", "orders", "units", "product_revenue", "product_units", "refunds"];
    // Two shirts at 49.90 with 19 percent in them, sent for nothing.
    let once = [8_387, 1, 2, 8_387, 2, 0];
    assert_eq!(sums(world, &told).await, once);
    assert_eq!(sum(world, "revenue", &json!({ "country": "DE", "customer": "new" })).await, 8_387);
    assert_eq!(sum(world, "product_units", &json!({ "sku": "shirt-S" })).await, 2);
    nudge_again(world).await;
    assert_eq!(sums(world, &told).await, once);
    // Whoever forgot how far he had read counts nothing twice.
    world.sql("delete from order_follower").await;
    nudge_again(world).await;
    assert_eq!(sums(world, &told).await, once);
    till.sold(1, "second").await;
    assert_eq!(sum(world, "orders", &json!({ "customer": "returning" })).await, 1);
    assert_eq!(sums(world, &told).await[1..3], [2, 3]);
}

#[tokio::test]
async fn what_goes_back_is_a_refund_of_what_was_sold_without_its_tax() {
    let till = Till::with_stock(10).await;
    let world = &till.shop.world;
    let made = till.sold(2, "first").await;
    let id = |value: &Value| value.as_str().unwrap().parse::<Uuid>().unwrap();
    let order = OrderId(id(&made["order"]));
    let payment = world.sql("select id from payment").await[0].get::<_, Uuid>(0);
    let subject = Subject { tenant: world.tenant().number, order, payment: PaymentId(payment) };
    let of = made["payment"]["reference"].as_str().unwrap();
    for (key, amount_minor, sum_minor) in [("a", 3_333, 2_800), ("b", 6_647, 8_387)] {
        let amount = euros(amount_minor);
        let refund = RefundId(Uuid::now_v7());
        let new = NewRefund { refund, of, amount, subject };
        till.gateway.stripe.refund(&new, key).await.unwrap();
        till.hear().await;
        assert_eq!(sums(world, &["refunds", "revenue"]).await, [sum_minor, 8_387]);
    }
    nudge_again(world).await;
    assert_eq!(sums(world, &["refunds", "revenue"]).await, [8_387, 8_387]);
}

#[tokio::test]
async fn stock_and_carts_are_figures_too() {
    let till = Till::with_stock(10).await;
    let world = &till.shop.world;
    let key = world.key(&[domain::access::Scope::StockWrite]).await;
    let row = &world.sql("select variant, location from stock order by variant").await[0];
    let adjustment = json!({ "id": Uuid::now_v7(), "variant": row.get::<_, Uuid>(0),
        "location": row.get::<_, Uuid>(1), "change": 7, "reason": "found" });
    world.post("/v1/stock/adjustments", &key, &adjustment).await.expect(200);
    world.drain_queues().await;
    assert_eq!(sum(world, "stock_on_hand", &json!({})).await, 17);
    // Once so few are left that somebody wants to know, that is a figure, until there are more.
    world.sql("update stock set low_stock = 20").await;
    let low_now = async || {
        let key = world.key(&[domain::access::Scope::QueryRead]).await;
        let range = json!({ "preset": "today" });
        let asked = json!({ "queries": { "low": {
            "metric": "low_stock", "aggregation": "last", "range": range } } });
        let answer = world.post("/v1/query", &key, &asked).await.expect(200);
        answer.json["answers"]["low"]["total"]["value"].as_f64()
    };
    for (change, low) in [(2, 1.0), (4, 0.0)] {
        let mut adjustment = adjustment.clone();
        adjustment["id"] = json!(Uuid::now_v7());
        adjustment["change"] = json!(change);
        world.post("/v1/stock/adjustments", &key, &adjustment).await.expect(200);
        world.drain_queues().await;
        assert_eq!(low_now().await, Some(low), "after {change} more");
    }
    till.basket(1).await;
    till.basket(2).await;
    till.sold(1, "bought").await;
    // Two days later the night has passed over them.
    let later = world.app(app::Role::App).clock.now() + SignedDuration::from_hours(48);
    let world = till.shop.world.with_setup(|setup| setup.clock = app::Clock::Fixed(later));
    for _ in 0..2 {
        world.tick("keeper").await;
        world.tick("sweeper").await;
        world.drain_queues_despite_failures().await;
    }
    assert_eq!(sums(&world, &["carts", "abandoned_carts", "orders"]).await, [3, 2, 1]);
    let asked = |metric: &str| json!({ "metric": metric, "range": { "preset": "7d" } });
    let asked = json!({ "queries": {
        "average": asked("average_order_value"), "conversion": asked("conversion_rate") } });
    let key = world.key(&[domain::access::Scope::QueryRead]).await;
    let answer = world.post("/v1/query", &key, &asked).await.expect(200);
    let total = |name: &str| answer.json["answers"][name]["total"]["value"].as_f64().unwrap();
    assert!(total("average") > 0.0);
    assert!((total("conversion") - 1.0 / 3.0).abs() < 1e-9, "{}", answer.text());
}
