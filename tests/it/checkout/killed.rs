use std::fs;
use std::time::{Duration, Instant};

use app::{Clock, step};
use jiff::SignedDuration;
use providers::stripe::{Payment, PaymentState, Window};
use serde_json::json;
use tests::connection::Connection;

use super::{Till, wanted};
use crate::cart::Basket;
use crate::kill::{Victim, folder};

/// One shirt, and a customer whose checkout dies at a step.
async fn died_at(step: &str, name: &str) -> (Till, Basket) {
    let till = Till::with_stock(1).await;
    let basket = till.basket(1).await;
    let folder = folder(&format!("{name}-{step}"));
    let environment = till.gateway.environment();
    let dies_at = format!("{step}*1");
    let mut victim = Victim::start_with(&till.shop.world, &folder, &dies_at, &environment);
    let head = format!(
        "POST /v1/checkout HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncart-token: {}\r\nidempotency-key: once\r\n",
        till.shop.browser, basket.token
    );
    let body = wanted(&basket, ("Ann", "ann@customer.example")).to_string();
    let mut connection = Connection::open(victim.address).await.unwrap();
    let answer = connection.send(&head, body.as_bytes()).await;
    assert!(answer.is_err(), "{step} was never reached: {answer:?}");
    let patience = Instant::now() + Duration::from_secs(10);
    while !victim.is_dead() {
        assert!(Instant::now() < patience, "{step}: it lives on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _stays = fs::remove_dir_all(&folder);
    (till, basket)
}

impl Till {
    async fn stock(&self) -> (i64, i64) {
        let world = &self.shop.world;
        let reserved = world.count("select sum(reserved)::bigint from stock").await;
        (reserved, world.count("select sum(allocated)::bigint from stock").await)
    }

    async fn at_the_provider(&self) -> Vec<Payment> {
        let now = Clock::System.now();
        let window = Window { from: now - SignedDuration::from_mins(5), to: now };
        self.gateway.stripe.list_payments(window, None).await.unwrap().items
    }

    async fn sweep(&self) {
        self.shop.world.tick("sweeper").await;
        self.shop.world.drain_queues().await;
    }
}

fn steps() -> impl Iterator<Item = &'static str> {
    let steps = step::ALL.into_iter().filter(|step| step.starts_with("checkout."));
    assert!(steps.clone().count() > 3);
    steps
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_checkout_killed_at_any_step_is_finished_by_whoever_asks_again() {
    for step in steps() {
        let (till, basket) = died_at(step, "asked-again").await;
        // Nobody goes on with it before its lease is over.
        let till = till.later(SignedDuration::from_mins(1));
        till.sweep().await;
        let made = till.check_out(&basket, "once").await.expect(201).json;
        assert_eq!(made["status"], "open", "{step}: {made}");
        let reference = made["payment"]["reference"].as_str().unwrap();
        till.gateway.stripe.confirm(reference, "pm_card_visa", "pay").await.unwrap();
        till.hear().await;
        let placed = till.status(&basket, &made["order"]).await;
        assert_eq!((&placed["status"], &placed["number"]), (&json!("confirmed"), &json!(1)));
        assert_eq!(till.stock().await, (0, 1), "{step}");
        assert_eq!((till.orders().await, till.payments().await), (1, 1), "{step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_what_a_killed_checkout_reserved_is_free_again_when_nobody_comes_back() {
    for step in steps() {
        let (till, basket) = died_at(step, "left").await;
        // Longer than the stock waits for a payment.
        let till = till.later(SignedDuration::from_hours(2));
        till.sweep().await;
        assert_eq!(till.stock().await, (0, 0), "{step}");
        let waits = |payment: &Payment| payment.state != PaymentState::Canceled;
        let waiting: Vec<Payment> =
            till.at_the_provider().await.into_iter().filter(waits).collect();
        assert_eq!(waiting, vec![], "{step}: nobody can pay any more");
        // The customer comes back after all: a cart that became no order is bought, and of one that
        // did, he is told what became of it.
        let word = if step == "checkout.decided" { "open" } else { "expired" };
        let told = till.check_out(&basket, "once").await.expect(201).json;
        let now = till.status(&basket, &told["order"]).await;
        assert_eq!(now["status"], word, "{step}: {told}");
        if word == "expired" {
            // The last shirt is anybody's.
            let other = till.basket(1).await;
            till.check_out(&other, "other").await.expect(201);
        }
        assert_eq!(till.stock().await, (1, 0), "{step}");
    }
}
