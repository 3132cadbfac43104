//! What customers bought is read, cancelled, paid back and invoiced.

use domain::access::Scope;
use futures_util::future::join_all;
use http::Method;
use jiff::SignedDuration;
use local::sandbox::{Fault, FaultKind};
use serde_json::{Value, json};
use tests::Answer;
use tests::client::request;

use crate::checkout::Till;

/// A till, and whoever looks after its orders.
pub(crate) struct Desk {
    pub(crate) till: Till,
    pub(crate) key: String,
}

impl Desk {
    pub(crate) async fn with_stock(on_hand: i32) -> Self {
        let till = Till::with_stock(on_hand).await;
        let key = till.shop.world.key(&[Scope::OrdersRead, Scope::OrdersWrite]).await;
        Self { till, key }
    }

    /// A paid order of so many shirts.
    pub(crate) async fn sold(&self, quantity: u32) -> String {
        let made = self.till.sold(quantity, &format!("sale-of-{quantity}")).await;
        made["order"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn read(&self, order: &str) -> Value {
        let path = format!("/v1/orders/{order}");
        self.till.shop.world.get(&path, &self.key).await.expect(200).json
    }

    pub(crate) async fn act(&self, order: &str, what: &str, body: &Value) -> Answer {
        self.act_with_key(order, what, "", body).await
    }

    pub(crate) async fn act_with_key(
        &self,
        order: &str,
        what: &str,
        key: &str,
        body: &Value,
    ) -> Answer {
        let path = format!("/v1/orders/{order}/{what}");
        let mut asked =
            request(Method::POST, &path, &self.key).header("content-type", "application/json");
        if !key.is_empty() {
            asked = asked.header("idempotency-key", key);
        }
        self.till.shop.world.send(asked.body(body.to_string().into()).unwrap()).await
    }

    pub(crate) async fn refund(&self, order: &str, key: &str, amount_minor: Value) -> Answer {
        let body = json!({ "amount_minor": amount_minor, "reason": "it came late" });
        self.act_with_key(order, "refunds", key, &body).await
    }

    pub(crate) async fn back_at_the_provider(&self, order: &Value) -> i64 {
        let reference = order["payments"][0]["reference"].as_str().unwrap();
        let page = self.till.gateway.stripe.refunds_of(reference, None).await.unwrap();
        page.items.iter().map(|refund| refund.amount.amount_minor).sum()
    }
}

#[tokio::test]
async fn f36_never_more_goes_back_than_was_captured_however_many_ask_at_once() {
    let desk = Desk::with_stock(5).await;
    let order = desk.sold(2).await;
    let keys: Vec<String> = (0..20).map(|n| format!("refund-{n}")).collect();
    let asked = join_all(keys.iter().map(|key| desk.refund(&order, key, json!(1_000)))).await;
    let granted = asked.iter().filter(|answer| answer.status == 200).count();
    let refused = asked.iter().filter(|answer| answer.status == 422).count();
    // 99.80 was captured.
    assert_eq!((granted, refused), (9, 11), "{asked:?}");
    let refusal = asked.iter().find(|answer| answer.status == 422).unwrap();
    assert_eq!(refusal.json["field"], "amount_minor");
    let rest = desk.refund(&order, "rest", Value::Null).await.expect(200).json;
    assert_eq!(rest["totals"]["refunding_minor"], 9_980);
    // The same key again is the same refund; with another amount it is a mistake.
    desk.refund(&order, "rest", Value::Null).await.expect(200);
    let other = desk.refund(&order, "rest", json!(1)).await.expect(422);
    assert_eq!(other.json["code"], "idempotency_mismatch");
    desk.till.hear().await;
    let order = desk.read(&order).await;
    assert_eq!(order["payment_status"], "refunded");
    assert_eq!(desk.back_at_the_provider(&order).await, 9_980);
}

#[tokio::test]
async fn a_cancelled_order_gives_stock_and_money_back_once() {
    let desk = Desk::with_stock(5).await;
    let order = desk.sold(2).await;
    let reason = json!({ "reason": "changed her mind" });
    let asked = join_all((0..10).map(|_| desk.act(&order, "cancel", &reason))).await;
    assert!(asked.iter().all(|answer| answer.status == 200), "{asked:?}");
    desk.till.hear().await;
    let told = desk.read(&order).await;
    assert_eq!(
        (&told["status"], &told["payment_status"]),
        (&json!("cancelled"), &json!("refunded"))
    );
    assert_eq!(desk.back_at_the_provider(&told).await, 9_980);
    let world = &desk.till.shop.world;
    assert_eq!(world.count("select sum(reserved + allocated)::bigint from stock").await, 0);
    let history = world.get(&format!("/v1/orders/{order}/history"), &desk.key).await.expect(200);
    let events = history.json["events"].as_array().unwrap().clone();
    let cancelled = events.iter().filter(|it| it["kind"] == "order.cancelled.v1");
    let cancelled: Vec<&Value> = cancelled.collect();
    assert_eq!(cancelled.len(), 1);
    assert_eq!(cancelled[0]["body"]["reason"], "changed her mind");
    assert!(cancelled[0]["actor"].as_str().unwrap().starts_with("key:"));
    assert!(cancelled[0]["request_id"].is_string());
}

#[tokio::test]
async fn pieces_are_taken_out_once_and_their_share_goes_back() {
    let desk = Desk::with_stock(5).await;
    let order = desk.sold(2).await;
    let line = desk.read(&order).await["lines"][0]["id"].clone();
    let one = json!({ "lines": [{ "line": line, "quantity": 1 }], "reason": "one was broken" });
    for _ in 0..3 {
        let told = desk.act_with_key(&order, "reductions", "once", &one).await.expect(200).json;
        assert_eq!(told["lines"][0]["reduced"], 1);
        assert_eq!(told["totals"]["refunding_minor"], 4_990);
    }
    let world = &desk.till.shop.world;
    assert_eq!(world.count("select sum(allocated)::bigint from stock").await, 1);
    let parcel = desk.act_with_key(&order, "fulfillments", "all", &json!({})).await.expect(200);
    assert_eq!(parcel.json["lines"][0]["quantity"], 1);
}

#[tokio::test]
async fn a_refund_is_asked_for_later_when_the_provider_is_away() {
    let desk = Desk::with_stock(5).await;
    let order = desk.sold(1).await;
    let on = "POST /v1/refunds".to_owned();
    desk.till.gateway.sandbox.fail(Fault { on, kind: FaultKind::ErrorAfter, times: 4 });
    let asked = desk.refund(&order, "once", Value::Null).await.expect(200).json;
    assert_eq!(asked["refunds"][0]["state"], "requested");
    let desk = Desk { till: desk.till.later(SignedDuration::from_mins(2)), ..desk };
    desk.till.shop.world.tick("sweeper").await;
    desk.till.hear().await;
    let told = desk.read(&order).await;
    assert_eq!(told["refunds"][0]["state"], "succeeded");
    assert_eq!(desk.back_at_the_provider(&told).await, 4_990);
}

#[tokio::test]
async fn invoices_have_no_gap_and_pages_are_read_by_who_may() {
    let desk = Desk::with_stock(9).await;
    let mut orders = vec![];
    for quantity in 1..=3 {
        orders.push(desk.sold(quantity).await);
    }
    let none = json!({});
    let issue = orders.iter().flat_map(|order| std::iter::repeat_n(order, 5));
    let issued = join_all(issue.map(|order| desk.act(order, "invoice", &none))).await;
    let mut numbers: Vec<i64> =
        issued.into_iter().map(|it| it.expect(200).json["number"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, [1, 2, 3]);
    let world = &desk.till.shop.world;
    let path = format!("/v1/orders/{}/invoice", orders[1]);
    let page = world.get(&path, &desk.key).await.expect(200).text();
    for said in ["Invoice ", "Order 2", "Ann<br>", "Main Street 1", "2 × The shirt", "€99.80"] {
        assert!(page.contains(said), "`{said}` is not in\n{page}");
    }
    let listed = world.get("/v1/orders?status=confirmed&limit=2", &desk.key).await.expect(200).json;
    assert_eq!(listed["orders"][0]["number"], 3);
    let next = listed["next"].as_str().unwrap();
    let rest = world.get(&format!("/v1/orders?before={next}"), &desk.key).await.expect(200).json;
    assert_eq!(rest["orders"].as_array().unwrap().len(), 1);
    let world = desk.till.shop.world.with_tenant("Europe/London").await;
    let other = world.key_of(&world.tenants()[1], &[Scope::OrdersRead], 100).await;
    world.get(&path, &other).await.expect(404);
}

#[tokio::test]
async fn personal_data_goes_and_the_order_stays() {
    let desk = Desk::with_stock(5).await;
    let order = desk.sold(1).await;
    let world = &desk.till.shop.world;
    let path = format!("/v1/orders/{order}/contact");
    let bob = json!({ "email": "bob@customer.example", "name": "Bob" });
    let told = world.put(&path, &desk.key, &bob).await.expect(200).json;
    assert_eq!(told["contact"]["name"], "Bob");
    for _ in 0..2 {
        let told = world.delete(&path, &desk.key).await.expect(200).json;
        assert_eq!(told.get("contact"), None);
        assert_eq!(told["totals"]["total_minor"], 4_990);
    }
    world.put(&path, &desk.key, &bob).await.expect(409);
    let left = "select count(*) from contact where email is not null or name is not null";
    assert_eq!(world.count(left).await, 0);
    let named = "select count(*) from order_event where body::text ~* '\\m(bob|ann)\\M'";
    assert_eq!(world.count(named).await, 0);
}
