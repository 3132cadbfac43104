use app::caller::Caller;
use app::extract::Parameters;
use app::{App, Problem};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use store::audit;
use utoipa::IntoParams;

use crate::wire::{AuditEntryOut, AuditOut};

/// Which page of the log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditPage {
    /// The last number of the page before.
    before: Option<i64>,
    /// Entries of a page, 1 to 1,000; 100 unless given.
    limit: Option<i64>,
}

/// Read who changed what
///
/// The newest first. Each entry has the hash of itself and of all before it: keep one, and nobody
/// can change what was before it without your seeing it.
#[utoipa::path(
    get, path = "/v1/audit", operation_id = "list_audit", tag = "team",
    params(AuditPage),
    responses((status = 200, description = "Entries", body = AuditOut))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Parameters(page): Parameters<AuditPage>,
) -> Result<Json<AuditOut>, Problem> {
    let limit = page.limit.unwrap_or(100).clamp(1, 1_000);
    let found = audit::page(&app.db, caller.tenant.number, page.before, limit).await?;
    let next = app::page::next(&found, limit, |it| it.number);
    let entries = found.into_iter().map(AuditEntryOut::try_from);
    let entries = entries.collect::<Result<_, _>>().map_err(Problem::internal)?;
    Ok(Json(AuditOut { entries, next }))
}
