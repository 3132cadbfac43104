//! Keeps reports: what is sent to whom, and when.
//!
//! - Trigger: HTTP `/v1/reports`, their deliveries and test letters; `/v1/unsubscribe/{token}`.
//! - Reads: reports, deliveries, metrics.
//! - Writes: reports, who ended one, test deliveries; asks the planner to look (key-value record).
//! - Emits: a `reports` message for a test letter, by the outbox.
//! - On failure: every change is one transaction. A planner that was not asked looks after a day.

use app::caller::Caller;
use app::extract::{Body, Path};
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses, due};
use axum::Json;
use axum::extract::State;
use domain::id::ReportId;
use domain::message::QueueName;
use domain::metric::Kind;
use domain::report::{Item, limit};
use http::StatusCode;
use store::reports::{self, Kept, Report};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::{ReportIn, ReportOut, ReportsOut, Wanted};

mod sendings;
mod unsubscribe;
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "reports",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(list_reports, post_report))
                .routes(routes!(get_report, put_report, delete_report))
                .routes(routes!(sendings::list))
                .routes(routes!(sendings::post_test))
                .routes(routes!(unsubscribe::show, unsubscribe::end)),
        ),
        uses: Uses {
            postgres: Some(Role::App),
            sends: &[QueueName::Reports],
            key_value: true,
            ..Uses::default()
        },
    }
}

/// List reports
#[utoipa::path(
    get, path = "/v1/reports", tag = "reports",
    responses((status = 200, description = "All reports, the oldest first", body = ReportsOut))
)]
async fn list_reports(State(app): State<App>, caller: Caller) -> Result<Json<ReportsOut>, Problem> {
    let found = reports::list(&app.db, caller.tenant.number).await?;
    let reports = found.iter().map(ReportOut::of).collect();
    Ok(Json(ReportsOut { reports }))
}

/// Make a report
///
/// At most one letter leaves for each recipient and local date. The reply shows the next runs.
#[utoipa::path(
    post, path = "/v1/reports", tag = "reports",
    request_body = ReportIn,
    responses(
        (status = 201, description = "Made", body = ReportOut),
        (status = 409, description = "The tenant has 100 reports"),
        (status = 422, description = "A field is not valid"),
    )
)]
async fn post_report(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<ReportIn>,
) -> Result<(StatusCode, Json<ReportOut>), Problem> {
    let wanted = wanted.check(&caller.tenant)?;
    require_metrics(&app, &caller, &wanted.items).await?;
    let now = app.clock.now();
    let next_due_at = (!wanted.paused).then(|| wanted.schedule.next_after(&wanted.zone, now).at);
    let report = report(ReportId(Uuid::now_v7()), wanted, next_due_at);
    if !reports::create(&app.db, caller.tenant.number, &report, now).await? {
        return Err(Problem::new(
            ProblemCode::Conflict,
            format!("the tenant has {} reports; delete one first", limit::REPORTS),
        ));
    }
    look_soon(&app).await;
    Ok((StatusCode::CREATED, Json(show(&app, &caller, report.id).await?)))
}

/// Read a report
#[utoipa::path(
    get, path = "/v1/reports/{id}", tag = "reports",
    params(("id" = Uuid, Path, description = "The report")),
    responses(
        (status = 200, description = "The report", body = ReportOut),
        (status = 404, description = "No such report"),
    )
)]
async fn get_report(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<ReportOut>, Problem> {
    Ok(Json(show(&app, &caller, ReportId(id)).await?))
}

/// Change a report
///
/// All of it: what is left out returns to its default. Who has unsubscribed stays so.
#[utoipa::path(
    put, path = "/v1/reports/{id}", tag = "reports",
    params(("id" = Uuid, Path, description = "The report")),
    request_body = ReportIn,
    responses(
        (status = 200, description = "Changed", body = ReportOut),
        (status = 404, description = "No such report"),
        (status = 422, description = "A field is not valid"),
    )
)]
async fn put_report(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<ReportIn>,
) -> Result<Json<ReportOut>, Problem> {
    let before = find(&app, &caller, ReportId(id)).await?.report;
    let wanted = wanted.check(&caller.tenant)?;
    require_metrics(&app, &caller, &wanted.items).await?;
    let now = app.clock.now();
    // What is due already stays due, unless its time is what changes.
    let keeps_time = (before.schedule, &before.zone, before.paused)
        == (wanted.schedule, &wanted.zone, wanted.paused);
    let next_due_at = match (wanted.paused, keeps_time) {
        (true, _) => None,
        (false, true) => before.next_due_at,
        (false, false) => Some(wanted.schedule.next_after(&wanted.zone, now).at),
    };
    let report = report(before.id, wanted, next_due_at);
    if !reports::replace(&app.db, caller.tenant.number, &report, now).await? {
        return Err(no_such_report());
    }
    look_soon(&app).await;
    Ok(Json(show(&app, &caller, report.id).await?))
}

/// Delete a report
///
/// With the list of its deliveries. To stop sending for a while, pause it.
#[utoipa::path(
    delete, path = "/v1/reports/{id}", tag = "reports",
    params(("id" = Uuid, Path, description = "The report")),
    responses(
        (status = 204, description = "Gone"),
        (status = 404, description = "No such report"),
    )
)]
async fn delete_report(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    match reports::delete(&app.db, caller.tenant.number, ReportId(id)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_such_report()),
    }
}

async fn show(app: &App, caller: &Caller, id: ReportId) -> Result<ReportOut, Problem> {
    Ok(ReportOut::of(&find(app, caller, id).await?))
}

async fn find(app: &App, caller: &Caller, id: ReportId) -> Result<Kept, Problem> {
    reports::find(&app.db, caller.tenant.number, id).await?.ok_or_else(no_such_report)
}

fn no_such_report() -> Problem {
    Problem::not_found("report of that id")
}

fn report(id: ReportId, wanted: Wanted, next_due_at: Option<jiff::Timestamp>) -> Report {
    let Wanted { name, items, recipients, schedule, zone, paused } = wanted;
    Report { id, name, items, recipients, schedule, zone, paused, next_due_at }
}

/// Refuses figures of metrics that are not there, and ratios of levels.
async fn require_metrics(app: &App, caller: &Caller, items: &[Item]) -> Result<(), Problem> {
    let names: Vec<&str> =
        items.iter().flat_map(Item::metrics).map(domain::metric::MetricName::as_str).collect();
    let found = store::metrics::find(&app.db, caller.tenant.number, &names).await?;
    for (index, item) in items.iter().enumerate() {
        for name in item.metrics() {
            let metric = found.iter().find(|metric| metric.name == name.as_str());
            let field = format!("metrics[{index}]");
            let Some(metric) = metric else {
                let detail = format!("there is no metric `{name}`; declare it first");
                return Err(Problem::invalid(field, detail));
            };
            if matches!(item, Item::Ratio { .. }) && metric.declaration.kind == Kind::Gauge {
                let detail = format!("a ratio divides sums, and `{name}` is a gauge");
                return Err(Problem::invalid(field, detail));
            }
        }
    }
    Ok(())
}

/// What was committed stands even when the planner cannot be told: then it looks after a day.
async fn look_soon(app: &App) {
    if let Err(error) = due::look_soon(app, due::REPORTS).await {
        tracing::warn!(error = app::trace::chain(&error), "the planner was not asked to look");
    }
}
