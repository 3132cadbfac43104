//! Asks for forecasts, once a day.
//!
//! - Trigger: schedule, daily at 02:30 UTC.
//! - Reads: metrics of all tenants.
//! - Writes: nothing.
//! - Emits: one `forecasts` message for each metric whose days can be forecast.
//! - On failure: the next try asks again; a forecast that is made twice replaces itself.

use app::port::Outgoing;
use app::trace::TraceParent;
use app::{App, Every, Failure, Function, Role, Tick, Trigger, Uses};
use domain::forecast;
use domain::id::TenantNumber;
use domain::message::{ForecastMessage, QueueName};
use jiff::Timestamp;
use store::forecasts::{self, Candidate};

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "forecast-planner",
        trigger: Trigger::schedule(Every::Day { hour: 2, minute: 30 }, plan),
        uses: Uses {
            postgres: Some(Role::System),
            sends: &[QueueName::Forecasts],
            ..Uses::default()
        },
    }
}

const PAGE: i64 = 500;

async fn plan(app: App, _tick: Tick) -> Result<(), Failure> {
    let now = app.clock.now();
    let mut after = (TenantNumber(0), 0);
    loop {
        let page = forecasts::candidates(&app.db, after, PAGE).await?;
        let messages = page
            .iter()
            .filter(|candidate| forecast::daily(candidate.aggregation).is_some())
            .map(|candidate| message(candidate, now))
            .collect::<Result<Vec<_>, _>>()
            .map_err(Failure::discard)?;
        app.queue.send(QueueName::Forecasts, &messages).await?;
        match page.last() {
            Some(last) => after = (last.tenant, last.metric),
            None => return Ok(()),
        }
    }
}

fn message(candidate: &Candidate, now: Timestamp) -> Result<Outgoing, serde_json::Error> {
    let Candidate { tenant, metric, name, .. } = candidate;
    let message = ForecastMessage::Metric { tenant: *tenant, metric: name.clone(), now };
    Ok(Outgoing {
        body: serde_json::to_string(&message)?,
        dedupe: Some(format!("{tenant}:{metric}:{}", now.strftime("%Y-%m-%d"))),
        trace: TraceParent::current().map(|trace| trace.header()),
        ..Outgoing::default()
    })
}
