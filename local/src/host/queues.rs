use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use app::invoke::{self, Message, Outcome};
use app::port::{PortError, Received};
use app::{Deadline, Delivery};
use domain::message::QueueName;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::Subscription;
use crate::prometheus::Counts;
use app::entropy;

/// Messages of one queue that are handled at once.
const AT_ONCE: u32 = 4;
/// The same of payments: a customer waits for his order, and those that are placed at once cost
/// little more than one.
const PAYMENTS_AT_ONCE: u32 = 32;
/// As long as the longest consumer has on Lambda.
const DEADLINE: Duration = Duration::from_secs(120);
/// A message that is being handled stays hidden by a lease that is renewed, so that what a
/// killed process held comes back soon.
const LEASE: Duration = Duration::from_secs(20);
const RENEWED_EVERY: Duration = Duration::from_secs(5);
const IDLE_FIRST: Duration = Duration::from_millis(50);
const IDLE_LAST: Duration = Duration::from_secs(1);
/// After whatever handles messages once has ended.
pub(super) const LATER: Duration = Duration::from_secs(600);
const RETRY_FIRST_MS: u64 = 1_000;
const RETRY_LAST_MS: u64 = 120_000;

/// What became of the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Handled.
    pub done: usize,
    /// Deliveries that failed and are or were tried again.
    pub retried: usize,
    /// Given up by their consumer.
    pub discarded: usize,
}

/// Receives messages and handles them until asked to stop; then those in hand to their end.
pub(super) async fn work(
    subscription: Subscription,
    counts: Arc<Counts>,
    sent: Arc<Notify>,
    stopped: watch::Receiver<bool>,
) {
    let most = match subscription.queue {
        QueueName::Payments => PAYMENTS_AT_ONCE,
        _ => AT_ONCE,
    };
    let mut idle = IDLE_FIRST;
    // Tasks of their own: a consumer that calculates must not hold up others.
    let mut handling = JoinSet::new();
    while !*stopped.borrow() {
        while handling.try_join_next().is_some() {}
        let free = most.saturating_sub(u32::try_from(handling.len()).unwrap_or(most));
        // Asked for before the look, or a message in between would not wake us.
        let ring = sent.notified();
        if free > 0 {
            match subscription.receive(free).await {
                Ok(messages) if messages.is_empty() => idle = (idle * 2).min(IDLE_LAST),
                Ok(messages) => {
                    idle = IDLE_FIRST;
                    for message in messages {
                        handling.spawn(see_to(subscription.clone(), message, counts.clone()));
                    }
                    continue;
                }
                Err(error) => {
                    idle = IDLE_LAST;
                    let queue = subscription.queue.as_str();
                    tracing::warn!(error = app::trace::chain(&error), queue, "nothing received");
                }
            }
        }
        let mut asked = stopped.clone();
        tokio::select! {
            _ = timeout(idle, ring), if free > 0 => {}
            Some(_) = handling.join_next() => {}
            _ = asked.wait_for(|stopping| *stopping) => {}
        }
    }
    while handling.join_next().await.is_some() {}
}

async fn see_to(subscription: Subscription, message: Received, counts: Arc<Counts>) {
    let outcome = subscription.handle(&message).await;
    counts.message(subscription.name, outcome);
    if let Err(error) = subscription.settle(&message, outcome, backoff(&message)).await {
        let error = app::trace::chain(&error);
        tracing::warn!(error, "a message was handled and will come again");
    }
}

/// Handles everything that is visible, in turn, until nothing is. What fails becomes visible
/// again after a while.
pub(super) async fn drain(
    subscriptions: &[Subscription],
    counts: &Counts,
    retry_after: Duration,
) -> Result<Drained, PortError> {
    let mut drained = Drained::default();
    loop {
        let mut quiet = true;
        for subscription in subscriptions {
            while let Some(message) = subscription.receive(1).await?.pop() {
                quiet = false;
                let outcome = subscription.handle(&message).await;
                counts.message(subscription.name, outcome);
                subscription.settle(&message, outcome, retry_after).await?;
                match outcome {
                    Outcome::Done => drained.done += 1,
                    Outcome::Retry | Outcome::Later(_) => drained.retried += 1,
                    Outcome::Discard => drained.discarded += 1,
                }
            }
        }
        if quiet {
            return Ok(drained);
        }
    }
}

impl Subscription {
    async fn receive(&self, most: u32) -> Result<Vec<Received>, PortError> {
        self.app.queue.receive(self.queue, most, LEASE).await
    }

    async fn handle(&self, message: &Received) -> Outcome {
        let delivery = Delivery {
            body: message.body.clone(),
            attempt: message.attempt,
            deadline: Deadline::within(DEADLINE),
        };
        let trace = message.trace.as_deref();
        let message_seen = Message { id: &message.id, trace, delivery };
        let handling = invoke::deliver(self.name, &self.app, &self.consumer, message_seen);
        // Both go on: who waits for a renewal may wait for what the handler holds.
        tokio::select! {
            outcome = handling => outcome,
            never = self.keep(&message.receipt) => match never {},
        }
    }

    /// Renews the lease of a message for as long as it is handled.
    async fn keep(&self, receipt: &str) -> Infallible {
        let mut renewal = interval_at(Instant::now() + RENEWED_EVERY, RENEWED_EVERY);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            renewal.tick().await;
            if let Err(error) = self.app.queue.release(self.queue, receipt, LEASE).await {
                let error = app::trace::chain(&error);
                tracing::warn!(error, "a lease was not renewed");
            }
        }
    }

    async fn settle(
        &self,
        message: &Received,
        outcome: Outcome,
        delay: Duration,
    ) -> Result<(), PortError> {
        let (queue, receipt) = (&self.app.queue, &message.receipt);
        match outcome {
            Outcome::Done => queue.acknowledge(self.queue, receipt).await.map(drop),
            Outcome::Retry => queue.release(self.queue, receipt, delay).await.map(drop),
            Outcome::Later(after) => queue.release(self.queue, receipt, after).await.map(drop),
            Outcome::Discard => queue.bury(self.queue, message).await,
        }
    }
}

/// Doubles with every attempt; by chance up to half more, so that what failed together does not
/// come back together.
fn backoff(message: &Received) -> Duration {
    let doublings = message.attempt.saturating_sub(1).min(16);
    let delay_ms = (RETRY_FIRST_MS << doublings).min(RETRY_LAST_MS);
    let chance = u64::from(u16::from_le_bytes(entropy()));
    Duration::from_millis(delay_ms + delay_ms / 2 * chance / u64::from(u16::MAX))
}
