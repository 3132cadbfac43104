//! The sandbox of `local` behind a real connection: what `providers::stripe` takes for Stripe.

use std::path::PathBuf;
use std::time::Duration;

use app::Clock;
use domain::id::{OrderId, PaymentId, RefundId, TenantNumber};
use domain::money::Money;
use domain::order::Capture;
use domain::payment::{Notice, Subject, read, verify};
use domain::tenant::Currency;
use local::sandbox::{Options, Sandbox, Webhook};
use providers::stripe::{Access, NewPayment, NewRefund, Patience, Payment, Stripe};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use uuid::Uuid;

/// A sandbox that listens until it is dropped, and a client of it.
pub struct Gateway {
    /// The other side.
    pub sandbox: Sandbox,
    /// Our side.
    pub stripe: Stripe,
    /// Where it listens.
    pub url: String,
    folder: Folder,
    _server: JoinSet<()>,
}

/// Goes with the last gateway that uses it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _whatever_is_left = std::fs::remove_dir_all(&self.0);
    }
}

/// Accepted from the shop.
pub const SECRET_KEY: &str = "sk_test_gateway";
/// Accepted from browsers.
pub const PUBLISHABLE_KEY: &str = "pk_test_gateway";
/// What signs webhooks.
pub const WEBHOOK_SECRET: &str = "whsec_gateway";

impl Gateway {
    /// With a journal of its own, at the current instant.
    pub async fn start() -> Self {
        Self::with(Clock::System, options()).await
    }

    /// With a journal of its own.
    ///
    /// # Panics
    /// Panics when the folder cannot be used, or no port is free.
    pub async fn with(clock: Clock, options: Options) -> Self {
        let name = format!("takings-gateway-{}", Uuid::now_v7());
        Self::on(Folder(std::env::temp_dir().join(name)), clock, options).await
    }

    async fn on(folder: Folder, clock: Clock, options: Options) -> Self {
        let sandbox = Sandbox::open(&folder.0, clock, options).expect("the folder can be used");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let router = sandbox.router();
        let mut server = JoinSet::new();
        server.spawn(async move {
            axum::serve(listener, router).await.expect("it serves until it is dropped");
        });
        let stripe = client(&url, impatient());
        Self { sandbox, stripe, url, folder, _server: server }
    }

    /// The same journal after a restart, by another clock.
    pub async fn restarted(self, clock: Clock) -> Self {
        let Self { folder, .. } = self;
        Self::on(folder, clock, options()).await
    }

    /// By which a process of its own finds it, as it would find Stripe.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, &str); 3] {
        [
            ("STRIPE_SECRET_KEY", SECRET_KEY),
            ("STRIPE_URL", &self.url),
            ("STRIPE_WEBHOOK_SECRETS", WEBHOOK_SECRET),
        ]
    }

    /// The file of the journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.folder.0.join("journal.jsonl")
    }

    /// A payment that waits for its card.
    ///
    /// # Panics
    /// Panics when it is not made.
    pub async fn payment(&self, capture: Capture) -> Payment {
        let new = new_payment(3600, capture);
        let key = format!("pay:{}:create:1", new.subject.payment);
        self.stripe.create_payment(&new, &key).await.expect("it is made")
    }

    /// A payment that a card was given for.
    ///
    /// # Panics
    /// Panics when the card is declined.
    pub async fn paid(&self, capture: Capture, card: &str) -> Payment {
        let payment = self.payment(capture).await;
        let key = format!("{}:confirm", payment.reference);
        self.stripe.confirm(&payment.reference, card, &key).await.expect("the card pays")
    }

    /// What waits to be delivered, as the product would read it: signature, then sense.
    ///
    /// # Panics
    /// Panics when a signature or an event is not as it should be.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let pending = self.sandbox.take_pending().expect("the journal can be written");
        pending.iter().filter_map(notice).collect()
    }

    /// The types of what waits to be delivered.
    ///
    /// # Panics
    /// Panics when the journal cannot be written.
    #[must_use]
    pub fn kinds(&self) -> Vec<String> {
        let pending = self.sandbox.take_pending().expect("the journal can be written");
        pending.into_iter().map(|webhook| webhook.kind).collect()
    }
}

/// What a webhook says, after its signature was checked; None for what is none of our business.
///
/// # Panics
/// Panics when the signature or the event is not as it should be.
#[must_use]
pub fn notice(webhook: &Webhook) -> Option<Notice> {
    let header = webhook.headers["stripe-signature"].to_str().expect("it is text");
    let now = Clock::System.now();
    verify(header, &webhook.body, &[WEBHOOK_SECRET], now).expect("the signature holds");
    read(&webhook.body).expect("the event is one")
}

/// A client that gives up soon.
///
/// # Panics
/// Panics when the address is none.
#[must_use]
pub fn client(url: &str, patience: Patience) -> Stripe {
    let (base_url, secret_key) = (url.to_owned(), SECRET_KEY.to_owned());
    let access = Access { base_url, secret_key, ca_file: None, patience };
    Stripe::new(&access).expect("the address is one")
}

/// Three attempts within a few seconds.
#[must_use]
pub fn impatient() -> Patience {
    Patience {
        attempt: Duration::from_secs(1),
        total: Duration::from_secs(4),
        attempts: 3,
        first_pause: Duration::from_millis(20),
    }
}

/// Webhooks wait to be taken.
#[must_use]
pub fn options() -> Options {
    Options {
        secret_key: SECRET_KEY.to_owned(),
        publishable_key: PUBLISHABLE_KEY.to_owned(),
        webhook_url: None,
        webhook_secrets: vec![WEBHOOK_SECRET.to_owned()],
        public_url: "http://localhost:8080".to_owned(),
    }
}

/// A payment of an order that nobody else has.
#[must_use]
pub fn new_payment(amount_minor: i64, capture: Capture) -> NewPayment {
    let subject = Subject {
        tenant: TenantNumber(7),
        order: OrderId(Uuid::now_v7()),
        payment: PaymentId(Uuid::now_v7()),
    };
    NewPayment { amount: euros(amount_minor), capture, subject }
}

/// A refund of a payment.
///
/// # Panics
/// Panics when the payment is not ours.
#[must_use]
pub fn new_refund(payment: &Payment, amount_minor: i64) -> NewRefund<'_> {
    let subject = payment.subject.expect("it is ours");
    let refund = RefundId(Uuid::now_v7());
    NewRefund { refund, of: &payment.reference, amount: euros(amount_minor), subject }
}

/// So many cents.
///
/// # Panics
/// Never: the euro is a currency.
#[must_use]
pub fn euros(amount_minor: i64) -> Money {
    let currency = Currency::try_from("EUR".to_owned()).expect("the euro is a currency");
    Money { amount_minor, currency }
}
