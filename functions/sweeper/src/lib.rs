//! Sends what was left behind in the outbox.
//!
//! - Trigger: schedule, every 15 minutes.
//! - Reads: the key-value record that says whether anything may be left; only then the outbox.
//! - Writes: takes rows out of the outbox.
//! - Emits: messages of every queue, as their transactions posted them.
//! - On failure: the rows stay, and so does the record; the next tick tries again.

use app::{App, Failure, Function, Role, Tick, Trigger, Uses, relay};
use domain::message::QueueName;
use jiff::tz::TimeZone;

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

async fn sweep(app: App, tick: Tick) -> Result<(), Failure> {
    let announced = app.key_value.get(relay::POSTED).await?;
    // Once a day it looks in any case, should the record have been lost.
    let midnight = tick.planned_at.to_zoned(TimeZone::UTC);
    if announced.is_none() && (midnight.hour(), midnight.minute() / 15) != (0, 0) {
        return Ok(());
    }
    let sent = relay::outbox(&app, None, &QueueName::ALL).await?;
    if sent > 0 {
        tracing::info!(sent, "messages were left behind");
    }
    // Whoever announced meanwhile, or a moment ago and is yet to commit, is looked for again.
    if let Some(announced) = announced.filter(|record| !relay::may_commit(&app, record)) {
        let (version, now) = (announced.version, Some(app.clock.now()));
        app.key_value.compare_and_set(relay::POSTED, version, "", now).await?;
    }
    Ok(())
}
