use std::time::Duration;

use app::Clock;
use futures_util::future::join_all;
use http::Method;
use jiff::SignedDuration;
use local::apps::Setup;
use local::sandbox::{Fault, FaultKind};
use providers::stripe::Window;
use serde_json::{Value, json};
use store::meter::Meter;
use tests::Answer;
use tests::client::request;
use tests::gateway::{Gateway, WEBHOOK_SECRET};

use crate::cart::{Basket, Shop};

/// Killed while a cart becomes an order.
mod killed;
/// What a provider never takes.
mod refused;

/// A shop with stock, whose payments go through the sandbox.
pub(crate) struct Till {
    pub(crate) shop: Shop,
    pub(crate) gateway: Gateway,
}

impl Till {
    pub(crate) async fn with_stock(on_hand: i32) -> Self {
        let till = Self { gateway: Gateway::start().await, shop: Shop::open().await };
        let till = till.changed(|_setup| {});
        let stock = format!(
            "with shelf as (
                 insert into location (tenant, id, name)
                 values (1, '7a6e0000-0000-7000-8000-000000000321', 'Shelf') returning id
             ), levels as (
                 insert into stock (tenant, variant, location, on_hand)
                 select 1, v.id, shelf.id, {on_hand} from variant v, shelf
                 returning variant, location
             )
             insert into stock_movement (tenant, variant, location, on_hand, reserved, allocated,
                 reason, actor)
             select 1, variant, location, {on_hand}, 0, 0, 'counted', 'test' from levels"
        );
        till.shop.world.sql(&stock).await;
        till
    }

    /// A cart with so many shirts, which goes to Germany for nothing.
    pub(crate) async fn basket(&self, quantity: u32) -> Basket {
        let basket = self.shop.basket().await;
        self.shop.add(&basket, "shirt-S", quantity).await.expect(200);
        let free = json!({ "shipping": "7a6e0000-0000-7000-8000-000000000352" });
        self.shop.send((Method::PATCH, ""), &basket, None, &free).await.expect(200);
        basket
    }

    pub(crate) async fn check_out(&self, basket: &Basket, key: &str) -> Answer {
        self.check_out_as(basket, key, "Ann").await
    }

    pub(crate) async fn check_out_as(&self, basket: &Basket, key: &str, name: &str) -> Answer {
        self.check_out_by(basket, key, (name, "ann@customer.example")).await
    }

    pub(crate) async fn check_out_by(
        &self,
        basket: &Basket,
        key: &str,
        (name, email): (&str, &str),
    ) -> Answer {
        let body = wanted(basket, (name, email));
        let mut asked = request(Method::POST, "/v1/checkout", &self.shop.browser)
            .header("content-type", "application/json")
            .header("cart-token", &basket.token);
        if !key.is_empty() {
            asked = asked.header("idempotency-key", key);
        }
        self.shop.world.send(asked.body(body.to_string().into()).unwrap()).await
    }

    pub(crate) async fn status(&self, basket: &Basket, order: &Value) -> Value {
        let path = format!("/v1/checkout/{}", order.as_str().unwrap());
        let asked = request(Method::GET, &path, &self.shop.browser)
            .header("cart-token", &basket.token)
            .body(String::new().into());
        self.shop.world.send(asked.unwrap()).await.expect(200).json
    }

    /// The gateway's webhooks arrive, and are settled.
    pub(crate) async fn hear(&self) {
        self.take_webhooks().await;
        self.shop.world.drain_queues().await;
    }

    /// The same where something fails at first.
    pub(crate) async fn hear_despite_failures(&self) {
        self.take_webhooks().await;
        self.shop.world.drain_queues_despite_failures().await;
    }

    pub(crate) async fn take_webhooks(&self) {
        for webhook in self.gateway.sandbox.take_pending().unwrap() {
            let mut asked = request(Method::POST, "/v1/webhooks/payments/stripe", "");
            *asked.headers_mut().unwrap() = webhook.headers.clone();
            let body = axum::body::Body::from(webhook.body.clone());
            self.shop.world.send(asked.body(body).unwrap()).await.expect(200);
        }
    }

    /// The same till later.
    pub(crate) fn later(self, by: SignedDuration) -> Self {
        self.changed(|setup| setup.clock = Clock::Moved(by))
    }

    /// The same till with something between it and Postgres.
    pub(crate) fn with_database(self, url: &str) -> Self {
        self.changed(|setup| url.clone_into(&mut setup.addresses.app))
    }

    fn changed(self, change: impl FnOnce(&mut Setup)) -> Self {
        let stripe = self.gateway.stripe.clone();
        let world = self.shop.world.with_setup(|setup| {
            setup.gateway = Some(stripe);
            WEBHOOK_SECRET.clone_into(&mut setup.config.stripe_webhook_secrets);
            change(setup);
        });
        Self { shop: Shop { world, ..self.shop }, ..self }
    }

    /// An order of so many shirts, paid with a card; the order's id.
    pub(crate) async fn sold(&self, quantity: u32, key: &str) -> Value {
        let basket = self.basket(quantity).await;
        let made = self.check_out(&basket, key).await.expect(201).json;
        let reference = made["payment"]["reference"].as_str().unwrap();
        self.gateway.stripe.confirm(reference, "pm_card_visa", key).await.unwrap();
        self.hear().await;
        made
    }

    /// Payments that the gateway has made in the last minutes.
    pub(crate) async fn payments(&self) -> usize {
        let now = Clock::System.now();
        let window = Window { from: now - SignedDuration::from_mins(5), to: now };
        self.gateway.stripe.list_payments(window, None).await.unwrap().items.len()
    }

    pub(crate) async fn orders(&self) -> i64 {
        self.shop.world.count("select count(*) from orders").await
    }
}

/// What a customer sends to check a cart out.
pub(crate) fn wanted(basket: &Basket, (name, email): (&str, &str)) -> Value {
    json!({ "cart": basket.id, "contact": {
        "email": email, "name": name,
        "shipping_address": {
            "lines": ["Main Street 1"], "city": "Berlin", "country": "DE" } } })
}

#[tokio::test]
async fn a_cart_becomes_an_order_that_is_placed_when_it_is_paid() {
    let till = Till::with_stock(5).await;
    let basket = till.basket(2).await;
    let made = till.check_out(&basket, "once").await.expect(201).json;
    assert_eq!((&made["status"], &made["total_minor"]), (&json!("open"), &json!(9_980)));
    let reference = made["payment"]["reference"].as_str().unwrap();
    let secret = made["payment"]["client_secret"].as_str().unwrap();
    assert!(secret.starts_with(&format!("{reference}_secret_")), "{secret}");
    let reserved = "select sum(reserved)::bigint from stock";
    assert_eq!(till.shop.world.count(reserved).await, 2);
    assert_eq!(till.status(&basket, &made["order"]).await["payment"]["client_secret"], secret);

    till.gateway.stripe.confirm(reference, "pm_card_visa", "pay").await.unwrap();
    till.hear().await;
    let placed = till.status(&basket, &made["order"]).await;
    assert_eq!((&placed["status"], &placed["number"]), (&json!("confirmed"), &json!(1)));
    assert_eq!(placed["payment"], Value::Null);
    assert_eq!(till.shop.world.count("select sum(allocated)::bigint from stock").await, 2);
    let kept = "select count(*) from contact where email = 'ann@customer.example'";
    assert_eq!(till.shop.world.count(kept).await, 1);
    let stranger = Basket { id: basket.id.clone(), token: "guessed".to_owned() };
    till.check_out(&stranger, "other").await.expect(404);
}

#[tokio::test]
async fn f15_f19_a_cart_becomes_one_order_with_one_payment_whatever_is_asked_at_once_and_again() {
    let till = Till::with_stock(50).await;
    let basket = till.basket(1).await;
    let asked = join_all((0..50).map(|_| till.check_out(&basket, "once"))).await;
    assert!(asked.iter().all(|answer| matches!(answer.status, 201 | 409)), "{asked:?}");
    let first = till.check_out(&basket, "once").await.expect(201).text();
    assert!(asked.iter().filter(|it| it.status == 201).all(|answer| answer.text() == first));
    let keys: Vec<String> = (0..20).map(|n| format!("other-{n}")).collect();
    let others = join_all(keys.iter().map(|key| till.check_out(&basket, key))).await;
    let order: Value = serde_json::from_str(&first).unwrap();
    for answer in others {
        assert_eq!(answer.status, 409, "{}", answer.text());
        assert!(answer.text().contains(order["order"].as_str().unwrap()), "{}", answer.text());
    }
    till.check_out_as(&basket, "once", "Bob").await.expect(422);
    assert_eq!(till.orders().await, 1);
    assert_eq!(till.payments().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_what_is_put_in_while_a_cart_is_checked_out_is_bought_or_refused() {
    let till = Till::with_stock(200).await;
    let mut bought = 0;
    for round in 0..60 {
        let basket = till.basket(1).await;
        let key = format!("round-{round}");
        let put_in = async {
            tokio::time::sleep(Duration::from_micros(round * 97)).await;
            till.shop.add(&basket, "shirt-M", 1).await
        };
        let (added, made) = tokio::join!(put_in, till.check_out(&basket, &key));
        let made = match made.status {
            201 => made,
            // It had looked at the cart before.
            _ => till.check_out(&basket, &format!("{key}-again")).await,
        };
        let order = made.expect(201).json["order"].as_str().unwrap().to_owned();
        let lines = format!(
            "select jsonb_array_length(body->'lines')::bigint from order_event
             where order_id = '{order}' and version = 1"
        );
        let lines = till.shop.world.count(&lines).await;
        assert_eq!(lines == 2, added.status == 200, "round {round}: {}", added.text());
        bought += i64::from(added.status == 200);
    }
    assert!((1..60).contains(&bought), "{bought} were in time: there was no race");
}

#[tokio::test]
async fn f01_the_last_shirt_is_sold_once_and_who_came_late_keeps_the_cart() {
    let till = Till::with_stock(1).await;
    let baskets = join_all((0..20).map(|_| till.basket(1))).await;
    let keys: Vec<String> = (0..20).map(|n| format!("key-{n}")).collect();
    let both = baskets.iter().zip(&keys);
    let answers = join_all(both.map(|(basket, key)| till.check_out(basket, key))).await;
    let sold = answers.iter().filter(|answer| answer.status == 201).count();
    let late = answers.iter().filter(|answer| answer.json["code"] == "out_of_stock").count();
    assert_eq!((sold, late), (1, 19));
    assert_eq!(till.orders().await, 1);
    let open = "select count(*) from cart where state = 'open'";
    assert_eq!(till.shop.world.count(open).await, 19);
}

#[tokio::test]
async fn f16_a_payment_of_unknown_outcome_is_found_under_the_same_key() {
    let till = Till::with_stock(5).await;
    let basket = till.basket(1).await;
    let on = "POST /v1/payment_intents".to_owned();
    till.gateway.sandbox.fail(Fault { on, kind: FaultKind::ErrorAfter, times: 3 });
    let open = till.check_out(&basket, "once").await.expect(202);
    assert_eq!(open.json["status"], "open");
    assert!(!open.header("retry-after").is_empty());
    till.check_out(&basket, "once").await.expect(409);
    let over = "update checkout_call set lease_until = now() - interval '1 second'";
    till.shop.world.sql(over).await;
    let made = till.check_out(&basket, "once").await.expect(201).json;
    assert_eq!(made["order"], open.json["order"]);
    assert!(made["payment"]["client_secret"].is_string());
    assert_eq!(till.orders().await, 1);
    assert_eq!(till.payments().await, 1);
}

#[tokio::test]
async fn what_calls_left_that_died_is_taken_up_within_a_minute() {
    let till = Till::with_stock(5).await;
    let on = "POST /v1/payment_intents".to_owned();
    till.gateway.sandbox.fail(Fault { on, kind: FaultKind::ErrorAfter, times: 6 });
    for key in ["one", "two"] {
        let basket = till.basket(1).await;
        till.check_out(&basket, key).await.expect(202);
    }
    let world = &till.shop.world;
    let asked = "select count(*) from job where queue = 'payments'";
    assert_eq!(world.count(asked).await, 1, "calls at the same time share a look");
    for delay_s in [40, 35] {
        let latest = "select extract(epoch from max(visible_at) - now())::bigint from job";
        assert!((delay_s - 10..=delay_s).contains(&world.count(latest).await));
        world.sql("update job set visible_at = now()").await;
        world.drain_queues().await;
    }
    let made = "select count(*) from payment where reference is not null";
    assert_eq!((till.payments().await, world.count(made).await), (2, 2));
}

#[tokio::test]
async fn what_cannot_be_bought_is_refused_and_nothing_is_written() {
    let till = Till::with_stock(5).await;
    let empty = till.shop.basket().await;
    let refused = till.check_out(&empty, "a").await.expect(422);
    assert_eq!(refused.json["field"], "cart");
    let basket = till.basket(1).await;
    let without = till.check_out(&basket, "").await.expect(422);
    assert_eq!(without.json["field"], "Idempotency-Key");
    let nameless = till.check_out_as(&basket, "b", "").await.expect(422);
    assert_eq!(nameless.json["field"], "contact.name");
    let many = till.basket(6).await;
    let short = till.check_out(&many, "c").await.expect(409);
    assert!(short.json["detail"].as_str().unwrap().contains("shirt-S"), "{}", short.text());
    let till = Till {
        shop: Shop { world: till.shop.world.with_setup(|setup| setup.gateway = None), ..till.shop },
        ..till
    };
    till.check_out(&basket, "d").await.expect(503);
    assert_eq!(till.orders().await, 0);
    assert_eq!(till.shop.world.count("select count(*) from contact").await, 0);
    assert_eq!(till.shop.world.count("select sum(reserved)::bigint from stock").await, 0);
}

#[tokio::test]
async fn f03_carts_that_cross_each_other_all_become_orders() {
    let till = Till::with_stock(400).await;
    let basket = |(first, second): (&'static str, &'static str)| {
        let till = &till;
        async move {
            let basket = till.shop.basket().await;
            till.shop.add(&basket, first, 1).await.expect(200);
            till.shop.add(&basket, second, 1).await.expect(200);
            let free = json!({ "shipping": "7a6e0000-0000-7000-8000-000000000352" });
            till.shop.send((Method::PATCH, ""), &basket, None, &free).await.expect(200);
            basket
        }
    };
    let orders = [("shirt-S", "shirt-M"), ("shirt-M", "shirt-S")];
    let baskets = join_all((0..200).map(|n| basket(orders[n % 2]))).await;
    let answers = join_all(baskets.iter().map(|basket| till.check_out(basket, &basket.id))).await;
    let refused = answers.iter().filter(|answer| answer.status != 201);
    assert_eq!(refused.map(Answer::text).collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(till.shop.world.count("select sum(reserved)::bigint from stock").await, 400);
}

#[tokio::test]
async fn f44_no_company_is_asked_while_a_cart_is_filled() {
    let uses = tests::lambda::function("cart").uses;
    assert!(!uses.gateway && !uses.mailer && uses.sends.is_empty());
}

#[tokio::test]
async fn f47_what_customers_wait_for_asks_postgres_a_few_times() {
    let till = Till::with_stock(20).await;
    let mut fewest = [u64::MAX; 4];
    // Connections and keys that are new cost more; the fewest are what a call needs.
    for round in 0..8 {
        let basket = till.basket(1).await;
        let [read, added, placed, status] = std::array::from_fn(|_| Meter::default());
        read.measure(till.shop.read(&basket)).await;
        added.measure(till.shop.add(&basket, "shirt-M", 1)).await.expect(200);
        let key = format!("round-{round}");
        let made = placed.measure(till.check_out(&basket, &key)).await.expect(201).json;
        status.measure(till.status(&basket, &made["order"])).await;
        for (fewest, meter) in fewest.iter_mut().zip([read, added, placed, status]) {
            *fewest = meter.round_trips().min(*fewest);
        }
    }
    // The record of the sweeper is one of the placing's where records lie in Postgres.
    let ceilings = [1, 3, 4, 2];
    for (position, (fewest, ceiling)) in fewest.into_iter().zip(ceilings).enumerate() {
        assert!((1..=ceiling).contains(&fewest), "call {position}: {fewest} round trips");
    }
}
