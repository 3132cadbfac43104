use std::sync::Arc;
use std::time::Duration;

use app::Role;
use domain::message::QueueName;
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tests::lambda::{ForeignQueue, deliver, with_queue};

use crate::checkout::Till;
use crate::orders::shop;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Carts that are checked out and paid, and the notices of that as they lie in the queue.
async fn paid(till: &Till, orders: usize) -> Vec<String> {
    for n in 0..orders {
        pay(till, n).await;
    }
    till.take_webhooks().await;
    let queue = &till.shop.world.app(Role::App).queue;
    let mut bodies = vec![];
    loop {
        let received =
            queue.receive(QueueName::Payments, 10, Duration::from_mins(5)).await.unwrap();
        if received.is_empty() {
            return bodies;
        }
        bodies.extend(received.into_iter().map(|message| message.body));
    }
}

async fn pay(till: &Till, n: usize) {
    let basket = till.basket(1).await;
    let made = till.check_out(&basket, &format!("order-{n}")).await.expect(201).json;
    let reference = made["payment"]["reference"].as_str().unwrap();
    let key = format!("{reference}:confirm");
    till.gateway.stripe.confirm(reference, "pm_card_visa", &key).await.unwrap();
}

fn batch(bodies: &[String]) -> Value {
    let record = |(n, body): (usize, &String)| {
        json!({ "messageId": format!("id-{n}"), "receiptHandle": format!("receipt-{n}"),
                "body": body, "attributes": { "ApproximateReceiveCount": "1" },
                "eventSource": "aws:sqs" })
    };
    json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<Value>>() })
}

async fn placed(till: &Till) -> i64 {
    till.shop.world.count("select count(*) from order_event where kind = 'order.placed.v1'").await
}

#[tokio::test]
async fn x07_poison_in_a_batch_stops_nothing_and_is_kept() {
    let till = Till::with_stock(7).await;
    let mut bodies = paid(&till, 7).await;
    bodies.retain(|body| body.contains("succeeded"));
    assert_eq!(bodies.len(), 7);
    let unknown = bodies[0].replace("pi_", "pi_not_ours_").replace("\"subject\":{", "\"none\":{");
    bodies.insert(2, "{".to_owned());
    bodies.insert(5, json!({ "type": "payment.unknown.v9" }).to_string());
    bodies.insert(8, unknown);
    let app = till.shop.world.app(Role::App);
    for delivery in 1..=3 {
        let queue = Arc::new(ForeignQueue::around(app.queue.clone()));
        let app = with_queue(&app, queue.clone());
        let answer = deliver(&app, "payment-settle", batch(&bodies)).await.unwrap();
        let failed = json!([{ "itemIdentifier": "id-8" }]);
        assert_eq!(answer["batchItemFailures"], failed, "delivery {delivery}");
        assert_eq!(queue.buried(), ["id-2", "id-5"], "delivery {delivery}");
        assert_eq!(placed(&till).await, 7, "delivery {delivery}");
    }
    let heard = "select count(*) from payment_notice where kind = 'payment_intent.succeeded'";
    assert_eq!(till.shop.world.count(heard).await, 7);
}

#[tokio::test]
async fn x08_of_webhooks_that_are_lost_the_orders_are_placed_by_the_next_look() {
    let till = Till::with_stock(40).await;
    for n in 0..40 {
        pay(&till, n).await;
        match n % 20 {
            7 => drop(till.gateway.sandbox.take_pending().unwrap()),
            _ => till.hear().await,
        }
    }
    assert_eq!(placed(&till).await, 38);
    let till = till.later(HOUR);
    till.shop.world.tick("reconciler").await;
    till.shop.world.drain_queues().await;
    assert_eq!(placed(&till).await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn x14_sixty_four_who_write_to_one_row_of_stock_sell_what_there_is() {
    let shop = shop::Shop::with_stock(1_000).await;
    let writers = (0..64).map(|_| async {
        let mut sold = 0;
        for _ in 0..20 {
            match shop.open().await {
                Ok(_order) => sold += 1,
                Err(error) => assert_eq!(error.constraint(), Some("stock_not_oversold")),
            }
        }
        sold
    });
    assert_eq!(join_all(writers).await.into_iter().sum::<i32>(), 1_000);
    assert_eq!(shop.faults().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn x22_deployments_in_the_middle_of_trade_are_noticed_by_nobody() {
    let till = Till::with_stock(24).await;
    let baskets = join_all((0..24).map(|_| till.basket(1))).await;
    let trade = async {
        for (n, basket) in baskets.iter().enumerate() {
            till.check_out(basket, &format!("order-{n}")).await.expect(201);
        }
    };
    let deploy = async {
        loop {
            till.shop.world.host().command("migrate").await.expect("there is nothing to do");
        }
    };
    tokio::select! {
        () = trade => {}
        () = deploy => {}
    }
    assert_eq!(till.shop.world.count("select count(*) from orders").await, 24);
}
