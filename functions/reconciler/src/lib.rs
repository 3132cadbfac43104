//! Holds the payment provider against our orders, so that nothing is stuck and nobody sees it.
//!
//! - Trigger: schedule, once a day.
//! - Reads: the provider's events that no webhook has taken, and its payments of the last days;
//!   orders and their payments; the key-value record that says how far it came.
//! - Writes: findings, for a person; how far it came.
//! - Emits: messages to `payments`, as webhooks would have brought them; calls to the provider
//!   that give back, or call off, what was made twice.
//! - On failure: the next run goes on after the last part that was done. A notice is heard once,
//!   a finding is written down once, and money goes back once, however often it runs.

use std::time::Duration;

use app::{App, Every, Failure, Function, Role, Tick, Trigger, Uses};
use domain::message::QueueName;

use self::progress::{Progress, Step};

/// Payments, and what becomes of them.
mod payments;
/// How far it came.
mod progress;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "reconciler",
        trigger: Trigger::schedule(Every::Day { hour: 3, minute: 20 }, reconcile),
        uses: Uses {
            postgres: Some(Role::System),
            sends: &[QueueName::Payments],
            key_value: true,
            gateway: true,
            ..Uses::default()
        },
    }
}

/// No new part is begun when less time is left: a call to the provider may take 12 s.
const SPARE: Duration = Duration::from_secs(20);

async fn reconcile(app: App, tick: Tick) -> Result<(), Failure> {
    if app.gateway.is_none() {
        tracing::info!("no payment provider is set up");
        return Ok(());
    }
    let now = app.clock.now();
    let mut progress = Progress::load(&app, now).await?;
    loop {
        let Some(step) = progress.step else {
            if progress.until >= now {
                break;
            }
            progress = progress.next(now);
            continue;
        };
        if tick.deadline.remaining() < SPARE {
            tracing::warn!("the rest is held against orders in the next run");
            return Ok(());
        }
        let after = match step {
            Step::Events => payments::hear(&app, &progress).await?,
            Step::Payments => payments::compare(&app, &progress).await?,
        };
        progress = progress.after(step, after);
        progress.save(&app).await?;
    }
    payments::undo_duplicates(&app, &tick).await?;
    payments::look_after_waiting(&app, &tick).await
}
