//! Brings the schema up to date.
//!
//! - Trigger: command, on every deployment, before the other functions change.
//! - Reads: which migrations were applied.
//! - Writes: the schema.
//! - Emits: nothing.
//! - On failure: the deployment stops; migrations that were applied stand, and each runs once.

use app::{App, Failure, Function, Role, Tick, Trigger, Uses};

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "migrate",
        trigger: Trigger::command(migrate),
        uses: Uses { postgres: Some(Role::Owner), ..Uses::default() },
    }
}

async fn migrate(app: App, _tick: Tick) -> Result<(), Failure> {
    let applied = app.db.migrate().await?;
    tracing::info!(?applied, "the schema is up to date");
    Ok(())
}
