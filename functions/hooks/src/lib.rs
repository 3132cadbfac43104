//! Endpoints of a shop that are told of events, and what became of that.
//!
//! - Trigger: HTTP `/v1/hooks`.
//! - Reads: endpoints and deliveries.
//! - Writes: endpoints, their secrets, deliveries that somebody asked for; asks the sweeper to look
//!   (key-value record).
//! - Emits: to `hooks` one message for each delivery that somebody asked for.
//! - On failure: every change is one transaction. A delivery whose message was not sent the sweeper
//!   finds.

use app::caller::Caller;
use app::extract::{Body, Path};
use app::hooks::Secret;
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses};
use axum::Json;
use axum::extract::State;
use domain::hook::{ENDPOINTS_MAX, OLD_SECRET_VALID, SECRETS_MAX};
use domain::id::HookId;
use domain::message::QueueName;
use http::StatusCode;
use store::hooks::{self, Hook};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::{HookChange, HookIn, HookOut, HookSecretOut, HooksOut};

/// What is on its way to an endpoint.
mod deliveries;
/// What is sent, and what is answered.
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "hooks",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(list_hooks, post_hook))
                .routes(routes!(get_hook, patch_hook, delete_hook))
                .routes(routes!(rotate_hook_secret))
                .routes(routes!(deliveries::test_hook))
                .routes(routes!(deliveries::list_hook_deliveries))
                .routes(routes!(deliveries::replay_hook_delivery)),
        ),
        uses: Uses {
            postgres: Some(Role::App),
            sends: &[QueueName::Hooks],
            key_value: true,
            ..Uses::default()
        },
    }
}

/// List endpoints
#[utoipa::path(
    get, path = "/v1/hooks", tag = "hooks",
    responses((status = 200, description = "All endpoints, the oldest first", body = HooksOut))
)]
async fn list_hooks(State(app): State<App>, caller: Caller) -> Result<Json<HooksOut>, Problem> {
    let found = hooks::list(&app.db, caller.tenant.number).await?;
    Ok(Json(HooksOut { hooks: found.into_iter().map(HookOut::from).collect() }))
}

/// Make an endpoint
///
/// From then on it is told of what happens to orders, by the scheme of Standard Webhooks: at least
/// once, in any order, the same `webhook-id` for the same event, and `sequence` for its place in
/// the history of its order. Answer 2xx within 10 seconds; what else is answered is tried again,
/// seven times within 28 hours. The secret is shown this once.
#[utoipa::path(
    post, path = "/v1/hooks", tag = "hooks",
    request_body = HookIn,
    responses(
        (status = 201, description = "Made", body = HookSecretOut),
        (status = 409, description = "There is one of this URL, or there are 20 already"),
        (status = 422, description = "A field is not valid"),
    )
)]
async fn post_hook(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<HookIn>,
) -> Result<(StatusCode, Json<HookSecretOut>), Problem> {
    let hook = wanted.checked(&app.courier, app.clock.now())?;
    let secret = Secret::fresh();
    let tenant = caller.tenant.number;
    let made = hooks::create(&app.db, tenant, &hook, secret.reveal(), ENDPOINTS_MAX).await;
    made.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(shown_once(hook, &secret))))
}

/// Read an endpoint
#[utoipa::path(
    get, path = "/v1/hooks/{hook}", tag = "hooks",
    params(("hook" = Uuid, Path, description = "The endpoint")),
    responses(
        (status = 200, description = "The endpoint", body = HookOut),
        (status = 404, description = "No such endpoint"),
    )
)]
async fn get_hook(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<HookOut>, Problem> {
    Ok(Json(find(&app, &caller, id).await?.into()))
}

/// Change an endpoint
///
/// One that is disabled lets go what was on its way; that can be sent again later.
#[utoipa::path(
    patch, path = "/v1/hooks/{hook}", tag = "hooks",
    params(("hook" = Uuid, Path, description = "The endpoint")),
    request_body = HookChange,
    responses(
        (status = 200, description = "Changed", body = HookOut),
        (status = 404, description = "No such endpoint"),
        (status = 409, description = "Another endpoint has this URL"),
        (status = 422, description = "A field is not valid"),
    )
)]
async fn patch_hook(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<HookChange>,
) -> Result<Json<HookOut>, Problem> {
    let change = wanted.checked(&app.courier)?;
    let (tenant, now) = (caller.tenant.number, app.clock.now());
    let changed = hooks::change(&app.db, tenant, HookId(id), &change, now).await;
    match changed.map_err(refused)? {
        true => Ok(Json(find(&app, &caller, id).await?.into())),
        false => Err(no_such_hook()),
    }
}

/// Delete an endpoint
///
/// With its secrets and the list of its deliveries.
#[utoipa::path(
    delete, path = "/v1/hooks/{hook}", tag = "hooks",
    params(("hook" = Uuid, Path, description = "The endpoint")),
    responses(
        (status = 204, description = "Gone"),
        (status = 404, description = "No such endpoint"),
    )
)]
async fn delete_hook(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    match hooks::delete(&app.db, caller.tenant.number, HookId(id)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_such_hook()),
    }
}

/// Change the secret of an endpoint
///
/// The new one is shown this once. For 24 hours what is sent is signed with the old one too.
#[utoipa::path(
    post, path = "/v1/hooks/{hook}/rotate", tag = "hooks",
    params(("hook" = Uuid, Path, description = "The endpoint")),
    responses(
        (status = 200, description = "Changed", body = HookSecretOut),
        (status = 404, description = "No such endpoint"),
        (status = 409, description = "10 secrets are valid already"),
    )
)]
async fn rotate_hook_secret(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<HookSecretOut>, Problem> {
    let hook = find(&app, &caller, id).await?;
    let (secret, now) = (Secret::fresh(), app.clock.now());
    let of = (caller.tenant.number, hook.id);
    let times = (now, now + OLD_SECRET_VALID);
    let rotated = hooks::rotate(&app.db, of, secret.reveal(), times, SECRETS_MAX).await;
    match rotated {
        Ok(true) => Ok(Json(shown_once(hook, &secret))),
        Ok(false) => Err(no_such_hook()),
        Err(error) if error.refusal().is_some() => Err(Problem::new(
            ProblemCode::Conflict,
            format!("{SECRETS_MAX} secrets are valid already; the oldest ends within 24 hours"),
        )),
        Err(error) => Err(error.into()),
    }
}

async fn find(app: &App, caller: &Caller, id: Uuid) -> Result<Hook, Problem> {
    let found = hooks::find(&app.db, caller.tenant.number, HookId(id)).await?;
    found.ok_or_else(no_such_hook)
}

fn shown_once(hook: Hook, secret: &Secret) -> HookSecretOut {
    HookSecretOut { hook: hook.into(), secret: secret.reveal().to_owned() }
}

fn no_such_hook() -> Problem {
    Problem::not_found("endpoint of that id")
}

fn refused(error: store::Error) -> Problem {
    if error.refusal().is_some() {
        let told = format!("a shop has at most {ENDPOINTS_MAX} endpoints; delete one first");
        return Problem::new(ProblemCode::Conflict, told);
    }
    match error.constraint() {
        Some("hook_url") => Problem::new(
            ProblemCode::Conflict,
            "an endpoint with this URL is there; rotate its secret to see a new one",
        )
        .at("url"),
        _ => Problem::from(error),
    }
}
