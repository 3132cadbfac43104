use app::caller::Caller;
use app::extract::{Parameters, Path, Raw};
use app::{App, Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::access::Scope;
use domain::id::{QuarantineId, ReceiptId};
use http::StatusCode;
use serde::Serialize;
use store::arrivals::Arrival;
use store::quarantine;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::wire::{self, Judge};
use crate::{Page, record};

/// Refused rows.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuarantineOut {
    /// The oldest first.
    rows: Vec<RowOut>,
    /// Give it as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Uuid>,
}

/// A refused row.
#[derive(Serialize, ToSchema)]
pub(crate) struct RowOut {
    id: Uuid,
    /// Why it was refused.
    code: String,
    /// The field at fault.
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
    /// The row as it came, or its first 4 KiB.
    line: String,
    #[schema(value_type = String)]
    received_at: jiff::Timestamp,
}

/// List refused rows
#[utoipa::path(
    get, path = "/v1/quarantine", operation_id = "list_quarantine", tag = "points",
    params(Page),
    responses((status = 200, description = "Refused rows", body = QuarantineOut))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Parameters(page): Parameters<Page>,
) -> Result<Json<QuarantineOut>, Problem> {
    let limit = page.limit.unwrap_or(100).clamp(1, 1000);
    let after = QuarantineId(page.after.unwrap_or(Uuid::nil()));
    let found = quarantine::list(&app.db, caller.tenant.number, after, limit).await?;
    let next = app::page::next(&found, limit, |row| row.id.0);
    let rows = found
        .into_iter()
        .map(|row| RowOut {
            id: row.id.0,
            code: row.code,
            field: row.field,
            line: row.line,
            received_at: row.received_at,
        })
        .collect();
    Ok(Json(QuarantineOut { rows, next }))
}

/// Replay a refused row
///
/// The body is the row as it should have been. It leaves the quarantine in the transaction that
/// writes it, so it counts once however often this is called.
#[utoipa::path(
    post, path = "/v1/quarantine/{id}", operation_id = "replay_row", tag = "points",
    params(("id" = Uuid, Path, description = "The refused row")),
    request_body = wire::PointDocument,
    responses(
        (status = 200, description = "Written", body = wire::BatchOut),
        (status = 404, description = "No such row, or it was repaired before"),
        (status = 422, description = "Still refused; it stays", body = wire::BatchOut),
    )
)]
pub(crate) async fn replay(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Raw(body): Raw,
) -> Result<Response, Problem> {
    let tenant = caller.tenant.number;
    // It is as late as it was when it came, however long its repair took.
    let came_at = quarantine::received_at(&app.db, tenant, QuarantineId(id)).await?;
    let came_at = came_at.ok_or_else(no_such_row)?;
    let judge = Judge { now: came_at, backfill: caller.scopes.contains(&Scope::PointsBackfill) };
    let batch = wire::read(&body, false, judge)?;
    if batch.rows.len() + batch.refused.len() != 1 {
        return Err(Problem::invalid("body", "send the one repaired row as a JSON object"));
    }
    let arrival = Arrival {
        tenant: &caller.tenant,
        batch: &batch,
        receipt: ReceiptId(Uuid::now_v7()),
        part: None,
        body_hash: Uuid::nil(),
        received_at: app.clock.now(),
        repairs: Some(QuarantineId(id)),
    };
    match record(&app, &arrival).await {
        Err(problem) if problem.code() == ProblemCode::Conflict => Err(no_such_row()),
        answer => answer,
    }
}

/// Discard a refused row
#[utoipa::path(
    delete, path = "/v1/quarantine/{id}", operation_id = "discard_row", tag = "points",
    params(("id" = Uuid, Path, description = "The refused row")),
    responses(
        (status = 204, description = "Gone"),
        (status = 404, description = "No such row"),
    )
)]
pub(crate) async fn discard(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    if quarantine::discard(&app.db, caller.tenant.number, QuarantineId(id)).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(no_such_row())
    }
}

fn no_such_row() -> Problem {
    Problem::not_found("row of that id in the quarantine")
}
