use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use domain::payment;
use futures_util::stream::{self, StreamExt as _};
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::Sandbox;
use super::book::{Delivery, DeliveryState, Entry};
use super::work::later;

/// The way to whoever takes webhooks.
pub(super) struct Post(Client<HttpConnector, Full<Bytes>>);

/// A webhook as it is sent: signed now.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// `evt_…`: the same for every copy.
    pub event: String,
    /// Such as `payment_intent.succeeded`.
    pub kind: String,
    /// `Stripe-Signature` among them.
    pub headers: HeaderMap,
    /// Byte for byte.
    pub body: Bytes,
}

/// As long as Stripe waits, about.
const PATIENCE: Duration = Duration::from_secs(10);
/// Posted at once.
const POSTS: usize = 8;
const LONGEST_PAUSE_MS: u64 = 3_600_000;
/// A clock that stands or jumps is looked at so often.
const LOOK: Duration = Duration::from_secs(1);

impl Default for Post {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Sandbox {
    /// Delivers what is due, for as long as it is awaited: the host that serves the router awaits
    /// this beside it.
    pub async fn deliver(&self) -> Infallible {
        loop {
            // Asked for before the look, or news in between would not wake us.
            let news = self.0.news.notified();
            if let Err(error) = self.deliver_due().await {
                tracing::warn!(error = app::trace::chain(&error), "webhooks were not delivered");
                sleep(LOOK).await;
                continue;
            }
            tokio::select! {
                () = news => {}
                () = sleep(self.until_due()) => {}
            }
        }
    }

    /// Delivers what is due, once each, and answers how many were taken. Without an address
    /// everything waits to be taken.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn deliver_due(&self) -> io::Result<usize> {
        let _alone = self.0.delivering.lock().await;
        self.turn_due()?;
        let Some(url) = self.0.options.webhook_url.as_deref() else { return Ok(0) };
        let due = self.due(self.now());
        let posts = due.into_iter().map(|delivery| async move {
            let outcome = match self.webhook(&delivery) {
                Some(webhook) => self.post(url, webhook).await,
                None => Err("the event is gone".to_owned()),
            };
            (delivery, outcome)
        });
        let mut posts = stream::iter(posts).buffer_unordered(POSTS);
        let mut taken = 0;
        while let Some((delivery, outcome)) = posts.next().await {
            taken += usize::from(outcome.is_ok());
            self.note(delivery, outcome)?;
        }
        Ok(taken)
    }

    /// Everything that waits to be delivered, whether it is due or not, in the order in which it
    /// would be, as taken: for tests, which deliver it in whatever order they like.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn take_pending(&self) -> io::Result<Vec<Webhook>> {
        self.turn_due()?;
        let pending = self.due(Timestamp::MAX);
        let webhooks = pending.iter().filter_map(|delivery| self.webhook(delivery)).collect();
        for delivery in pending {
            self.note(delivery, Ok("taken".to_owned()))?;
        }
        Ok(webhooks)
    }

    /// An event again, signed now. None when there is no such event.
    #[must_use]
    pub fn webhook_of(&self, event: &str) -> Option<Webhook> {
        let state = self.locked();
        let event = state.book.events.get(event)?;
        let secrets = &self.0.options.webhook_secrets;
        let body = Bytes::from(event.body.clone());
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::USER_AGENT, HeaderValue::from_static("Stripe/1.0 (sandbox)"));
        let signature = HeaderValue::from_str(&signature(secrets, &body, self.now())).ok()?;
        headers.insert("stripe-signature", signature);
        Some(Webhook { event: event.id.clone(), kind: event.kind.clone(), headers, body })
    }

    fn webhook(&self, delivery: &Delivery) -> Option<Webhook> {
        self.webhook_of(&delivery.event)
    }

    fn due(&self, now: Timestamp) -> Vec<Delivery> {
        let state = self.locked();
        let due = state.book.waiting.iter().take_while(|(at, _)| *at <= now);
        due.filter_map(|(_, place)| state.book.deliveries.at(*place)).cloned().collect()
    }

    /// How long nothing is due.
    fn until_due(&self) -> Duration {
        let state = self.locked();
        let next = [
            state.book.waiting.first().map(|(at, _)| *at),
            state.book.turns.first().map(|(at, _)| *at),
        ];
        let next = next.into_iter().flatten().min().unwrap_or(Timestamp::MAX);
        let left = next.duration_since(self.now());
        // A clock that stands never comes to what is due.
        let least = Duration::from_millis(1);
        Duration::try_from(left).unwrap_or_default().clamp(least, LOOK)
    }

    async fn post(&self, url: &str, webhook: Webhook) -> Result<String, String> {
        let mut request = Request::post(url).body(Full::new(webhook.body)).map_err(chain)?;
        *request.headers_mut() = webhook.headers;
        let answer = timeout(PATIENCE, self.0.post.0.request(request)).await;
        let answer = answer.map_err(|_elapsed| "no answer".to_owned())?.map_err(chain)?;
        let status = answer.status();
        if status.is_success() { Ok(status.to_string()) } else { Err(status.to_string()) }
    }

    /// What became of it: taken, or to be tried again.
    fn note(&self, mut delivery: Delivery, outcome: Result<String, String>) -> io::Result<()> {
        let mut state = self.locked();
        let settings = state.book.settings;
        delivery.attempts += 1;
        delivery.state = match &outcome {
            Ok(_) => DeliveryState::Delivered,
            Err(_) if delivery.attempts >= settings.attempts => DeliveryState::GivenUp,
            Err(_) => {
                let doublings = (delivery.attempts - 1).min(30);
                let pause = settings.retry_ms.saturating_mul(1 << doublings).min(LONGEST_PAUSE_MS);
                delivery.due = later(self.now(), pause);
                DeliveryState::Waiting
            }
        };
        delivery.outcome = Some(outcome.unwrap_or_else(|error| error));
        state.keep(vec![Entry::Delivery(delivery)])
    }
}

/// Signed by every secret: one `t`, several `v1`.
fn signature(secrets: &[String], body: &[u8], at: Timestamp) -> String {
    let signed = secrets.iter().map(|secret| payment::sign(body, secret.as_bytes(), at));
    let mut signed = signed.enumerate();
    let first = signed.next().map(|(_, header)| header).unwrap_or_default();
    signed.fold(first, |all, (_, next)| match next.split_once(',') {
        Some((_, more)) => format!("{all},{more}"),
        None => all,
    })
}

fn chain(error: impl std::error::Error + 'static) -> String {
    app::trace::chain(&error)
}
