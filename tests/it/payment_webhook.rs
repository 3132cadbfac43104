//! What providers say is believed when it is signed, and safe when it is answered.

use app::Role;
use axum::body::Body;
use domain::message::{PaymentMessage, QueueName};
use domain::payment::{Fact, sign};
use http::{Method, Request};
use serde_json::{Value, json};
use std::time::Duration;
use tests::client::request;
use tests::{Answer, World};

const NOW: &str = "2026-11-21T07:00:00Z";
const PATH: &str = "/v1/webhooks/payments/stripe";
const SECRETS: &str = "whsec_old, whsec_new";

async fn world() -> World {
    World::at(NOW)
        .await
        .with_setup(|setup| SECRETS.clone_into(&mut setup.config.stripe_webhook_secrets))
}

fn event(kind: &str, object: &Value) -> String {
    json!({ "id": "evt_1", "type": kind, "created": 1_795_244_400, "data": { "object": object } })
        .to_string()
}

fn succeeded() -> String {
    event(
        "payment_intent.succeeded",
        &json!({ "id": "pi_1", "amount_received": 1190, "currency": "eur" }),
    )
}

fn signed(body: &str, signature: &str) -> Request<Body> {
    request(Method::POST, PATH, "")
        .header("stripe-signature", signature)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

async fn told(world: &World, body: &str, secret: &str) -> Answer {
    let signature = sign(body.as_bytes(), secret.as_bytes(), NOW.parse().unwrap());
    world.send(signed(body, &signature)).await
}

async fn queued(world: &World) -> Vec<PaymentMessage> {
    let queue = world.app(Role::App).queue.clone();
    let received = queue.receive(QueueName::Payments, 10, Duration::from_secs(60)).await.unwrap();
    received.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

#[tokio::test]
async fn a_signed_notice_is_in_the_queue_when_it_is_answered() {
    let world = world().await;
    for secret in ["whsec_old", "whsec_new"] {
        told(&world, &succeeded(), secret).await.expect(200);
        let [PaymentMessage::Notice { provider, notice }] = &queued(&world).await[..] else {
            panic!("not one notice")
        };
        assert_eq!((provider.as_str(), notice.event.as_str()), ("stripe", "evt_1"));
        assert_eq!(
            (notice.kind.as_str(), notice.reference.as_str()),
            ("payment_intent.succeeded", "pi_1")
        );
        assert!(matches!(notice.fact, Fact::Captured { amount } if amount.amount_minor == 1190));
    }
}

#[tokio::test]
async fn f21_what_is_not_signed_is_not_even_read() {
    let world = world().await;
    let body = succeeded();
    let at = |seconds: i64| {
        NOW.parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_secs(seconds)
    };
    let good = sign(body.as_bytes(), b"whsec_new", at(0));
    for (body, signature, code) in [
        (body.as_str(), String::new(), 401),
        (&body, "t=1,v1=00".to_owned(), 401),
        (&body, sign(body.as_bytes(), b"whsec_other", at(0)), 401),
        (&body, sign(body.as_bytes(), b"whsec_new", at(-301)), 401),
        (&body, sign(body.as_bytes(), b"whsec_new", at(301)), 401),
        (&body.replace("1190", "1191"), good.clone(), 401),
        ("no JSON", good.clone(), 401),
        (&body, sign(body.as_bytes(), b"whsec_new", at(-300)), 200),
        (&body, format!("{good},v1={}", "0".repeat(64)), 200),
    ] {
        world.send(signed(body, &signature)).await.expect(code);
    }
    assert_eq!(queued(&world).await.len(), 2);
    let large = "x".repeat((256 << 10) + 1);
    told(&world, &large, "whsec_new").await.expect(413);
    let elsewhere = PATH.replace("stripe", "other");
    world.post(&elsewhere, "", &json!({})).await.expect(404);
    let unset =
        World::at(NOW).await.with_setup(|setup| setup.config.stripe_webhook_secrets.clear());
    told(&unset, &succeeded(), "").await.expect(404);
}

#[tokio::test]
async fn what_is_none_of_our_business_is_done_and_what_nobody_understands_is_kept() {
    let world = world().await;
    told(&world, &event("customer.created", &json!({ "id": "cus_1" })), "whsec_new")
        .await
        .expect(200);
    assert_eq!(queued(&world).await, []);
    let broken = event("payment_intent.succeeded", &json!({ "id": "pi_1" }));
    told(&world, &broken, "whsec_new").await.expect(200);
    let [PaymentMessage::Unreadable { body, .. }] = &queued(&world).await[..] else {
        panic!("it is lost")
    };
    assert_eq!(*body, broken);
}
