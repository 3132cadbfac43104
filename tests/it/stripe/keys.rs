use app::Clock;
use axum::body::Body;
use domain::order::Capture;
use futures_util::future::join_all;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use tests::gateway::{Gateway, SECRET_KEY, new_payment, new_refund};
use tower::ServiceExt as _;

use super::code;

/// Status, whether it is a replay, and the bytes.
async fn post(gateway: &Gateway, path: &str, key: &str, form: &str) -> (StatusCode, bool, Vec<u8>) {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {SECRET_KEY}"))
        .header("idempotency-key", key)
        .body(Body::from(form.to_owned()))
        .unwrap();
    let answer = gateway.sandbox.router().oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let is_replayed = head.headers.contains_key("idempotent-replayed");
    (head.status, is_replayed, body.collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_byte_for_byte() {
    let gateway = Gateway::start().await;
    let form = "amount=3600&currency=eur&confirm=true&payment_method=";
    for (card, expected) in [
        ("pm_card_visa", StatusCode::OK),
        ("pm_card_visa_chargeDeclined", StatusCode::PAYMENT_REQUIRED),
    ] {
        let form = format!("{form}{card}");
        let (status, is_replayed, first) = post(&gateway, "/v1/payment_intents", card, &form).await;
        assert_eq!((status, is_replayed), (expected, false));
        let (status, is_replayed, again) = post(&gateway, "/v1/payment_intents", card, &form).await;
        assert_eq!((status, is_replayed), (expected, true), "a refusal is an answer too");
        assert_eq!(first, again);
    }
    let kinds = gateway.kinds();
    let made = kinds.iter().filter(|kind| *kind == "payment_intent.created");
    assert_eq!(made.count(), 2, "{kinds:?}");
}

#[tokio::test]
async fn the_same_key_with_other_parameters_is_refused() {
    let gateway = Gateway::start().await;
    let new = new_payment(3600, Capture::Automatic);
    let first = gateway.stripe.create_payment(&new, "key").await.unwrap();
    let again = gateway.stripe.create_payment(&new, "key").await.unwrap();
    assert_eq!(first, again);
    let other = new_payment(3600, Capture::Automatic);
    let refused = gateway.stripe.create_payment(&other, "key").await.unwrap_err();
    assert_eq!(code(&refused), "idempotency_error");
    let elsewhere = gateway.stripe.cancel(&first.reference, "key").await.unwrap_err();
    assert_eq!(code(&elsewhere), "idempotency_error");
}

#[tokio::test]
async fn what_was_not_understood_is_not_kept_under_its_key() {
    let gateway = Gateway::start().await;
    for form in ["amount=3600", "amount=-1&currency=eur", "amount=1&currency=eur&color=red"] {
        let (status, ..) = post(&gateway, "/v1/payment_intents", "key", form).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{form}");
    }
    let sound = "amount=3600&currency=eur";
    let (status, is_replayed, _) = post(&gateway, "/v1/payment_intents", "key", sound).await;
    assert_eq!((status, is_replayed), (StatusCode::OK, false));
}

#[tokio::test]
async fn a_key_holds_for_a_day_and_over_a_restart() {
    let gateway = Gateway::start().await;
    let new = new_payment(3600, Capture::Automatic);
    let first = gateway.stripe.create_payment(&new, "key").await.unwrap();
    let hours = |hours| Clock::Moved(SignedDuration::from_hours(hours));
    let gateway = gateway.restarted(hours(23)).await;
    assert_eq!(gateway.stripe.create_payment(&new, "key").await.unwrap(), first);
    let gateway = gateway.restarted(hours(25)).await;
    let second = gateway.stripe.create_payment(&new, "key").await.unwrap();
    assert_ne!(second.reference, first.reference, "after a day nobody remembers");
}

#[tokio::test]
async fn fifty_at_once_under_one_key_make_one_payment() {
    let gateway = Gateway::start().await;
    let new = new_payment(3600, Capture::Automatic);
    let calls = (0..50).map(|_| gateway.stripe.create_payment(&new, "key"));
    let made: Vec<String> =
        join_all(calls).await.into_iter().map(|made| made.unwrap().reference).collect();
    assert!(made.iter().all(|reference| *reference == made[0]));
    assert_eq!(gateway.kinds(), ["payment_intent.created"]);
}

#[tokio::test]
async fn a_hundred_refunds_at_once_return_no_more_than_came() {
    let gateway = Gateway::start().await;
    let paid = gateway.paid(Capture::Automatic, "pm_card_visa").await;
    let calls = (0..100).map(|count| {
        let (stripe, refund) = (gateway.stripe.clone(), new_refund(&paid, 100));
        async move { stripe.refund(&refund, &format!("refund {count}")).await }
    });
    let outcomes = join_all(calls).await;
    let refunded = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(refunded, 36);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(code(&refused), "charge_already_refunded");
    }
}
