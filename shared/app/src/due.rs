use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::App;
use crate::port::PortError;

/// The reports' record.
pub const REPORTS: &str = "due:reports";

/// Postgres is looked into after this at the latest, whatever the record says: the call that
/// should have changed it may have died before it could.
const BELIEVED: Duration = Duration::from_secs(24 * 3600);
const TRIES: usize = 3;
/// No call lives longer than this after it asked for a look.
const COMMITTED: SignedDuration = SignedDuration::from_mins(1);

/// A look into Postgres that is under way.
#[derive(Debug)]
pub struct Look {
    record: &'static str,
    version: i64,
    due_at: Option<Timestamp>,
}

/// Begins a look for due work, unless the record says that nothing is due: then Postgres may go
/// on sleeping.
///
/// # Errors
/// When the key-value store is away.
pub async fn begin(app: &App, record: &'static str) -> Result<Option<Look>, PortError> {
    for _ in 0..TRIES {
        match app.key_value.get(record).await? {
            Some(found) => {
                let due_at = found.value.parse::<Timestamp>().ok();
                let waits = due_at.is_some_and(|due_at| due_at > app.clock.now());
                let version = found.version;
                return Ok((!waits).then_some(Look { record, version, due_at }));
            }
            // The record is there before the look, so that whoever changes it meanwhile is seen.
            None => {
                let until = Some(app.clock.after(BELIEVED));
                app.key_value.put_if_absent(record, "", until).await?;
            }
        }
    }
    Err(PortError::new("a record of due work vanishes as soon as it is written"))
}

impl Look {
    /// Whether the transaction that asked for it may still be running: then it has not seen
    /// everything, and is not to be ended.
    #[must_use]
    pub fn is_early(&self, app: &App) -> bool {
        self.due_at.is_some_and(|at| app.clock.now().duration_since(at) < COMMITTED)
    }
}

/// Ends a look: nothing is due before `next_at`. Whoever asked for another look meanwhile gets
/// it.
///
/// # Errors
/// When the key-value store is away.
pub async fn end(app: &App, look: &Look, next_at: Option<Timestamp>) -> Result<(), PortError> {
    let believed_until = app.clock.after(BELIEVED);
    let next_at = next_at.unwrap_or(believed_until).to_string();
    let record =
        app.key_value.compare_and_set(look.record, look.version, &next_at, Some(believed_until));
    record.await.map(drop)
}

/// Asks for a look at the next tick: what is due has changed.
///
/// # Errors
/// When the key-value store is away.
pub async fn look_soon(app: &App, record: &'static str) -> Result<(), PortError> {
    let now = app.clock.now().to_string();
    app.key_value.put(record, &now, Some(app.clock.after(BELIEVED))).await
}
