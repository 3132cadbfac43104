use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::Clock;
use domain::order::Capture;
use domain::payment::verify;
use local::sandbox::{Options, Settings, Webhook};
use tests::gateway::{Gateway, WEBHOOK_SECRET, options};
use tests::peer::{self, Answer, Asked};

/// Listens for webhooks, answers as told, and remembers.
fn listener(
    answer: impl Fn(usize) -> u16 + Send + Sync + 'static,
) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = heard.clone();
    let address = peer::listen(move |asked| {
        let mut told = told.lock().unwrap();
        told.push(asked);
        Answer::new(answer(told.len()), "")
    });
    (format!("http://{address}/v1/webhooks/payments/stripe"), heard)
}

fn to(url: &str) -> Options {
    Options { webhook_url: Some(url.to_owned()), ..options() }
}

fn quickly() -> Settings {
    Settings { retry_ms: 0, ..Settings::default() }
}

#[tokio::test]
async fn webhooks_are_brought_signed_until_they_are_taken() {
    let (url, heard) = listener(|count| if count <= 2 { 500 } else { 200 });
    let gateway = Gateway::with(Clock::System, to(&url)).await;
    gateway.sandbox.set(quickly()).unwrap();
    gateway.payment(Capture::Automatic).await;
    let mut taken = 0;
    for _ in 0..3 {
        taken += gateway.sandbox.deliver_due().await.unwrap();
    }
    assert_eq!(taken, 1);
    assert_eq!(gateway.sandbox.deliver_due().await.unwrap(), 0);
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 3);
    for asked in heard.iter() {
        assert_eq!(
            (asked.method.as_str(), asked.path.as_str()),
            ("POST", "/v1/webhooks/payments/stripe")
        );
        assert_eq!(asked.body, heard[0].body, "byte for byte");
        let now = Clock::System.now();
        verify(&asked.headers["stripe-signature"], &asked.body, &[WEBHOOK_SECRET], now).unwrap();
    }
}

#[tokio::test]
async fn what_is_never_taken_is_given_up_and_listed() {
    let (url, heard) = listener(|_count| 400);
    let gateway = Gateway::with(Clock::System, to(&url)).await;
    gateway.sandbox.set(Settings { attempts: 3, ..quickly() }).unwrap();
    gateway.payment(Capture::Automatic).await;
    for _ in 0..5 {
        gateway.sandbox.deliver_due().await.unwrap();
    }
    assert_eq!(heard.lock().unwrap().len(), 3);
    assert!(gateway.sandbox.take_pending().unwrap().is_empty());
}

#[tokio::test]
async fn whoever_awaits_delivery_need_not_ask_for_it() {
    let (url, heard) = listener(|_count| 200);
    let gateway = Gateway::with(Clock::System, to(&url)).await;
    gateway.sandbox.set(Settings { processing_ms: 50, ..quickly() }).unwrap();
    let shop = async {
        gateway.paid(Capture::Automatic, "pm_usBankAccount_success").await;
        while heard.lock().unwrap().len() < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        never = gateway.sandbox.deliver() => match never {},
        brought = tokio::time::timeout(Duration::from_secs(20), shop) => brought.unwrap(),
    }
    let heard = heard.lock().unwrap();
    let paid = br#""type":"payment_intent.succeeded""#;
    let brought = |asked: &Asked| asked.body.windows(paid.len()).any(|part| part == paid);
    assert!(heard.iter().any(brought));
}

#[tokio::test]
async fn both_secrets_sign_while_one_is_rolled() {
    let webhook_secrets = vec!["whsec_old".to_owned(), "whsec_new".to_owned()];
    let options = Options { webhook_secrets, ..options() };
    let gateway = Gateway::with(Clock::System, options).await;
    gateway.payment(Capture::Automatic).await;
    let Webhook { headers, body, .. } = gateway.sandbox.take_pending().unwrap().remove(0);
    let header = headers["stripe-signature"].to_str().unwrap();
    for secret in ["whsec_old", "whsec_new"] {
        verify(header, &body, &[secret], Clock::System.now()).unwrap();
    }
    assert!(verify(header, &body, &["whsec_other"], Clock::System.now()).is_err());
}

#[tokio::test]
async fn webhooks_come_twice_or_never_on_request() {
    let gateway = Gateway::start().await;
    gateway.sandbox.set(Settings { duplicates: 2, ..quickly() }).unwrap();
    gateway.payment(Capture::Automatic).await;
    let copies = gateway.sandbox.take_pending().unwrap();
    assert_eq!(copies.len(), 3);
    assert!(copies.iter().all(|copy| copy.event == copies[0].event));

    gateway.sandbox.set(Settings { drop_one_in: 2, ..quickly() }).unwrap();
    for _ in 0..10 {
        gateway.payment(Capture::Automatic).await;
    }
    assert_eq!(gateway.sandbox.take_pending().unwrap().len(), 5, "every other one is lost");
}

#[tokio::test]
async fn webhooks_come_late_and_out_of_order_on_request() {
    let (url, heard) = listener(|_count| 200);
    let now = Clock::System.now();
    let gateway = Gateway::with(Clock::Fixed(now), to(&url)).await;
    let late = Settings { delay_ms: 60_000, disorder_ms: 60_000, ..quickly() };
    gateway.sandbox.set(late).unwrap();
    let mut order = BTreeMap::new();
    for place in 0..20 {
        order.insert(gateway.payment(Capture::Automatic).await.reference, place);
    }
    assert_eq!(gateway.sandbox.deliver_due().await.unwrap(), 0, "not yet");
    let pending = gateway.sandbox.take_pending().unwrap();
    assert!(heard.lock().unwrap().is_empty());
    let places: Vec<usize> = pending
        .iter()
        .map(|webhook| {
            let event: serde_json::Value = serde_json::from_slice(&webhook.body).unwrap();
            order[event["data"]["object"]["id"].as_str().unwrap()]
        })
        .collect();
    assert_eq!(places.len(), 20);
    assert!(!places.is_sorted(), "twenty in order by chance: one in 2,432,902,008,176,640,000");
}
