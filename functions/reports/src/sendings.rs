use std::time::Duration;

use app::caller::Caller;
use app::extract::{Body, Parameters, Path};
use app::trace::{TraceParent, chain};
use app::{App, Problem, ProblemCode, relay};
use axum::Json;
use axum::extract::State;
use domain::id::{DeliveryId, ReportId};
use domain::message::QueueName;
use domain::report::{Address, limit};
use http::StatusCode;
use serde::Deserialize;
use store::reports::{self, Sending, deliveries};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::find;
use crate::wire::{DeliveriesOut, DeliveryOut, TestIn, TestOut};

/// Which page of deliveries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// The last id of the page before.
    before: Option<Uuid>,
    /// Deliveries of a page, 1 to 1,000; 100 unless given.
    limit: Option<i64>,
}

/// How long test letters are counted; longer than a day.
const COUNTED: Duration = Duration::from_secs(48 * 3600);

/// List what was sent of a report
///
/// The newest first. `unknown` means that the connection to the mail server ended before it had
/// answered: such a letter is never sent again.
#[utoipa::path(
    get, path = "/v1/reports/{id}/deliveries", operation_id = "list_deliveries", tag = "reports",
    params(("id" = Uuid, Path, description = "The report"), Page),
    responses(
        (status = 200, description = "Deliveries", body = DeliveriesOut),
        (status = 404, description = "No such report"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Parameters(page): Parameters<Page>,
) -> Result<Json<DeliveriesOut>, Problem> {
    let (tenant, report) = (caller.tenant.number, find(&app, &caller, ReportId(id)).await?.report);
    let limit = page.limit.unwrap_or(100).clamp(1, 1000);
    let before = page.before.map(DeliveryId);
    let found = deliveries::list(&app.db, tenant, report.id, before, limit).await?;
    let next = app::page::next(&found, limit, |delivery| delivery.id.0);
    Ok(Json(DeliveriesOut { deliveries: found.into_iter().map(DeliveryOut::from).collect(), next }))
}

/// Send a test letter
///
/// To one of the report's recipients, about the period that a letter of this moment would be
/// about. It is marked as a test and has no link to unsubscribe.
#[utoipa::path(
    post, path = "/v1/reports/{id}/test", operation_id = "send_test_letter", tag = "reports",
    params(("id" = Uuid, Path, description = "The report")),
    request_body = TestIn,
    responses(
        (status = 202, description = "On its way", body = TestOut),
        (status = 404, description = "No such report"),
        (status = 409, description = "The recipient has unsubscribed"),
        (status = 422, description = "Not a recipient of the report"),
        (status = 429, description = "50 test letters were sent today"),
    )
)]
pub(crate) async fn post_test(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<TestIn>,
) -> Result<(StatusCode, Json<TestOut>), Problem> {
    let kept = find(&app, &caller, ReportId(id)).await?;
    let address = Address::parse(&wanted.recipient)
        .map_err(|error| Problem::invalid("recipient", error.to_string()))?;
    let recipient = kept
        .report
        .recipients
        .iter()
        .find(|recipient| recipient.same_box(&address))
        .ok_or_else(|| Problem::invalid("recipient", "add the address to the report first"))?;
    if kept.has_unsubscribed(recipient) {
        return Err(Problem::new(ProblemCode::Conflict, "the recipient has unsubscribed"));
    }
    count_test(&app, &caller).await?;
    let now = app.clock.now();
    let tenant = caller.tenant.number;
    let sending = Sending {
        tenant,
        report: kept.report.id,
        local_date: kept.report.zone.date(now),
        due_at: now,
        late: false,
        test: true,
        recipients: &[recipient.to_string()],
        now,
        trace: TraceParent::current().map(|trace| trace.header()),
    };
    let tx = app.db.tenant(tenant).await?;
    let planned = reports::plan(&tx, &sending).await?;
    relay::announce(&app).await?;
    tx.commit().await?;
    if let Err(error) = relay::outbox(&app, Some(tenant), &[QueueName::Reports]).await {
        tracing::warn!(error = chain(&error), "a test letter waits for the sweeper");
    }
    let delivery = planned.first().map(|id| id.0).unwrap_or_default();
    Ok((StatusCode::ACCEPTED, Json(TestOut { delivery })))
}

async fn count_test(app: &App, caller: &Caller) -> Result<(), Problem> {
    let day = app.clock.now().strftime("%Y-%m-%d");
    let key = format!("report_tests:{}:{day}", caller.tenant.number);
    let sent = app.key_value.add(&key, 1, Some(app.clock.after(COUNTED))).await?;
    if sent <= limit::TESTS {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::RateLimited,
        format!("{} test letters were sent today; try again tomorrow", limit::TESTS),
    ))
}
