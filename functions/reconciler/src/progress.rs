use app::{App, Failure};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The record that says how far it came.
const RECORD: &str = "reconciled";
/// The first run, or one that finds no record, looks back so far.
const FIRST: SignedDuration = SignedDuration::from_hours(3 * 24);

/// A time, and how much of it is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
    /// What is under way; none when all of it is done.
    pub(crate) step: Option<Step>,
    /// Where the provider's list goes on.
    pub(crate) after: Option<String>,
}

/// What is gone through, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    Events,
    Payments,
}

impl Progress {
    pub(crate) async fn load(app: &App, now: Timestamp) -> Result<Self, Failure> {
        let record = app.key_value.get(RECORD).await?;
        let known = record.and_then(|record| serde_json::from_str(&record.value).ok());
        let before = now.checked_sub(FIRST).map_err(Failure::discard)?;
        Ok(known.unwrap_or(Self { since: before, until: before, step: None, after: None }))
    }

    pub(crate) async fn save(&self, app: &App) -> Result<(), Failure> {
        let record = serde_json::to_string(self).map_err(Failure::discard)?;
        Ok(app.key_value.put(RECORD, &record, None).await?)
    }

    /// The time after it, up to now.
    pub(crate) fn next(self, now: Timestamp) -> Self {
        Self { since: self.until, until: now, step: Some(Step::Events), after: None }
    }

    /// The same when a part of a list is done: its next part, or what comes after the list.
    pub(crate) fn after(self, step: Step, after: Option<String>) -> Self {
        let step = match step {
            _ if after.is_some() => Some(step),
            Step::Events => Some(Step::Payments),
            Step::Payments => None,
        };
        Self { step, after, ..self }
    }
}
