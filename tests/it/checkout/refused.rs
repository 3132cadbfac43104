use axum::Json;
use axum::response::IntoResponse;
use domain::access::Scope;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use local::apps::Setup;
use providers::stripe::{Access, Patience, Stripe};
use serde_json::json;
use tests::client::request;
use tokio::net::TcpListener;

use super::Till;

/// A provider that makes no payment, such as one of less than its least amount.
async fn refuses(method: Method) -> impl IntoResponse {
    if method == Method::GET {
        return (StatusCode::OK, Json(json!({ "object": "list", "data": [], "has_more": false })));
    }
    let told = json!({ "error": {
        "type": "invalid_request_error", "code": "amount_too_small",
        "message": "Amount must be at least 50 cents",
    } });
    (StatusCode::BAD_REQUEST, Json(told))
}

/// Does something while such a provider is there.
async fn beside<T>(work: impl AsyncFnOnce(Stripe) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let access = Access {
        base_url: format!("http://{}", listener.local_addr().unwrap()),
        secret_key: "sk_test_refused".to_owned(),
        ca_file: None,
        patience: Patience::default(),
    };
    let provider = axum::Router::new().fallback(refuses);
    let serving = async { axum::serve(listener, provider).await.unwrap() };
    tokio::select! {
        () = serving => unreachable!("it serves until the test ends"),
        done = work(Stripe::new(&access).unwrap()) => done,
    }
}

#[tokio::test]
async fn a_payment_that_the_provider_never_makes_is_asked_for_once_and_the_stock_is_free() {
    beside(async |stripe| {
        let till = Till::with_stock(5).await;
        let mut till = till.changed(|setup| setup.gateway = Some(stripe.clone()));
        let basket = till.basket(2).await;
        let made = till.check_out(&basket, "k").await.expect(201).json;
        assert_eq!(made["status"], "cancelled", "{made}");
        let due = "select count(*) from orders where operation_due_at is not null";
        // Whoever looks later finds that it was never made, and then nothing to do.
        for hours in [1, 48] {
            let later = app::Clock::Moved(SignedDuration::from_hours(hours));
            let change = |setup: &mut Setup| {
                setup.clock = later;
                setup.gateway = Some(stripe.clone());
            };
            till = till.changed(change);
            let world = &till.shop.world;
            world.tick("sweeper").await;
            world.drain_queues().await;
            assert_eq!(world.count(due).await, 0, "nothing is left to be asked");
            assert_eq!(world.count("select sum(reserved)::bigint from stock").await, 0);
            assert_eq!(world.count("select count(*) from job_dead").await, 0);
        }
        let voided = "select count(*) from order_event where kind = 'payment.voided.v1'";
        assert_eq!(till.shop.world.count(voided).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_refund_that_the_provider_refuses_has_failed_and_a_person_looks() {
    beside(async |stripe| {
        let till = Till::with_stock(5).await;
        let made = till.sold(2, "k").await;
        let till = till.changed(|setup| setup.gateway = Some(stripe.clone()));
        let world = &till.shop.world;
        let key = world.key(&[Scope::OrdersRead, Scope::OrdersWrite]).await;
        let order = made["order"].as_str().unwrap();
        let path = format!("/v1/orders/{order}/refunds");
        let asked = request(Method::POST, &path, &key)
            .header("content-type", "application/json")
            .header("idempotency-key", "back");
        let body = json!({ "amount_minor": 100, "reason": "a stain" });
        world.send(asked.body(body.to_string().into()).unwrap()).await.expect(200);
        let read = world.get(&format!("/v1/orders/{order}"), &key).await.expect(200).json;
        assert_eq!(read["refunds"][0]["state"], "failed", "{read}");
        let held = "select count(*) from order_event where kind = 'order.held_for_review.v1'";
        assert_eq!(world.count(held).await, 1);
        let due = "select count(*) from orders where operation_due_at is not null";
        assert_eq!(world.count(due).await, 0, "nothing is left to be asked");
        world.drain_queues().await;
        assert_eq!(world.count("select count(*) from job_dead").await, 0);
    })
    .await;
}
