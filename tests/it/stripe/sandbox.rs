use std::fs::OpenOptions;
use std::io::Write as _;

use app::Clock;
use axum::body::Body;
use domain::order::Capture;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use providers::stripe::{ClientSecret, PaymentState};
use serde_json::{Value, json};
use tests::gateway::{Gateway, PUBLISHABLE_KEY, SECRET_KEY, new_refund};
use tower::ServiceExt as _;

async fn ask(gateway: &Gateway, request: Request<Body>) -> (StatusCode, String) {
    let answer = gateway.sandbox.router().oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, String::from_utf8(body.to_vec()).unwrap())
}

async fn call(gateway: &Gateway, key: &str, path: &str, form: &str) -> (StatusCode, Value) {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {key}"))
        .body(Body::from(form.to_owned()))
        .unwrap();
    let (status, body) = ask(gateway, request).await;
    (status, serde_json::from_str(&body).unwrap())
}

async fn tell(gateway: &Gateway, path: &str, body: &Value) -> (StatusCode, String) {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    ask(gateway, request).await
}

async fn page(gateway: &Gateway, path: &str) -> String {
    let (status, page) = ask(gateway, Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    page
}

#[tokio::test]
async fn it_goes_on_after_a_restart_where_it_stopped() {
    let gateway = Gateway::start().await;
    let paid = gateway.paid(Capture::Automatic, "pm_card_visa").await;
    let refund = gateway.stripe.refund(&new_refund(&paid, 1000), "refund").await.unwrap();
    let asked = gateway.paid(Capture::Automatic, "pm_card_threeDSecure2Required").await;
    let before = gateway.sandbox.settings();

    let gateway = gateway.restarted(Clock::System).await;
    assert_eq!(gateway.stripe.retrieve_payment(&paid.reference).await.unwrap(), paid);
    assert_eq!(gateway.stripe.retrieve_refund(&refund.reference).await.unwrap(), refund);
    let again = gateway.stripe.refund(&new_refund(&paid, 2601), "more").await;
    assert!(again.is_err(), "what went back is remembered");
    assert_eq!(asked.state, PaymentState::RequiresAction);
    assert_eq!(gateway.sandbox.settings(), before);
    assert_eq!(gateway.notices().len(), 3, "what was not delivered still waits");
    let gateway = gateway.restarted(Clock::System).await;
    assert!(gateway.notices().is_empty(), "what was delivered does not");
}

#[tokio::test]
async fn a_line_that_a_crash_cut_off_is_forgotten() {
    let gateway = Gateway::start().await;
    let payment = gateway.payment(Capture::Automatic).await;
    let mut journal = OpenOptions::new().append(true).open(gateway.journal()).unwrap();
    journal.write_all(br#"[{"payment":{"id":"pi_hal"#).unwrap();
    let gateway = gateway.restarted(Clock::System).await;
    let another = gateway.payment(Capture::Automatic).await;
    let gateway = gateway.restarted(Clock::System).await;
    for kept in [payment, another] {
        assert_eq!(gateway.stripe.retrieve_payment(&kept.reference).await.unwrap(), kept);
    }
}

#[tokio::test]
async fn what_stripe_does_not_know_it_does_not_know_either() {
    let gateway = Gateway::start().await;
    for (path, form, code) in [
        ("/v1/payment_intents", "amount=1&currency=eur&colour=red", "parameter_unknown"),
        ("/v1/payment_intents", "currency=eur", "parameter_missing"),
        ("/v1/payment_intents", "amount=1", "parameter_missing"),
        ("/v1/payment_intents", "amount=1.5&currency=eur", "parameter_invalid_integer"),
        ("/v1/payment_intents", "amount=0&currency=eur", "parameter_invalid_integer"),
        ("/v1/payment_intents", "amount=999999999999&currency=eur", "amount_too_large"),
        ("/v1/payment_intents", "amount=1&currency=EUR", "parameter_invalid"),
        ("/v1/payment_intents/pi_x/capture", "", "resource_missing"),
        ("/v1/refunds", "payment_intent=pi_x", "resource_missing"),
        ("/v1/payment_methods", "type=card&card[number]=1234", "incorrect_number"),
    ] {
        let (status, body) = call(&gateway, SECRET_KEY, path, form).await;
        assert!(status.is_client_error(), "{path} {form}");
        assert_eq!(body["error"]["code"], code, "{path} {form}");
    }
    for path in ["/v1/customers", "/v1/payment_intents/pi_x/steal"] {
        let (status, _) = call(&gateway, SECRET_KEY, path, "").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(gateway.kinds().is_empty());
}

#[tokio::test]
async fn a_browser_pays_with_a_number_and_can_do_nothing_else() {
    let gateway = Gateway::start().await;
    let payment = gateway.payment(Capture::Automatic).await;
    let id = &payment.reference;
    let secret = payment.client_secret.as_ref().map(ClientSecret::reveal).unwrap();
    let number =
        "payment_method_data[type]=card&payment_method_data[card][number]=4242 4242 4242 4242";
    let confirm = format!("/v1/payment_intents/{id}/confirm");
    let guessed = format!("{number}&client_secret={id}_secret_guess");
    for (path, form) in [
        (confirm.as_str(), number),
        (confirm.as_str(), guessed.as_str()),
        (&format!("/v1/payment_intents/{id}"), &format!("amount=1&client_secret={secret}")),
        (&format!("/v1/payment_intents/{id}/cancel"), &format!("client_secret={secret}")),
        ("/v1/payment_intents", "amount=1&currency=eur"),
        ("/v1/refunds", &format!("payment_intent={id}")),
    ] {
        let (status, body) = call(&gateway, PUBLISHABLE_KEY, path, form).await;
        assert!(status.is_client_error(), "{path} {form}: {body}");
    }
    let form = format!("{number}&client_secret={secret}");
    let (status, paid) = call(&gateway, PUBLISHABLE_KEY, &confirm, &form).await;
    assert_eq!((status, &paid["status"]), (StatusCode::OK, &json!("succeeded")));
    for key in ["", "sk_test_other"] {
        let (status, _) = call(&gateway, key, "/v1/refunds", "").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_card_may_get_a_name_first() {
    let gateway = Gateway::start().await;
    let form = "type=card&card[number]=4000000000009995&card[cvc]=123";
    let (_, method) = call(&gateway, PUBLISHABLE_KEY, "/v1/payment_methods", form).await;
    let gateway = gateway.restarted(Clock::System).await;
    let payment = gateway.payment(Capture::Automatic).await;
    let name = method["id"].as_str().unwrap();
    let declined = gateway.stripe.confirm(&payment.reference, name, "pay").await.unwrap_err();
    assert!(format!("{declined:?}").contains("insufficient_funds"), "{declined:?}");
}

#[tokio::test]
async fn the_desk_takes_wishes_over_http() {
    let gateway = Gateway::start().await;
    let paid = gateway.paid(Capture::Automatic, "pm_card_visa").await;
    let (status, kept) =
        tell(&gateway, "/sandbox/settings", &json!({ "duplicates": 1, "refunds": "pends" })).await;
    assert_eq!(status, StatusCode::OK);
    assert!(kept.contains(r#""refunds":"pends""#), "{kept}");
    let (status, _) = tell(&gateway, "/sandbox/settings", &json!({ "duplicate": 1 })).await;
    assert!(status.is_client_error(), "a slip of the pen changes nothing");
    assert_eq!(gateway.sandbox.settings().duplicates, 1);

    let wish = json!({ "payment_intent": paid.reference });
    let (status, dispute) = tell(&gateway, "/sandbox/disputes", &wish).await;
    assert_eq!(status, StatusCode::OK);
    let dispute: Value = serde_json::from_str(&dispute).unwrap();
    let path = format!("/sandbox/disputes/{}", dispute["id"].as_str().unwrap());
    let (status, lost) = tell(&gateway, &path, &json!({ "step": "lost" })).await;
    assert_eq!(status, StatusCode::OK);
    assert!(lost.contains(r#""status":"lost""#), "{lost}");
    let (status, _) = tell(&gateway, &path, &json!({ "step": "won" })).await;
    assert_eq!(status, StatusCode::CONFLICT);

    let fault = json!({ "kind": { "rate_limit": { "retry_after_s": 60 } }, "on": "/cancel" });
    let (status, _) = tell(&gateway, "/sandbox/faults", &fault).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let limited = gateway.stripe.cancel(&paid.reference, "cancel").await.unwrap_err();
    assert!(format!("{limited:?}").contains("RateLimited"), "{limited:?}");
}

#[tokio::test]
async fn a_customer_answers_the_bank_on_its_page() {
    let gateway = Gateway::start().await;
    let asked = gateway.paid(Capture::Automatic, "pm_card_threeDSecure2Required").await;
    let path = format!("/sandbox/authenticate?payment_intent={}", asked.reference);
    assert!(page(&gateway, &path).await.contains("36.00 EUR"));
    let form = format!("from=page&payment_intent={}&outcome=succeeds", asked.reference);
    let request = Request::post("/sandbox/authenticate").body(Body::from(form)).unwrap();
    let answer = gateway.sandbox.router().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let back = answer.headers()["location"].to_str().unwrap();
    assert_eq!(back, format!("https://localhost/?payment_intent={}", asked.reference));
    assert!(page(&gateway, &path).await.contains("succeeded"));
}

#[tokio::test]
async fn its_page_shows_what_it_did_and_believes_nobody() {
    let gateway = Gateway::start().await;
    assert!(page(&gateway, "/sandbox").await.contains("None yet."));
    let paid = gateway.paid(Capture::Automatic, "pm_card_visa").await;
    gateway.stripe.refund(&new_refund(&paid, 1000), "refund").await.unwrap();
    let form = "amount=500&currency=jpy&metadata[order]=<script>alert(1)</script>";
    call(&gateway, SECRET_KEY, "/v1/payment_intents", form).await;
    let page = page(&gateway, "/sandbox").await;
    for shown in ["36.00 EUR", "10.00 EUR", "500 JPY", &paid.reference, "refund.created"] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(page.contains("2 payments, 1 refund, 0 disputes"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "nothing is fetched: {outside}");
    }
}
