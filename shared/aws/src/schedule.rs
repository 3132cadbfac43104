use app::{App, Deadline, Job, Tick, invoke};
use jiff::Timestamp;
use serde_json::Value;

use crate::Refused;

/// Does one piece of work: a firing of EventBridge Scheduler, which says when it was planned
/// (`time`, or `scheduledTime` in an input of one's own), or a command, which is planned now.
///
/// # Errors
/// What the job answers: Lambda calls again for a schedule, and tells whoever called a command.
pub async fn answer(
    name: &'static str,
    app: &App,
    job: &Job,
    event: &Value,
    deadline: Deadline,
) -> Result<Value, Refused> {
    let planned_at = planned_at(event).unwrap_or_else(|| app.clock.now());
    let answer = invoke::tick(name, app, job, Tick { planned_at, deadline }).await;
    answer.map(|()| Value::Null).map_err(Refused::Failed)
}

fn planned_at(event: &Value) -> Option<Timestamp> {
    let time = event.get("time").or_else(|| event.get("scheduledTime"))?;
    time.as_str()?.parse().ok()
}
