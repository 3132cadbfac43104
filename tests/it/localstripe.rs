//! `providers::stripe` against `localstripe`, a fake of Stripe that others wrote, in a process of
//! its own. It is a second opinion on what its authors took from Stripe's documentation, and on no
//! more:
//!
//! - It ignores `Idempotency-Key`, so that nothing of repeated calls is shown here.
//! - Its objects are those of API 2017-08-15, without `amount_received` and `amount_capturable`:
//!   how much was taken is not shown, and its `payment_intent.succeeded` is one that we refuse to
//!   read.
//! - It confirms only what has its card already, and knows no `return_url`: the tests do what a
//!   browser does, by hand.
//! - It lists no payments by time, no events by delivery, and not the newest first.
//! - It refunds beyond what was paid, books what a capture leaves as a refund, and changes an
//!   amount into text; it tells of success and failure alone, once; it has no disputes.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use app::Clock;
use domain::order::{Capture, RefundState};
use domain::payment::{Fact, SignatureError, read, verify};
use jiff::SignedDuration;
use providers::stripe::{Heard, Payment, PaymentState, Stripe, StripeError, Window};
use serde_json::Value;
use tests::connection::Connection;
use tests::gateway::{
    SECRET_KEY, WEBHOOK_SECRET, client, euros, impatient, new_payment, new_refund,
};
use tests::peer::{self, Answer, Asked};
use tests::tools::Tools;

/// The fake, and a client of it.
struct Other {
    address: SocketAddr,
    stripe: Stripe,
    /// It ends when its standard input does: with this test.
    _process: Child,
}

/// Ends a program when nobody holds its standard input any more.
const UNTIL_CLOSED: &str = r#""$0" "$@" & child=$!; read -r _; kill $child"#;
/// It tells after a second.
const PATIENCE: Duration = Duration::from_secs(20);

impl Other {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let tool = Tools::get().command("localstripe");
        let mut process = std::process::Command::new("sh")
            .args(["-c", UNTIL_CLOSED])
            .arg(tool.get_program())
            .args(["--from-scratch", "--port", &port.to_string()])
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("Running on")));
        assert!(ready.is_some(), "localstripe starts");
        std::thread::spawn(move || lines.for_each(drop));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let stripe = client(&format!("http://{address}"), impatient());
        Self { address, stripe, _process: process }
    }

    /// Calls it as a browser or an administrator does.
    async fn call(&self, path: &str, form: &str) -> (u16, Value) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {SECRET_KEY}\r\n\
             content-type: application/x-www-form-urlencoded\r\n"
        );
        let mut connection = Connection::open(self.address).await.unwrap();
        let (status, body) = connection.send(&head, form.as_bytes()).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// The customer types in a card and confirms.
    async fn pays_with(&self, payment: &Payment, card: &str) -> (u16, Value) {
        let path = format!("/v1/payment_intents/{}", payment.reference);
        let (status, told) = self.call(&path, &format!("payment_method={card}")).await;
        assert_eq!(status, 200, "{told}");
        self.call(&format!("{path}/confirm"), "").await
    }

    async fn payment(&self, capture: Capture) -> Payment {
        let new = new_payment(3600, capture);
        let key = format!("pay:{}:create:1", new.subject.payment);
        let made = self.stripe.create_payment(&new, &key).await.unwrap();
        assert_eq!((made.amount, made.subject), (euros(3600), Some(new.subject)));
        made
    }

    async fn now(&self, payment: &Payment) -> Payment {
        self.stripe.retrieve_payment(&payment.reference).await.unwrap()
    }

    /// What it tells from now on.
    async fn webhooks(&self) -> Receiver<Asked> {
        let (heard, told) = channel();
        let ear = peer::listen(move |asked| {
            let _nobody_listens_any_more = heard.send(asked);
            Answer::new(200, "")
        });
        let form = format!("url=http://{ear}/&secret={WEBHOOK_SECRET}");
        let (status, told_back) = self.call("/_config/webhooks/takings", &form).await;
        assert_eq!(status, 200, "{told_back}");
        told
    }
}

fn refused(error: StripeError) -> String {
    match error {
        StripeError::Refused { message, .. } => message,
        other => panic!("not refused, but {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_made_paid_and_told_under_a_signature() {
    let other = Other::start().await;
    let told = other.webhooks().await;
    let made = other.payment(Capture::Automatic).await;
    assert_eq!((made.state, made.fact()), (PaymentState::RequiresPaymentMethod, None));
    let secret = made.client_secret.as_ref().unwrap().reveal();
    assert!(secret.starts_with(&format!("{}_secret_", made.reference)), "{secret}");
    assert_eq!(other.pays_with(&made, "pm_card_visa").await.0, 200);
    assert_eq!(other.now(&made).await.state, PaymentState::Succeeded);

    let asked = told.recv_timeout(PATIENCE).unwrap();
    let (header, now) = (&asked.headers["stripe-signature"], Clock::System.now());
    verify(header, &asked.body, &[WEBHOOK_SECRET], now).unwrap();
    let mut forged = asked.body.clone();
    forged.push(b' ');
    let answer = verify(header, &forged, &[WEBHOOK_SECRET], now);
    assert_eq!(answer, Err(SignatureError::Mismatch));
    let answer = verify(header, &asked.body, &["whsec_other"], now);
    assert_eq!(answer, Err(SignatureError::Mismatch));
    let event: Value = serde_json::from_slice(&asked.body).unwrap();
    assert_eq!(event["type"], "payment_intent.succeeded");
    // Of another version of the API: a person is told, and nothing is guessed.
    assert!(read(&asked.body).is_err(), "{event}");

    let since = now - SignedDuration::from_mins(1);
    let events = other.stripe.list_events(since, Heard::OrNot, None).await.unwrap().items;
    assert!(events.iter().any(|listed| event["id"] == listed.id), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_is_told_and_another_pays() {
    let other = Other::start().await;
    let told = other.webhooks().await;
    let made = other.payment(Capture::Automatic).await;
    assert_eq!(other.pays_with(&made, "pm_card_chargeCustomerFail").await.0, 402);
    let failed = Fact::AttemptFailed { code: "card_declined".to_owned() };
    assert_eq!(other.now(&made).await.fact(), Some(failed.clone()));
    let asked = told.recv_timeout(PATIENCE).unwrap();
    let header = &asked.headers["stripe-signature"];
    verify(header, &asked.body, &[WEBHOOK_SECRET], Clock::System.now()).unwrap();
    let notice = read(&asked.body).unwrap().unwrap();
    assert_eq!((notice.fact, notice.subject), (failed, made.subject));
    assert_eq!(notice.reference, made.reference);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_may_ask_the_customer_and_believe_him_or_not() {
    let other = Other::start().await;
    let card = "type=card&card[number]=4000002500003155&card[exp_month]=12&card[exp_year]=2030\
                &card[cvc]=123";
    let (status, card) = other.call("/v1/payment_methods", card).await;
    assert_eq!(status, 200, "{card}");
    let card = card["id"].as_str().unwrap();
    for (success, state) in
        [("false", PaymentState::RequiresPaymentMethod), ("true", PaymentState::Succeeded)]
    {
        let made = other.payment(Capture::Automatic).await;
        other.pays_with(&made, card).await;
        assert_eq!(other.now(&made).await.fact(), Some(Fact::ActionRequired));
        let secret = made.client_secret.as_ref().unwrap().reveal();
        let path = format!("/v1/payment_intents/{}/_authenticate", made.reference);
        let answered = format!("client_secret={secret}&success={success}");
        assert_eq!(other.call(&path, &answered).await.0, 200);
        let now = other.now(&made).await;
        assert_eq!(now.state, state);
        if success == "false" {
            let code = "payment_intent_authentication_failure".to_owned();
            assert_eq!(now.fact(), Some(Fact::AttemptFailed { code }));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authorized_money_is_taken_or_let_go() {
    let other = Other::start().await;
    let [taken, let_go] =
        [other.payment(Capture::Manual).await, other.payment(Capture::Manual).await];
    for payment in [&taken, &let_go] {
        assert_eq!(other.pays_with(payment, "pm_card_visa").await.0, 200);
        assert_eq!(other.now(payment).await.state, PaymentState::RequiresCapture);
    }
    let stripe = &other.stripe;
    let much = stripe.capture(&taken.reference, euros(3601), "much").await;
    refused(much.unwrap_err());
    let now = stripe.capture(&taken.reference, euros(2000), "capture").await.unwrap();
    assert_eq!((now.state, now.reference), (PaymentState::Succeeded, taken.reference.clone()));
    refused(stripe.capture(&taken.reference, euros(1), "again").await.unwrap_err());
    refused(stripe.cancel(&taken.reference, "late").await.unwrap_err());
    let now = stripe.cancel(&let_go.reference, "void").await.unwrap();
    assert_eq!(now.fact(), Some(Fact::Voided));
    refused(stripe.cancel(&let_go.reference, "again").await.unwrap_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn money_goes_back_and_is_found_by_what_we_wrote_on_it() {
    let other = Other::start().await;
    let paid = other.payment(Capture::Automatic).await;
    refused(other.stripe.refund(&new_refund(&paid, 1), "early").await.unwrap_err());
    other.pays_with(&paid, "pm_card_visa").await;
    let first = new_refund(&paid, 1000);
    let refund = other.stripe.refund(&first, "first").await.unwrap();
    assert_eq!((refund.state, refund.refund), (RefundState::Succeeded, Some(first.refund)));
    assert_eq!((refund.amount, refund.payment.as_ref()), (euros(1000), Some(&paid.reference)));
    assert_eq!(other.stripe.retrieve_refund(&refund.reference).await.unwrap(), refund);
    let rest = new_refund(&paid, 2600);
    other.stripe.refund(&rest, "rest").await.unwrap();
    let listed = other.stripe.refunds_of(&paid.reference, None).await.unwrap();
    assert_eq!((listed.items.len(), listed.next), (2, None));
    let found = other.stripe.find_refund(&paid.reference, first.refund).await.unwrap();
    assert_eq!(found, Some(refund));
    let unknown = new_refund(&paid, 1).refund;
    assert_eq!(other.stripe.find_refund(&paid.reference, unknown).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_does_not_know_is_refused_and_not_guessed() {
    let other = Other::start().await;
    let now = Clock::System.now();
    let window = Window { from: now - SignedDuration::from_mins(5), to: now };
    refused(other.stripe.list_payments(window, None).await.unwrap_err());
    refused(other.stripe.list_events(now, Heard::Never, None).await.unwrap_err());
    refused(other.stripe.retrieve_payment("pi_unknown").await.unwrap_err());
    let made = other.payment(Capture::Automatic).await;
    refused(other.stripe.confirm(&made.reference, "pm_card_visa", "confirm").await.unwrap_err());
    let stranger = providers::stripe::Access {
        base_url: format!("http://{}", other.address),
        secret_key: "nobody".to_owned(),
        ca_file: None,
        patience: impatient(),
    };
    let stranger = Stripe::new(&stranger).unwrap();
    let answer = stranger.retrieve_payment(&made.reference).await;
    assert!(matches!(answer, Err(StripeError::NotAllowed { .. })), "{answer:?}");
}
