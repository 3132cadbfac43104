//! Takes up what was left behind: messages in the outbox, orders whose time is over, calls to
//! payment providers that nobody has made, events that endpoints are to be told again.
//!
//! - Trigger: schedule, every 15 minutes.
//! - Reads: the key-value record that says when something may be due; only then the outbox, orders
//!   and deliveries to endpoints.
//! - Writes: takes rows out of the outbox.
//! - Emits: messages of every queue, as their transactions posted them; one to `payments` for each
//!   order that is due, one to `hooks` for each delivery.
//! - On failure: the rows stay, and so does the record; the next tick tries again.

use std::time::Duration;

use app::{App, Failure, Function, Role, Tick, Trigger, Uses, due, relay, step};
use domain::id::{HookDeliveryId, OrderId};
use domain::message::{Nudge, PaymentMessage, QueueName};
use store::{hooks, orders};
use uuid::Uuid;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "sweeper",
        trigger: Trigger::schedule(relay::SWEEP, sweep),
        uses: Uses {
            postgres: Some(Role::System),
            sends: &QueueName::ALL,
            key_value: true,
            ..Uses::default()
        },
    }
}

const AT_ONCE: i64 = 500;

async fn sweep(app: App, _tick: Tick) -> Result<(), Failure> {
    let Some(look) = due::begin(&app, relay::SWEPT).await? else { return Ok(()) };
    let sent = relay::outbox(&app, None, &QueueName::ALL).await?;
    step::reached("sweep.relayed");
    let orders = call_orders(&app).await?;
    step::reached("sweep.called");
    let hooks = call_hooks(&app).await?;
    if sent > 0 || orders > 0 || hooks > 0 {
        tracing::info!(sent, orders, hooks, "something was left behind");
    }
    // What is due stays due until its message was taken: the next tick looks again.
    let (order_at, hook_at) = (orders::next_due(&app.db).await?, hooks::next_due(&app.db).await?);
    let next_at = order_at.into_iter().chain(hook_at).min();
    if !look.is_early(&app) {
        due::end(&app, &look, next_at).await?;
    }
    Ok(())
}

/// Asks for every order that is due to be taken up.
async fn call_orders(app: &App) -> Result<usize, Failure> {
    let (mut called, mut after) = (0, OrderId(Uuid::nil()));
    loop {
        let due = orders::due(&app.db, app.clock.now(), after, AT_ONCE).await?;
        let Some((_, last)) = due.last() else { return Ok(called) };
        let messages = due.iter().map(|&(tenant, order)| PaymentMessage::Due { tenant, order });
        relay::send(app, QueueName::Payments, messages.map(at_once)).await?;
        called += due.len();
        after = *last;
    }
}

/// Asks for everything to be told that endpoints are to be told now.
async fn call_hooks(app: &App) -> Result<usize, Failure> {
    let (mut called, mut after) = (0, HookDeliveryId(Uuid::nil()));
    loop {
        let due = hooks::due(&app.db, app.clock.now(), after, AT_ONCE).await?;
        let Some((_, last)) = due.last() else { return Ok(called) };
        let nudges = due.iter().map(|&(tenant, delivery)| Nudge::Hook { tenant, delivery });
        relay::send(app, QueueName::Hooks, nudges.map(at_once)).await?;
        called += due.len();
        after = *last;
    }
}

fn at_once<Message>(message: Message) -> (Message, Duration) {
    (message, Duration::ZERO)
}
