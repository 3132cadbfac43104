use app::Clock;
use domain::access::Scope;
use futures_util::future::join_all;
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use store::meter::Meter;
use tests::Answer;

use super::{Cards, code};
use crate::cart::{Basket, Shop};
use crate::checkout::Till;
use crate::discounts::percent;
use crate::orders::desk::Desk;

impl Till {
    async fn cards(&self) -> Cards<'_> {
        Cards::of(&self.shop.world).await
    }

    /// A card of so much; what was answered when it was issued.
    async fn card(&self, amount_minor: i64) -> Value {
        let key = format!("card-of-{amount_minor}");
        self.cards().await.issued(&key, &json!({ "amount_minor": amount_minor })).await
    }

    async fn show(&self, basket: &Basket, code: &str) -> Answer {
        let shown = json!({ "gift_card": code });
        self.shop.send((Method::PATCH, ""), basket, None, &shown).await
    }

    /// A cart with so many shirts at 49.90, which a card is to pay.
    async fn basket_for(&self, quantity: u32, card: &Value) -> Basket {
        let basket = self.basket(quantity).await;
        self.show(&basket, code(card)).await.expect(200);
        basket
    }

    async fn pay(&self, order: &Value, key: &str) {
        let reference = order["payment"]["reference"].as_str().unwrap();
        self.gateway.stripe.confirm(reference, "pm_card_visa", key).await.unwrap();
        self.hear().await;
    }
}

impl Desk {
    /// An order of so many shirts, of which a card of so much has paid its part, and the card.
    async fn sold_with(&self, quantity: u32, card_minor: i64) -> (String, Value) {
        let card = self.till.card(card_minor).await;
        let basket = self.till.basket_for(quantity, &card).await;
        let made = self.till.check_out(&basket, &basket.id).await.expect(201).json;
        if made["payment"].is_object() {
            self.till.pay(&made, &basket.id).await;
        }
        (made["order"].as_str().unwrap().to_owned(), card)
    }

    async fn balance(&self, card: &Value) -> i64 {
        let cards = self.till.cards().await;
        cards.held().await;
        cards.read(card).await["gift_card"]["balance_minor"].as_i64().unwrap()
    }
}

#[tokio::test]
async fn a_card_pays_its_part_and_changes_neither_total_nor_tax() {
    let desk = Desk::with_stock(5).await;
    let till = &desk.till;
    let card = till.card(3_000).await;
    let basket = till.basket(2).await;
    let before = till.shop.read(&basket).await;
    let cart = till.show(&basket, &code(&card).to_lowercase()).await.expect(200).json;
    for same in ["total_minor", "tax_minor", "net_minor", "discount_minor", "hindrances"] {
        assert_eq!(cart[same], before[same], "{same}");
    }
    assert_eq!((&before["due_minor"], &cart["due_minor"]), (&json!(9_980), &json!(6_980)));
    assert_eq!(
        (&cart["gift_card"]["amount_minor"], &cart["gift_card"]["applies"]),
        (&json!(3_000), &json!(true))
    );
    let made = till.check_out(&basket, "once").await.expect(201).json;
    let told = ["total_minor", "gift_card_minor", "due_minor"].map(|name| made[name].as_i64());
    assert_eq!((told, &made["status"]), ([Some(9_980), Some(3_000), Some(6_980)], &json!("open")));
    let reference = made["payment"]["reference"].as_str().unwrap();
    let payment = till.gateway.stripe.retrieve_payment(reference).await.unwrap();
    assert_eq!(payment.amount.amount_minor, 6_980);
    assert_eq!(desk.balance(&card).await, 0);
    let order = made["order"].as_str().unwrap();
    assert_eq!(desk.read(order).await["payment_status"], "pending");
    till.pay(&made, "pay").await;
    let placed = desk.read(order).await;
    let told = (&placed["status"], &placed["payment_status"]);
    assert_eq!(told, (&json!("confirmed"), &json!("captured")));
    assert_eq!(placed["totals"]["captured_minor"], 6_980);
    assert_eq!(placed["gift_card"]["spent_minor"], 3_000);
    let entry = till.cards().await.read(&card).await["entries"][0].clone();
    let told = (&entry["kind"], &entry["amount_minor"], &entry["order"]);
    assert_eq!(told, (&json!("debited"), &json!(-3_000), &made["order"]));
    // Two shirts at 49.90 with 19 percent in them, whoever has paid them.
    let revenue = "select sum(p.value)::bigint from point p
         join series s on s.tenant = p.tenant and s.id = p.series
         join metric m on m.tenant = s.tenant and m.id = s.metric where m.name = 'revenue'";
    assert_eq!(till.shop.world.count(revenue).await, 8_387);
    assert_eq!(faults(&desk).await, 0);
}

#[tokio::test]
async fn a_card_that_pays_for_everything_places_the_order_and_asks_no_provider() {
    let desk = Desk::with_stock(5).await;
    let card = desk.till.card(12_000).await;
    let basket = desk.till.basket_for(2, &card).await;
    let shop = desk.till.shop;
    let world = shop.world.with_setup(|setup| setup.gateway = None);
    let desk = Desk { till: Till { shop: Shop { world, ..shop }, ..desk.till }, ..desk };
    let at_once = join_all((0..10).map(|_| desk.till.check_out(&basket, "once"))).await;
    assert!(at_once.iter().all(|answer| matches!(answer.status, 201 | 409)), "{at_once:?}");
    let made = desk.till.check_out(&basket, "once").await.expect(201).json;
    assert_eq!((&made["status"], &made["number"]), (&json!("confirmed"), &json!(1)));
    assert_eq!((&made["due_minor"], &made["payment"]), (&json!(0), &Value::Null));
    assert_eq!((desk.till.payments().await, desk.balance(&card).await), (0, 2_020));
    desk.till.shop.world.drain_queues().await;
    assert_eq!(desk.till.shop.world.letters().len(), 1);
    let order = made["order"].as_str().unwrap();
    assert_eq!(desk.read(order).await["payment_status"], "captured");
    // The rest of the card pays for more, and nothing is left of it.
    let next = desk.till.basket_for(1, &card).await;
    assert_eq!(desk.till.shop.read(&next).await["due_minor"], 4_990 - 2_020);
    let reason = json!({ "reason": "changed her mind" });
    let asked = join_all((0..10).map(|_| desk.act(order, "cancel", &reason))).await;
    assert!(asked.iter().all(|answer| answer.status == 200), "{asked:?}");
    let told = desk.read(order).await;
    let told = (&told["status"], &told["payment_status"], &told["gift_card"]["returned_minor"]);
    assert_eq!(told, (&json!("cancelled"), &json!("refunded"), &json!(9_980)));
    assert_eq!((desk.balance(&card).await, faults(&desk).await), (12_000, 0));
}

#[tokio::test]
async fn f34_a_hundred_carts_at_once_spend_no_more_than_a_card_holds() {
    let till = Till::with_stock(200).await;
    let card = till.card(20_000).await;
    let baskets = join_all((0..100).map(|_| till.basket_for(1, &card))).await;
    let calls = baskets.iter().map(|basket| till.check_out(basket, &basket.id));
    let answers = join_all(calls).await;
    let (sold, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    let spent: i64 = sold.iter().map(|it| it.json["gift_card_minor"].as_i64().unwrap()).sum();
    assert!(sold.len() >= 4, "{} were sold", sold.len());
    for answer in &refused {
        assert!(matches!(answer.status, 409 | 422), "{}", answer.text());
        assert_eq!(answer.json["field"], "gift_card", "{}", answer.text());
    }
    let cards = till.cards().await;
    assert_eq!(cards.held().await, 20_000 - spent);
    let orders = "select coalesce(sum(spent_minor), 0)::bigint from orders";
    assert_eq!(till.shop.world.count(orders).await, spent);
    let reserved = "select sum(reserved + allocated)::bigint from stock";
    let count = i64::try_from(sold.len()).unwrap();
    assert_eq!((till.shop.world.count(reserved).await, till.orders().await), (count, count));
    // Who came late keeps the cart, and is told what is in the way.
    while cards.held().await > 0 {
        let basket = till.basket(1).await;
        till.show(&basket, code(&card)).await.expect(200);
        till.check_out(&basket, &basket.id).await.expect(201);
    }
    let late = baskets.iter().zip(&answers).find(|(_, answer)| answer.status != 201).unwrap().0;
    let cart = till.shop.read(late).await;
    assert_eq!(cart["gift_card"]["reason"], "empty");
    assert_eq!(cart["hindrances"][0]["code"], "gift_card_does_not_apply");
    let told = till.check_out(late, "late").await.expect(422).json;
    assert_eq!(told["field"], "gift_card");
    till.show(late, "").await.expect(200);
    till.check_out(late, "late").await.expect(201);
}

#[tokio::test]
async fn f35_what_nobody_pays_is_on_the_card_again_once() {
    let till = Till::with_stock(5).await;
    let card = till.card(3_000).await;
    let basket = till.basket_for(2, &card).await;
    till.check_out(&basket, "once").await.expect(201);
    assert_eq!(till.cards().await.held().await, 0);
    let till = till.later(SignedDuration::from_mins(61));
    for _ in 0..3 {
        till.shop.world.tick("sweeper").await;
        till.shop.world.drain_queues().await;
    }
    let told = "select count(*) from orders where status = 'expired'";
    assert_eq!(till.shop.world.count(told).await, 1);
    assert_eq!(till.cards().await.held().await, 3_000);
    let back = "select count(*) from credit_entry where kind = 'credited'";
    assert_eq!(till.shop.world.count(back).await, 1);
}

#[tokio::test]
async fn f35_a_checkout_that_fails_takes_nothing_from_the_card() {
    let till = Till::with_stock(1).await;
    let card = till.card(90_000).await;
    let baskets = join_all((0..10).map(|_| till.basket_for(1, &card))).await;
    let calls = baskets.iter().map(|basket| till.check_out(basket, &basket.id));
    let sold = join_all(calls).await.iter().filter(|answer| answer.status == 201).count();
    assert_eq!((sold, till.cards().await.held().await), (1, 90_000 - 4_990));
    // Stripe takes no payment of a billion: the order is cancelled at once.
    let till = Till::with_stock(5).await;
    let card = till.card(3_000).await;
    till.shop.world.sql("update price set amount_minor = 200000000000").await;
    let basket = till.basket_for(1, &card).await;
    let refused = till.check_out(&basket, "once").await.expect(201).json;
    assert_eq!(refused["status"], "cancelled");
    assert_eq!(till.cards().await.held().await, 3_000);
    assert_eq!(till.cards().await.read(&card).await["entries"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn f07_who_pays_late_gets_the_money_back_and_no_card_is_spent_twice() {
    let desk = Desk::with_stock(5).await;
    let card = desk.till.card(3_000).await;
    let basket = desk.till.basket_for(1, &card).await;
    let late = desk.till.check_out(&basket, "once").await.expect(201).json;
    desk.till.expire(&late["order"]).await;
    let other = desk.till.basket_for(1, &card).await;
    desk.till.check_out(&other, "other").await.expect(201);
    assert_eq!(desk.balance(&card).await, 0);
    desk.till.pay(&late, "late").await;
    let told = desk.read(late["order"].as_str().unwrap()).await;
    assert_eq!(
        (&told["status"], &told["refunds"][0]["amount_minor"]),
        (&json!("cancelled"), &json!(1_990))
    );
    assert_eq!(desk.back_at_the_provider(&told).await, 1_990);
    assert_eq!((desk.balance(&card).await, faults(&desk).await), (0, 0));
}

#[tokio::test]
async fn f36_many_refunds_at_once_give_back_money_first_and_then_the_card() {
    let desk = Desk::with_stock(5).await;
    let (order, card) = desk.sold_with(2, 3_000).await;
    let keys: Vec<String> = (0..20).map(|n| format!("refund-{n}")).collect();
    let asked = join_all(keys.iter().map(|key| desk.refund(&order, key, json!(1_000)))).await;
    let granted = asked.iter().filter(|answer| answer.status == 200).count();
    let refused = asked.iter().filter(|answer| answer.status == 422).count();
    // 69.80 was captured, 30.00 was on the card.
    assert_eq!((granted, refused), (9, 11), "{asked:?}");
    assert_eq!(desk.balance(&card).await, 9_000 - 6_980);
    for _ in 0..3 {
        desk.refund(&order, "rest", Value::Null).await.expect(200);
    }
    desk.refund(&order, "rest", json!(1)).await.expect(422);
    desk.refund(&order, "more", json!(1)).await.expect(422);
    desk.till.hear().await;
    let told = desk.read(&order).await;
    assert_eq!(told["payment_status"], "refunded");
    assert_eq!(told["gift_card"]["returned_minor"], 3_000);
    assert_eq!(desk.back_at_the_provider(&told).await, 6_980);
    assert_eq!((desk.balance(&card).await, faults(&desk).await), (3_000, 0));
    let refunds = "select sum(p.value)::bigint from point p
         join series s on s.tenant = p.tenant and s.id = p.series
         join metric m on m.tenant = s.tenant and m.id = s.metric where m.name = 'refunds'";
    assert_eq!(desk.till.shop.world.count(refunds).await, 8_387);
}

#[tokio::test]
async fn pieces_that_are_taken_out_and_whole_orders_give_back_what_each_has_paid() {
    let desk = Desk::with_stock(9).await;
    let (order, card) = desk.sold_with(2, 7_000).await;
    let line = desk.read(&order).await["lines"][0]["id"].clone();
    let one = json!({ "lines": [{ "line": line, "quantity": 1 }], "reason": "one was broken" });
    for _ in 0..3 {
        desk.act_with_key(&order, "reductions", "once", &one).await.expect(200);
    }
    // One shirt is 49.90: the 29.80 that were paid, and the rest to the card.
    assert_eq!(desk.balance(&card).await, 2_010);
    let reason = json!({ "reason": "changed her mind" });
    desk.act(&order, "cancel", &reason).await.expect(200);
    desk.till.hear().await;
    let told = desk.read(&order).await;
    assert_eq!(desk.back_at_the_provider(&told).await, 2_980);
    assert_eq!((desk.balance(&card).await, faults(&desk).await), (7_000, 0));
    // What comes back to a card that was disabled meanwhile stands there, and is not spent.
    let (order, card) = desk.sold_with(1, 4_990).await;
    desk.till.cards().await.disable(&card).await;
    desk.refund(&order, "whole", Value::Null).await.expect(200);
    assert_eq!(desk.balance(&card).await, 4_990);
    let basket = desk.till.basket_for(1, &card).await;
    desk.till.check_out(&basket, "again").await.expect(422);
}

#[tokio::test]
async fn a_card_that_cannot_pay_is_in_the_way_and_says_why() {
    let till = Till::with_stock(5).await;
    let cards = till.cards().await;
    let card = async |key: &str, more: Value| {
        let mut wanted = json!({ "amount_minor": 3_000 });
        wanted.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        cards.issued(key, &wanted).await
    };
    let soon = Clock::System.now() + SignedDuration::from_mins(30);
    let dollars = card("dollars", json!({ "currency": "USD" })).await;
    let ends = card("ends", json!({ "expires_at": soon })).await;
    let stolen = card("stolen", json!({})).await;
    let bobs = card("bobs", json!({ "customer_email": "Bob@customer.example" })).await;
    cards.disable(&stolen).await;
    let basket = till.basket(1).await;
    for unknown in ["00000-00000-00000-00000", "SUMMER"] {
        let refused = till.show(&basket, unknown).await;
        assert!(matches!(refused.status, 404 | 422), "{}", refused.text());
        assert_eq!(refused.json["field"], "gift_card");
    }
    assert_eq!(till.shop.read(&basket).await["gift_card"], Value::Null);
    for (card, reason) in [(&dollars, "currency"), (&stolen, "disabled")] {
        let cart = till.show(&basket, code(card)).await.expect(200).json;
        assert_eq!(
            (&cart["gift_card"]["reason"], &cart["due_minor"]),
            (&json!(reason), &json!(4_990))
        );
        assert_eq!(cart["hindrances"][0]["code"], "gift_card_does_not_apply");
        assert_eq!(till.check_out(&basket, reason).await.expect(422).json["field"], "gift_card");
    }
    // Whose it is shows only at the checkout, where the customer is known.
    let cart = till.show(&basket, code(&bobs)).await.expect(200).json;
    assert_eq!(cart["hindrances"], json!([]));
    let told = till.check_out(&basket, "ann").await.expect(422).json;
    assert!(told["detail"].as_str().unwrap().contains("another e-mail address"), "{told}");
    let made = till.check_out_by(&basket, "bob", ("Bob", "bob@Customer.example")).await.expect(201);
    assert_eq!(made.json["gift_card_minor"], 3_000);
    let basket = till.basket_for(1, &ends).await;
    drop(cards);
    let till = till.later(SignedDuration::from_mins(31));
    let cart = till.shop.read(&basket).await;
    assert_eq!(cart["gift_card"]["reason"], "expired");
    assert_eq!(till.check_out(&basket, "late").await.expect(422).json["field"], "gift_card");
    assert_eq!(till.orders().await, 1);
}

#[tokio::test]
async fn a_guests_card_goes_with_the_cart_that_takes_it_over() {
    let till = Till::with_stock(5).await;
    let (card, other) = (till.card(3_000).await, till.card(4_000).await);
    let (into, guest) = (till.basket(1).await, till.basket_for(1, &card).await);
    let merge = |from: &Basket| json!({ "from": from.id, "from_token": from.token });
    let merged = till.shop.send((Method::POST, "/merge"), &into, None, &merge(&guest)).await;
    assert_eq!(merged.expect(200).json["gift_card"]["amount_minor"], 3_000);
    let guest = till.basket_for(1, &other).await;
    let merged = till.shop.send((Method::POST, "/merge"), &into, None, &merge(&guest)).await;
    assert_eq!(merged.expect(200).json["gift_card"]["amount_minor"], 3_000);
}

#[tokio::test]
async fn f47_a_card_costs_no_further_look_at_postgres() {
    let till = Till::with_stock(30).await;
    till.shop.discount("ALL", &percent(100)).await;
    let mut fewest = [u64::MAX; 3];
    for round in 0..6 {
        // A card for a part of a shirt, one for all of it, and a shirt that costs nothing.
        for (amount_minor, fewest) in [1_000, 4_990, 1].into_iter().zip(&mut fewest) {
            let key = format!("{round}-{amount_minor}");
            let basket = till.basket(1).await;
            if amount_minor > 1 {
                let worth = json!({ "amount_minor": amount_minor });
                let card = till.cards().await.issued(&key, &worth).await;
                till.show(&basket, code(&card)).await.expect(200);
            } else {
                till.shop.type_codes(&basket, &["ALL"]).await;
            }
            let placed = Meter::default();
            placed.measure(till.check_out(&basket, &key)).await.expect(201);
            *fewest = placed.round_trips().min(*fewest);
        }
    }
    let [part, whole, free] = fewest;
    // As without: the sweeper's record, the look, the order, and the answer. What is placed at
    // once is told to its followers, whose queues lie in Postgres here.
    assert!((1..=4).contains(&part), "{part} round trips");
    assert!(whole <= free, "{whole} round trips, and {free} where nothing is paid");
}

#[tokio::test]
async fn a_browser_looks_up_a_card_and_issues_none() {
    let shop = Shop::open().await;
    let browser = shop.world.browser_key(&[]).await;
    let body = json!({ "code": "00000-00000-00000-00000" });
    shop.world.post("/v1/gift-card-balance", &browser, &body).await.expect(404);
    shop.world.post("/v1/gift-cards", &browser, &json!({ "amount_minor": 1 })).await.expect(403);
    let seller = shop.world.key(&[Scope::CatalogWrite]).await;
    shop.world.post("/v1/gift-cards", &seller, &json!({ "amount_minor": 1 })).await.expect(403);
}

/// Books out of balance, and stock that no ledger explains.
async fn faults(desk: &Desk) -> i64 {
    let books = "select count(*) from (
            select 1 from posting group by order_id, version having sum(amount_minor) <> 0
        ) p";
    desk.till.shop.world.count(books).await
}
