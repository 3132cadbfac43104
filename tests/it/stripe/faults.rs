use std::time::{Duration, Instant};

use domain::id::PaymentId;
use domain::order::Capture;
use jiff::{SignedDuration, Timestamp};
use local::sandbox::{Fault, FaultKind};
use providers::stripe::{Access, Patience, Stripe, StripeError, Window};
use tests::gateway::{Gateway, SECRET_KEY, client, impatient, new_payment, new_refund};
use tests::peer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

fn fault(kind: FaultKind, times: u32) -> Fault {
    Fault { kind, on: "POST /v1/".to_owned(), times }
}

/// Some minutes around now.
#[expect(clippy::disallowed_methods, reason = "the sandbox is at the time of the machine")]
fn about_now() -> Window {
    let (now, minutes) = (Timestamp::now(), SignedDuration::from_mins(5));
    Window { from: now - minutes, to: now + minutes }
}

async fn made(gateway: &Gateway, payment: PaymentId) -> usize {
    gateway.stripe.find_payments(payment, about_now()).await.unwrap().len()
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again_and_done_once() {
    let gateway = Gateway::start().await;
    gateway.sandbox.fail(fault(FaultKind::ErrorAfter, 2));
    let new = new_payment(3600, Capture::Automatic);
    let payment = gateway.stripe.create_payment(&new, "create").await.unwrap();
    assert_eq!(made(&gateway, new.subject.payment).await, 1);

    let id = &payment.reference;
    let paid = gateway.stripe.confirm(id, "pm_card_visa", "pay").await.unwrap();
    gateway.sandbox.fail(fault(FaultKind::ErrorAfter, 1));
    let refund = gateway.stripe.refund(&new_refund(&paid, 1000), "refund").await.unwrap();
    let refunds = gateway.stripe.refunds_of(id, None).await.unwrap();
    assert_eq!(refunds.items, [refund]);
}

#[tokio::test]
async fn what_broke_before_it_began_is_done_by_the_next_attempt() {
    let gateway = Gateway::start().await;
    gateway.sandbox.fail(fault(FaultKind::ErrorBefore, 2));
    let new = new_payment(3600, Capture::Automatic);
    gateway.stripe.create_payment(&new, "create").await.unwrap();
    assert_eq!(made(&gateway, new.subject.payment).await, 1);
}

/// Stripe keeps a failure of its own under the key, so that asking again is no use: only a look
/// tells.
#[tokio::test]
async fn a_failure_that_is_kept_leaves_the_outcome_unknown_and_a_look_tells() {
    let gateway = Gateway::start().await;
    gateway.sandbox.fail(fault(FaultKind::ErrorKept, 1));
    let new = new_payment(3600, Capture::Automatic);
    for _ in 0..2 {
        let error = gateway.stripe.create_payment(&new, "create").await.unwrap_err();
        assert!(matches!(error, StripeError::Unknown(_)), "{error:?}");
    }
    let found = gateway.stripe.find_payments(new.subject.payment, about_now()).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].subject, Some(new.subject));
}

#[tokio::test]
async fn who_asks_too_often_waits_longer_each_time() {
    let gateway = Gateway::start().await;
    let patience = Patience { first_pause: Duration::from_millis(100), ..impatient() };
    let stripe = client(&gateway.url, patience);
    gateway.sandbox.fail(fault(FaultKind::RateLimit { retry_after_s: None }, 2));
    let started = Instant::now();
    let new = new_payment(3600, Capture::Automatic);
    stripe.create_payment(&new, "create").await.unwrap();
    let waited = started.elapsed();
    assert!(waited >= Duration::from_millis(50 + 100), "{waited:?}");
    assert_eq!(made(&gateway, new.subject.payment).await, 1);
}

#[tokio::test]
async fn who_is_told_when_to_come_again_waits_so_long_or_says_so() {
    let gateway = Gateway::start().await;
    gateway.sandbox.fail(fault(FaultKind::RateLimit { retry_after_s: Some(1) }, 1));
    let started = Instant::now();
    let new = new_payment(3600, Capture::Automatic);
    gateway.stripe.create_payment(&new, "create").await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));

    gateway.sandbox.fail(fault(FaultKind::RateLimit { retry_after_s: Some(60) }, 1));
    let error = gateway.stripe.create_payment(&new, "other").await.unwrap_err();
    let StripeError::RateLimited { after } = error else { panic!("{error:?}") };
    assert_eq!(after, Some(Duration::from_secs(60)));
    assert!(started.elapsed() < Duration::from_secs(4), "nobody waits for nothing");
}

#[tokio::test]
async fn silence_leaves_the_outcome_unknown_and_a_look_tells() {
    let gateway = Gateway::start().await;
    let patience = Patience { attempt: Duration::from_millis(200), ..impatient() };
    let stripe = client(&gateway.url, patience);
    for (kind, expected) in [(FaultKind::HangBefore, 0), (FaultKind::HangAfter, 1)] {
        gateway.sandbox.fail(fault(kind, 3));
        let new = new_payment(3600, Capture::Automatic);
        let key = format!("create {expected}");
        let error = stripe.create_payment(&new, &key).await.unwrap_err();
        assert!(matches!(error, StripeError::Unknown(_)), "{error:?}");
        assert_eq!(made(&gateway, new.subject.payment).await, expected);
        // Whatever hung is over: the same key goes on from there.
        while gateway.stripe.create_payment(&new, &key).await.is_err() {}
        assert_eq!(made(&gateway, new.subject.payment).await, 1);
    }
}

#[tokio::test]
async fn one_silence_is_overcome_by_asking_again() {
    let gateway = Gateway::start().await;
    let patience = Patience { attempt: Duration::from_millis(200), ..impatient() };
    let stripe = client(&gateway.url, patience);
    gateway.sandbox.fail(fault(FaultKind::HangAfter, 1));
    let new = new_payment(3600, Capture::Automatic);
    stripe.create_payment(&new, "create").await.unwrap();
    assert_eq!(made(&gateway, new.subject.payment).await, 1);
}

#[tokio::test]
async fn what_never_left_is_known_not_to_be_done() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    // It speaks, but not TLS.
    let plain = peer::listen(|_asked| peer::Answer::new(200, "{}"));
    for url in [closed, format!("https://{plain}"), "http://nowhere.invalid".to_owned()] {
        let new = new_payment(3600, Capture::Automatic);
        let error = client(&url, impatient()).create_payment(&new, "key").await.unwrap_err();
        assert!(matches!(error, StripeError::Unavailable(_)), "{url}: {error:?}");
        assert!(error.is_worth_another_try());
    }
}

/// Somebody takes the connection and says nothing: there is no TLS, so nothing was sent through it.
#[tokio::test]
async fn a_silence_before_the_request_is_no_doubt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let patience = Patience { attempt: Duration::from_millis(200), ..impatient() };
    let new = new_payment(3600, Capture::Automatic);
    let error = client(&url, patience).create_payment(&new, "key").await.unwrap_err();
    assert!(matches!(error, StripeError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn an_amount_that_cannot_be_charged_is_not_sent() {
    let stripe = client("http://nowhere.invalid", impatient());
    let new = new_payment(0, Capture::Automatic);
    let error = stripe.create_payment(&new, "key").await.unwrap_err();
    assert!(matches!(error, StripeError::NotChargeable(_)), "{error:?}");
}

/// The other side reads the whole request, begins an answer or not, and goes away.
#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_the_outcome_unknown() {
    for said in ["", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", "nonsense\r\n\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !String::from_utf8_lossy(&request).contains("metadata") {
                    let mut part = [0; 4096];
                    match stream.read(&mut part).await {
                        Ok(bytes @ 1..) => request.extend_from_slice(&part[..bytes]),
                        _ => break,
                    }
                }
                let _gone = stream.write_all(said.as_bytes()).await;
            }
        });
        let new = new_payment(3600, Capture::Automatic);
        let error = client(&url, impatient()).create_payment(&new, "key").await.unwrap_err();
        assert!(matches!(error, StripeError::Unknown(_)), "{said:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_success_in_another_shape_leaves_the_outcome_unknown() {
    let strange = peer::listen(|_asked| peer::Answer::new(200, r#"{"object":"payment_intent"}"#));
    let stripe = client(&format!("http://{strange}"), impatient());
    let error = stripe.create_payment(&new_payment(1, Capture::Automatic), "key").await;
    assert!(matches!(error, Err(StripeError::Unknown(_))), "{error:?}");
    let question = stripe.retrieve_payment("pi_1").await;
    assert!(matches!(question, Err(StripeError::Unavailable(_))), "{question:?}");
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_no_refusal_and_nowhere_to_be_read() {
    let gateway = Gateway::start().await;
    let access = Access {
        base_url: gateway.url.clone(),
        secret_key: "sk_test_stolen".to_owned(),
        ca_file: None,
        patience: impatient(),
    };
    let stripe = Stripe::new(&access).unwrap();
    let error = stripe.create_payment(&new_payment(1, Capture::Automatic), "key").await;
    let error = error.unwrap_err();
    assert!(matches!(error, StripeError::NotAllowed { .. }), "{error:?}");
    let said = format!("{error:?} {error} {stripe:?} {access:?} {:?}", gateway.stripe);
    assert!(!said.contains("stolen") && !said.contains(SECRET_KEY), "{said}");
}

#[tokio::test]
async fn every_attempt_is_the_same_request_under_the_same_key() {
    use std::sync::{Arc, Mutex};

    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = heard.clone();
    let broken = peer::listen(move |asked| {
        told.lock().unwrap().push((asked.path, asked.headers, asked.body));
        peer::Answer::new(503, "")
    });
    let stripe = client(&format!("http://{broken}"), impatient());
    let error = stripe.create_payment(&new_payment(1, Capture::Manual), "one key").await;
    assert!(matches!(error, Err(StripeError::Unknown(_))), "{error:?}");
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 3);
    assert!(heard.iter().all(|request| *request == heard[0]));
    let (path, headers, body) = &heard[0];
    assert_eq!(path, "/v1/payment_intents");
    assert_eq!(headers["idempotency-key"], "one key");
    assert_eq!(headers["stripe-version"], providers::stripe::VERSION);
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(headers["content-length"], body.len().to_string());
    assert!(body.starts_with(b"amount=1&currency=eur&capture_method=manual&metadata%5B"));
}

#[tokio::test]
async fn whoever_says_that_asking_again_is_no_use_is_believed() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let hopeless = peer::listen(move |_asked| {
        count.fetch_add(1, Ordering::Relaxed);
        let headers = vec![("stripe-should-retry", "false".to_owned())];
        peer::Answer { headers, ..peer::Answer::new(500, "") }
    });
    let stripe = client(&format!("http://{hopeless}"), impatient());
    let error = stripe.create_payment(&new_payment(1, Capture::Automatic), "key").await;
    assert!(matches!(error, Err(StripeError::Unknown(_))), "{error:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}
