//! Plans the letters that are due.
//!
//! - Trigger: schedule, every 15 minutes.
//! - Reads: the next due instant (key-value record); reports, only when one is due.
//! - Writes: occurrences and deliveries, when a report is due next.
//! - Emits: one `reports` message for each delivery, by the outbox.
//! - On failure: a report is planned in one transaction, and each local date once; what the relay
//!   could not send, the sweeper sends. Of missed occurrences only the newest leaves.

use std::collections::BTreeSet;
use std::time::Duration;

use app::trace::{TraceParent, chain};
use app::{App, Every, Failure, Function, Role, Tick, Trigger, Uses, due, relay};
use domain::id::TenantNumber;
use domain::message::QueueName;
use domain::report::Due;
use store::reports::{self, Sending};

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "report-planner",
        trigger: Trigger::schedule(Every::Minutes(15), plan),
        uses: Uses {
            postgres: Some(Role::System),
            sends: &[QueueName::Reports],
            key_value: true,
            ..Uses::default()
        },
    }
}

/// What is left of the time is kept for sending; the next tick goes on.
const RESERVE: Duration = Duration::from_secs(10);

async fn plan(app: App, tick: Tick) -> Result<(), Failure> {
    let Some(look) = due::begin(&app, due::REPORTS).await? else { return Ok(()) };
    let mut tenants = BTreeSet::new();
    while tick.deadline.remaining() > RESERVE
        && let Some(tenant) = plan_one(&app).await?
    {
        tenants.insert(tenant);
    }
    for tenant in tenants {
        if let Err(error) = relay::outbox(&app, Some(tenant), &[QueueName::Reports]).await {
            tracing::warn!(error = chain(&error), "letters wait for the sweeper");
        }
    }
    Ok(due::end(&app, &look, reports::next_due(&app.db).await?).await?)
}

/// Plans the report that is due longest. Answers whose it is; None when nothing is due.
async fn plan_one(app: &App) -> Result<Option<TenantNumber>, Failure> {
    let now = app.clock.now();
    let tx = app.db.across().await?;
    let Some(report) = reports::take_due(&tx, now).await? else {
        tx.rollback().await?;
        return Ok(None);
    };
    let due = Due::at(&report.schedule, &report.zone, now);
    let sending = Sending {
        tenant: report.tenant,
        report: report.report,
        local_date: due.occurrence.date,
        due_at: due.occurrence.at,
        late: due.late,
        test: false,
        recipients: &report.recipients,
        now,
        trace: TraceParent::current().map(|trace| trace.header()),
    };
    reports::plan(&tx, &sending).await?;
    reports::advance(&tx, &report, due.next_at).await?;
    relay::announce(app).await?;
    tx.commit().await?;
    Ok(Some(report.tenant))
}
