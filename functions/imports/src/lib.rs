//! Takes files of history in, and says how they fare.
//!
//! - Trigger: HTTP `/v1/imports` and below.
//! - Reads: API keys (key-value records), imports, the size of uploads.
//! - Writes: imports.
//! - Emits: `imports` messages, through the outbox.
//! - On failure: what was begun and its message share a transaction; a message that could not be
//!   sent at once is sent by the sweeper. Files never pass through here: clients upload them to
//!   the object store, at an address that is signed for one hour.

use std::collections::BTreeMap;
use std::time::Duration;

use app::caller::Caller;
use app::extract::{Body, Parameters, Path};
use app::trace::TraceParent;
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses, relay};
use axum::Json;
use axum::extract::State;
use domain::id::ImportId;
use domain::import::{Action, Status};
use domain::message::QueueName;
use domain::tenant::Tenant;
use http::{Method, StatusCode};
use object_store::ObjectStoreExt as _;
use object_store::path::Path as ObjectPath;
use store::imports::{self, Beginning, Import};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::{ErrorsOut, ImportIn, ImportOut, ImportsOut, LinesPage, Page, UploadOut};

mod wire;

/// How long an upload may begin.
const UPLOAD: Duration = Duration::from_secs(3600);

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "imports",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(create, list))
                .routes(routes!(find))
                .routes(routes!(errors))
                .routes(routes!(check))
                .routes(routes!(run))
                .routes(routes!(undo)),
        ),
        uses: Uses {
            postgres: Some(Role::App),
            sends: &[QueueName::Imports],
            key_value: true,
            objects: true,
            ..Uses::default()
        },
    }
}

/// Announce a file
///
/// The answer says where to upload it: CSV with a header, gzip is welcome. Then check it, or run
/// it at once.
#[utoipa::path(
    post, path = "/v1/imports", operation_id = "create_import", tag = "imports",
    request_body = ImportIn,
    responses(
        (status = 201, description = "Waits for its upload", body = ImportOut),
        (status = 422, description = "The mapping cannot be used"),
    )
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<ImportIn>,
) -> Result<(StatusCode, Json<ImportOut>), Problem> {
    let (mapping, headers) = wanted.check()?;
    let (id, now) = (ImportId(Uuid::now_v7()), app.clock.now());
    let import = Import {
        id,
        mapping,
        file_name: wanted.file_name,
        object_path: format!("imports/{}/{id}", caller.tenant.id),
        status: Status::Waiting,
        run: id.0,
        latest: now,
        object_tag: None,
        bytes_total: None,
        bytes_done: 0,
        lines_done: 0,
        lines_undone: 0,
        points_folded: 0,
        points_missing: 0,
        tally: None,
        problem: None,
        created_at: now,
        changed_at: now,
    };
    let upload = sign(&app, &import, headers).await?;
    imports::create(&app.db, caller.tenant.number, &import).await?;
    Ok((StatusCode::CREATED, Json(ImportOut::of(import, Some(upload)))))
}

/// List imports
#[utoipa::path(
    get, path = "/v1/imports", operation_id = "list_imports", tag = "imports",
    params(Page),
    responses((status = 200, description = "Imports, the oldest first", body = ImportsOut))
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Parameters(page): Parameters<Page>,
) -> Result<Json<ImportsOut>, Problem> {
    let limit = page.limit.unwrap_or(100).clamp(1, 100);
    let after = ImportId(page.after.unwrap_or(Uuid::nil()));
    let found = imports::list(&app.db, caller.tenant.number, after, limit).await?;
    let next = app::page::next(&found, limit, |import| import.id.0);
    let imports = found.into_iter().map(|import| ImportOut::of(import, None)).collect();
    Ok(Json(ImportsOut { imports, next }))
}

/// Read an import
///
/// How far it is, what was read, why it failed. As long as it waits for its upload, the answer
/// has a new address for it.
#[utoipa::path(
    get, path = "/v1/imports/{id}", operation_id = "get_import", tag = "imports",
    params(("id" = Uuid, Path, description = "The import")),
    responses(
        (status = 200, description = "The import", body = ImportOut),
        (status = 404, description = "No such import"),
    )
)]
async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<ImportOut>, Problem> {
    let import = found(&app, &caller.tenant, id).await?;
    let upload = match import.status {
        Status::Waiting => Some(sign(&app, &import, BTreeMap::new()).await?),
        _ => None,
    };
    Ok(Json(ImportOut::of(import, upload)))
}

/// List refused lines
///
/// The first 10,000 of an import, the first 100 of a check.
#[utoipa::path(
    get, path = "/v1/imports/{id}/errors", operation_id = "list_import_errors", tag = "imports",
    params(("id" = Uuid, Path, description = "The import"), LinesPage),
    responses(
        (status = 200, description = "Refused lines, by number", body = ErrorsOut),
        (status = 404, description = "No such import"),
    )
)]
async fn errors(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Parameters(page): Parameters<LinesPage>,
) -> Result<Json<ErrorsOut>, Problem> {
    let import = found(&app, &caller.tenant, id).await?;
    let limit = page.limit.unwrap_or(100).clamp(1, 1000);
    let after = i64::try_from(page.after.unwrap_or(0)).unwrap_or(i64::MAX);
    let tenant = caller.tenant.number;
    let refused = imports::errors(&app.db, tenant, import.id, after, limit).await?;
    let next = app::page::next(&refused, limit, |refused| refused.line);
    Ok(Json(ErrorsOut { errors: refused.into_iter().map(Into::into).collect(), next }))
}

/// Check a file
///
/// A dry run: reads the file and writes no point. Then read the import for what it would write,
/// by month, and for the refused lines.
#[utoipa::path(
    post, path = "/v1/imports/{id}/check", operation_id = "check_import", tag = "imports",
    params(("id" = Uuid, Path, description = "The import")),
    responses(
        (status = 202, description = "Being read", body = ImportOut),
        (status = 404, description = "No such import"),
        (status = 409, description = "Not uploaded yet, or it stands elsewhere"),
    )
)]
async fn check(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<ImportOut>), Problem> {
    begin(&app, &caller, id, Action::Check).await
}

/// Run an import
///
/// Writes the points of the file, each line once, however often work is interrupted.
#[utoipa::path(
    post, path = "/v1/imports/{id}/run", operation_id = "run_import", tag = "imports",
    params(("id" = Uuid, Path, description = "The import")),
    responses(
        (status = 202, description = "Being written", body = ImportOut),
        (status = 404, description = "No such import"),
        (status = 409, description = "Not uploaded yet, or it stands elsewhere"),
    )
)]
async fn run(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<ImportOut>), Problem> {
    begin(&app, &caller, id, Action::Run).await
}

/// Undo an import
///
/// Reads the stored upload again and removes one equal point for each that was written. Metrics
/// and series stay.
#[utoipa::path(
    post, path = "/v1/imports/{id}/undo", operation_id = "undo_import", tag = "imports",
    params(("id" = Uuid, Path, description = "The import")),
    responses(
        (status = 202, description = "Being removed", body = ImportOut),
        (status = 404, description = "No such import"),
        (status = 409, description = "The upload is gone, or it stands elsewhere"),
    )
)]
async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<ImportOut>), Problem> {
    begin(&app, &caller, id, Action::Undo).await
}

async fn begin(
    app: &App,
    caller: &Caller,
    id: Uuid,
    action: Action,
) -> Result<(StatusCode, Json<ImportOut>), Problem> {
    let tenant = caller.tenant.number;
    let import = found(app, &caller.tenant, id).await?;
    let written = import.lines_undone < import.lines_done;
    let status = import
        .status
        .begin(action, written)
        .map_err(|wrong| Problem::new(ProblemCode::Conflict, wrong.to_string()))?;
    let path = ObjectPath::from(import.object_path.as_str());
    let upload = app.objects()?.store.head(&path).await.map_err(|error| match error {
        object_store::Error::NotFound { .. } => Problem::new(
            ProblemCode::Conflict,
            "the file is not there; upload it to the address that `upload` of the import names",
        ),
        error => Problem::unavailable(error),
    })?;
    let beginning = Beginning {
        import: &import,
        status,
        bytes_total: i64::try_from(upload.size).unwrap_or(i64::MAX),
        trace: TraceParent::current().map(|trace| trace.header()),
        at: app.clock.now(),
    };
    relay::announce(app).await?;
    imports::begin(&app.db, tenant, &beginning).await?;
    if let Err(error) = relay::outbox(app, Some(tenant), &[QueueName::Imports]).await {
        tracing::warn!(error = app::trace::chain(&error), "the sweeper will send it");
    }
    let import = found(app, &caller.tenant, id).await?;
    Ok((StatusCode::ACCEPTED, Json(ImportOut::of(import, None))))
}

async fn found(app: &App, tenant: &Tenant, id: Uuid) -> Result<Import, Problem> {
    imports::find(&app.db, tenant.number, ImportId(id))
        .await?
        .ok_or_else(|| Problem::not_found("import of that id"))
}

async fn sign(
    app: &App,
    import: &Import,
    headers: BTreeMap<&'static str, &'static str>,
) -> Result<UploadOut, Problem> {
    let path = ObjectPath::from(import.object_path.as_str());
    let url = app.objects()?.signer.sign(Method::PUT, &path, UPLOAD).await?;
    Ok(UploadOut { method: "PUT", url, expires_at: app.clock.after(UPLOAD), headers })
}
