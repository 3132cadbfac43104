//! Tells endpoints of shops what became of orders.
//!
//! - Trigger: queue `hooks`, in any order.
//! - Reads: orders from where it had read them; endpoints with their secrets.
//! - Writes: deliveries, one for each endpoint and event, and what became of each; how far it has
//!   read; endpoints that are gone or fail for too long, which it disables.
//! - Emits: events, signed, to endpoints; to `hooks` one message for each delivery that is due
//!   within minutes. What is due later the sweeper sends.
//! - On failure: a delivery has one row, its event one id and one body, and of the workers that
//!   find it due one tries it. If that dies, another tries within minutes: an endpoint may hear
//!   the same id twice. A try that failed is no failed message.

use std::time::Duration;

use app::hooks::{Envelope, NotAllowed, Undelivered, sign};
use app::trace::chain;
use app::{App, Delivery, Failure, Function, Role, Trigger, Uses, relay};
use domain::hook::{DeliveryState, GIVEN_UP_AFTER, next_try};
use domain::id::{HookDeliveryId, OrderId, TenantNumber};
use domain::message::{Nudge, QueueName};
use domain::order::{self, Announcement};
use jiff::{SignedDuration, Timestamp};
use store::hooks::{self, Claimed, Hook, NewDelivery, Settled, Told};
use store::orders;
use uuid::Uuid;

/// What is sent.
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "hook-sender",
        trigger: Trigger::queue(QueueName::Hooks, tell),
        uses: Uses {
            postgres: Some(Role::App),
            sends: &[QueueName::Hooks],
            key_value: true,
            ..Uses::default()
        },
    }
}

/// No endpoint is told of that.
#[derive(Debug, thiserror::Error)]
#[error("no endpoint is told of that")]
struct ToldToNobody;

/// Whoever claimed a delivery has this long to tell what came of it; several times as long as an
/// endpoint has to answer.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// No message waits longer.
const MESSAGE_WAITS: Duration = Duration::from_secs(15 * 60);
/// What an endpoint answers that is to be told nothing more.
const GONE: u16 = 410;
/// What went wrong is kept up to this length.
const DETAIL_CHARS: usize = 300;

async fn tell(app: App, delivery: Delivery) -> Result<(), Failure> {
    let nudge: Nudge = serde_json::from_str(&delivery.body).map_err(Failure::discard)?;
    match nudge {
        Nudge::Order { tenant, order } => {
            tracing::Span::current().record("tenant", tenant.0);
            spread(&app, tenant, order).await
        }
        Nudge::Hook { tenant, delivery } => {
            tracing::Span::current().record("tenant", tenant.0);
            deliver(&app, tenant, delivery).await
        }
        Nudge::Stock { .. } | Nudge::Carts { .. } => Err(Failure::discard(ToldToNobody)),
    }
}

/// Makes a delivery of each event for each endpoint that wants it.
async fn spread(app: &App, tenant: TenantNumber, id: OrderId) -> Result<(), Failure> {
    let followed = orders::follow(&app.db, tenant, QueueName::Hooks, id).await?;
    let Some(last) = followed.history.last() else { return Ok(()) };
    let announced = order::announcements(id, &followed.history, followed.read);
    let endpoints = hooks::list(&app.db, tenant).await?;
    let mut deliveries = vec![];
    for told in &announced {
        for hook in endpoints.iter().filter(|hook| hook.wants(told.topic, told.at)) {
            deliveries.push(delivery(hook, told).map_err(Failure::discard)?);
        }
    }
    if !deliveries.is_empty() {
        relay::announce(app).await?;
    }
    let (read, now) = ((id, last.version), app.clock.now());
    let due = hooks::spread(&app.db, tenant, read, &deliveries, now).await?;
    send(app, tenant, &due, Duration::ZERO).await
}

fn delivery(hook: &Hook, told: &Announcement) -> Result<NewDelivery, serde_json::Error> {
    Ok(NewDelivery {
        id: HookDeliveryId(Uuid::now_v7()),
        hook: hook.id,
        version: Some(told.version),
        topic: told.topic.as_str(),
        message: wire::message(told),
        body: wire::body(told)?,
    })
}

async fn send(
    app: &App,
    tenant: TenantNumber,
    due: &[HookDeliveryId],
    delay: Duration,
) -> Result<(), Failure> {
    let messages = due.iter().map(|&delivery| (Nudge::Hook { tenant, delivery }, delay));
    relay::send(app, QueueName::Hooks, messages).await
}

/// Tries a delivery that is due.
async fn deliver(app: &App, tenant: TenantNumber, id: HookDeliveryId) -> Result<(), Failure> {
    let now = app.clock.now();
    let claimed = hooks::claim(&app.db, tenant, id, (now, now + LEASE)).await?;
    let Some(claimed) = claimed else { return Ok(()) };
    let signatures = sign(&claimed.secrets, &claimed.message, now, &claimed.body);
    let signatures = signatures.map_err(Failure::retry)?;
    let envelope = Envelope {
        url: &claimed.url,
        id: &claimed.message,
        at: now,
        signatures: &signatures,
        body: &claimed.body,
    };
    let answer = app.courier.post(&envelope).await;
    let now = app.clock.now();
    let told = judge(&answer, &claimed, now);
    let given_up_since = now - GIVEN_UP_AFTER;
    let settled = Settled { delivery: id, claimed: &claimed, told: &told, now, given_up_since };
    let is_enabled = hooks::settle(&app.db, tenant, &settled).await?;
    if told.state == DeliveryState::Succeeded {
        return Ok(());
    }
    let (hook, detail) = (claimed.hook.to_string(), told.detail.as_deref());
    if !is_enabled {
        tracing::warn!(hook, detail, "an endpoint is told nothing more");
        return Ok(());
    }
    tracing::info!(hook, detail, attempt = claimed.attempt, "an endpoint took nothing");
    let wait = told.next_try_at.and_then(|at| Duration::try_from(at.duration_since(now)).ok());
    match wait.filter(|wait| *wait <= MESSAGE_WAITS) {
        Some(wait) => send(app, tenant, &[id], wait).await,
        None => Ok(()),
    }
}

/// What an answer means for a delivery.
fn judge(answer: &Result<u16, Undelivered>, claimed: &Claimed, now: Timestamp) -> Told {
    let status = answer.as_ref().ok().copied();
    let failed = |detail: String, next_try_at: Option<Timestamp>| Told {
        state: match next_try_at {
            Some(_) => DeliveryState::Pending,
            None => DeliveryState::Failed,
        },
        status,
        detail: Some(detail.chars().take(DETAIL_CHARS).collect()),
        next_try_at,
        is_gone: status == Some(GONE),
    };
    let again = next_try(claimed.try_of_round, now);
    match answer {
        Ok(200..300) => Told {
            state: DeliveryState::Succeeded,
            status,
            detail: None,
            next_try_at: None,
            is_gone: false,
        },
        Ok(GONE) => failed("the endpoint says that it is gone".to_owned(), None),
        Ok(status) => failed(format!("the endpoint answered {status}"), again),
        // Its URL does not change by itself; what its name leads to may.
        Err(Undelivered::NotAllowed(fault)) if *fault != NotAllowed::Address => {
            failed(fault.to_string(), None)
        }
        Err(error) => failed(chain(error), again),
    }
}
