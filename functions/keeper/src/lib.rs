//! Keeps house.
//!
//! - Trigger: schedule, once a day.
//! - Reads: partitions of the head, carts, which shops have orders.
//! - Writes: partitions ahead, packed blocks; deletes what is past its horizon.
//! - Emits: through the outbox, one nudge to `sales` for each shop with carts of past days, and one
//!   message to `recommendations` for each with orders.
//! - On failure: every step may be run again; what was not done today is done tomorrow.

use std::time::Duration;

use app::{App, Every, Failure, Function, Role, Tick, Trigger, Uses, relay};
use domain::metric::limit;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use store::keeping;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "keeper",
        trigger: Trigger::schedule(Every::Day { hour: 2, minute: 10 }, keep),
        uses: Uses { postgres: Some(Role::Owner), key_value: true, ..Uses::default() },
    }
}

/// A day is sealed when no point may come to it on the ordinary path any more.
const SEALED_AFTER: SignedDuration = limit::LATE;
/// Carts are measured a day after they were last touched, and those of the days before once more,
/// should a night have been missed.
const CARTS_TO: SignedDuration = SignedDuration::from_hours(24);
const CARTS_FROM: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Packing stops when less time is left.
const SPARE: Duration = Duration::from_secs(20);

async fn keep(app: App, tick: Tick) -> Result<(), Failure> {
    let now = app.clock.now();
    keeping::prepare_weeks(&app.db, now).await?;
    relay::announce(&app).await?;
    keeping::pass_carts(&app.db, (now - CARTS_FROM, now - CARTS_TO)).await?;
    keeping::ask_to_count(&app.db, now).await?;
    keeping::forget(&app.db, now).await?;
    keeping::give_up_imports(&app.db, now).await?;
    let sealed = now.checked_sub(SEALED_AFTER).map_err(Failure::discard)?;
    let sealed = sealed.to_zoned(TimeZone::UTC).date();
    for week in keeping::weeks(&app.db).await? {
        let mut packed = false;
        for offset in 0..7 {
            let day = week.monday.saturating_add(offset.days());
            if day < sealed && tick.deadline.remaining() > SPARE {
                packed |= keeping::pack(&app.db, day).await?;
            }
        }
        if packed {
            keeping::empty(&app.db, &week).await?;
        }
    }
    Ok(())
}
