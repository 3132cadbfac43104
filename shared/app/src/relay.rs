use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::id::TenantNumber;
use domain::message::{PaymentMessage, QueueName};
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use store::outbox;

use crate::port::{Outgoing, PortError};
use crate::{App, Every, Failure, due, step};

/// How often the sweeper looks for what no relay sent.
pub const SWEEP: Every = Every::Minutes(15);

/// The record that says when the sweeper looks again.
pub const SWEPT: &str = "due:sweep";

const AT_ONCE: i64 = 100;
/// Calls that follow each other so closely share what the first of them announced: nobody ends a
/// look that was asked for less than a minute ago, and a call is over long before.
const SHARED: SignedDuration = SignedDuration::from_secs(5);
/// When whoever announced has committed or is dead: a call of 29 seconds, after an announcement of
/// [`SHARED`] ago.
const DECIDED: Duration = Duration::from_secs(40);

/// What this process announced lately, of a tenant's orders or at all.
#[derive(Debug, Default)]
pub struct Announced(Mutex<HashMap<Option<TenantNumber>, Timestamp>>);

impl Announced {
    fn is_shared(&self, of: Option<TenantNumber>, now: Timestamp) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&of).is_some_and(|&at| now.duration_since(at) < SHARED)
    }

    fn remember(&self, of: Option<TenantNumber>, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, at| now.duration_since(*at) < SHARED);
        all.insert(of, now);
    }
}

/// Says that a transaction is about to post, so that the sweeper looks even if this process dies.
/// Called before the commit.
///
/// # Errors
/// When the key-value store is away: write nothing then.
pub async fn announce(app: &App) -> Result<(), PortError> {
    let now = app.clock.now();
    if !app.announced().is_shared(None, now) {
        due::look_soon(app, SWEPT).await?;
        app.announced().remember(None, now);
    }
    Ok(())
}

/// Says that a transaction is about to write to an order of this tenant. If this process dies, what
/// it left is taken up within a minute, which is sooner than the sweeper comes.
///
/// # Errors
/// When the queue or the key-value store is away: write nothing then.
pub async fn announce_order(app: &App, tenant: TenantNumber) -> Result<(), PortError> {
    announce(app).await?;
    let now = app.clock.now();
    if !app.announced().is_shared(Some(tenant), now) {
        let body = serde_json::to_string(&PaymentMessage::Look { tenant });
        let body = body.map_err(|error| PortError::caused_by("a message has no JSON", error))?;
        let look = Outgoing { body, delay: DECIDED, ..Outgoing::default() };
        app.queue.send(QueueName::Payments, &[look]).await?;
        app.announced().remember(Some(tenant), now);
    }
    Ok(())
}

/// Sends what the tenant's transactions left in the outbox for queues that the function may send
/// to; `None` means all tenants, in the role `system`. Called right after a commit; what fails
/// here is for the sweeper, so nothing is lost. A crash between sending and committing sends
/// again, which consumers bear.
///
/// # Errors
/// When Postgres or the queue is away.
pub async fn outbox(
    app: &App,
    tenant: Option<TenantNumber>,
    queues: &[QueueName],
) -> Result<usize, PortError> {
    let mut sent = 0;
    loop {
        let tx = match tenant {
            Some(tenant) => app.db.tenant(tenant).await?,
            None => app.db.across().await?,
        };
        let posted = outbox::take(&tx, tenant, queues, AT_ONCE).await?;
        step::reached("relay.taken");
        let send = async |queue: QueueName| {
            let messages: Vec<Outgoing> = posted
                .iter()
                .filter(|posted| posted.queue == queue)
                .map(|posted| Outgoing {
                    body: posted.body.clone(),
                    group: posted.group.clone(),
                    dedupe: posted.dedupe.clone(),
                    trace: posted.trace.clone(),
                    is_posted: true,
                    ..Outgoing::default()
                })
                .collect();
            if !messages.is_empty() {
                app.queue.send(queue, &messages).await?;
                step::reached("relay.sent");
            }
            Ok::<_, PortError>(())
        };
        try_join_all(queues.iter().copied().map(send)).await?;
        tx.commit().await?;
        sent += posted.len();
        if posted.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX) {
            return Ok(sent);
        }
    }
}

/// Sends messages that follow from what is stored, each when its delay has passed. They carry no
/// trace: nobody who waits asked for them.
///
/// # Errors
/// [`Failure::Retry`] when the queue is away.
pub async fn send<Message: Serialize>(
    app: &App,
    queue: QueueName,
    messages: impl IntoIterator<Item = (Message, Duration)>,
) -> Result<(), Failure> {
    let outgoing = |(message, delay): (Message, Duration)| {
        let body = serde_json::to_string(&message)?;
        Ok(Outgoing { body, delay, ..Outgoing::default() })
    };
    let outgoing =
        messages.into_iter().map(outgoing).collect::<Result<Vec<_>, serde_json::Error>>();
    let outgoing = outgoing.map_err(Failure::discard)?;
    if !outgoing.is_empty() {
        app.queue.send(queue, &outgoing).await?;
    }
    Ok(())
}

/// The queues that follow orders and stock.
pub const FOLLOWERS: &[QueueName] = &[QueueName::Sales, QueueName::Mail, QueueName::Hooks];

/// What a function sends that writes to orders: to those who follow them, and to whoever takes up
/// what it leaves if it dies.
pub const WITH_ORDERS: &[QueueName] =
    &[QueueName::Sales, QueueName::Mail, QueueName::Hooks, QueueName::Payments];

/// Sends to those who follow a shop what a transaction of this process left for them. Callers that
/// meet share one sending: it takes along what all of them left.
///
/// # Errors
/// When Postgres or the queue is away.
pub async fn to_followers(app: &App, tenant: TenantNumber) -> Result<(), PortError> {
    let turns = app.relays().of(tenant);
    let mine = turns.asked.fetch_add(1, Ordering::Relaxed) + 1;
    let mut sent = turns.sent.lock().await;
    if *sent < mine {
        // Whoever asked by now had committed before.
        let asked = turns.asked.load(Ordering::Relaxed);
        outbox(app, Some(tenant), FOLLOWERS).await?;
        *sent = asked;
    }
    Ok(())
}

/// The same, where what fails is for the sweeper.
pub async fn followers(app: &App, tenant: TenantNumber) {
    if let Err(error) = to_followers(app, tenant).await {
        tracing::warn!(error = crate::trace::chain(&error), "nudges wait for the sweeper");
    }
}

/// Sendings of this process, by tenant.
#[derive(Debug, Default)]
pub struct Relays(Mutex<HashMap<TenantNumber, Arc<Turns>>>);

/// How many have asked, and up to which of them was sent.
#[derive(Debug, Default)]
struct Turns {
    asked: AtomicU64,
    sent: tokio::sync::Mutex<u64>,
}

const TENANTS: usize = 1_000;

impl Relays {
    fn of(&self, tenant: TenantNumber) -> Arc<Turns> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= TENANTS {
            all.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        all.entry(tenant).or_default().clone()
    }
}
