//! The machine credentials of a tenant: made, rotated, revoked.
//!
//! - Trigger: HTTP `/v1/api-keys`.
//! - Reads: API keys, never their secrets.
//! - Writes: the same, each change with its entry in the audit log; forgets revoked keys among the
//!   key-value records.
//! - Emits: nothing.
//! - On failure: each change is one transaction. A secret whose answer was lost is lost: rotate.

use app::attempts::ClientAddress;
use app::caller::{self, Caller};
use app::extract::{Body, Path};
use app::trace::chain;
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses, audit, entropy};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::access::SecretKey;
use domain::id::ApiKeyId;
use http::{StatusCode, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use store::api_keys::{self, Listed, NewKey};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::{ApiKeyIn, ApiKeyOut, ApiKeysOut, NewApiKeyOut, RotateIn};

/// What is sent, and what is answered.
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "api-keys",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(list, create))
                .routes(routes!(get, revoke))
                .routes(routes!(rotate)),
        ),
        uses: Uses { postgres: Some(Role::App), key_value: true, ..Uses::default() },
    }
}

const NOT_KEPT: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// List API keys
///
/// The newest first, those that were revoked among them. No secret is ever shown again.
#[utoipa::path(
    get, path = "/v1/api-keys", operation_id = "list_api_keys", tag = "access",
    responses((status = 200, description = "Keys", body = ApiKeysOut))
)]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<ApiKeysOut>, Problem> {
    let found = api_keys::list(&app.db, caller.tenant.number).await?;
    Ok(Json(ApiKeysOut { api_keys: found.into_iter().map(ApiKeyOut::from).collect() }))
}

/// Read an API key
#[utoipa::path(
    get, path = "/v1/api-keys/{key}", operation_id = "get_api_key", tag = "access",
    params(("key" = Uuid, Path, description = "Which")),
    responses(
        (status = 200, description = "The key, without its secret", body = ApiKeyOut),
        (status = 404, description = "No such key"),
    )
)]
async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<ApiKeyOut>, Problem> {
    Ok(Json(find(&app, &caller, ApiKeyId(id)).await?.into()))
}

/// Make an API key
///
/// Its secret is shown this once. It may do no more than you, and nothing that is for people
/// alone: team, keys, audit log. With `origins`, browsers use it in pages of those alone.
#[utoipa::path(
    post, path = "/v1/api-keys", operation_id = "create_api_key", tag = "access",
    request_body = ApiKeyIn,
    responses(
        (status = 201, description = "Made, with its secret", body = NewApiKeyOut),
        (status = 403, description = "You may not do yourself what the key should"),
        (status = 409, description = "There are 100 good keys"),
        (status = 422, description = "A field is not valid"),
    )
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    from: ClientAddress,
    Body(wanted): Body<ApiKeyIn>,
) -> Result<impl IntoResponse, Problem> {
    let now = app.clock.now();
    let secret = SecretKey::from_entropy(!wanted.test, &entropy());
    let key = wanted.checked(ApiKeyId(Uuid::now_v7()), &secret, now)?;
    if let Some(scope) = key.scopes.iter().find(|scope| !caller.scopes.contains(scope)) {
        return Err(Problem::new(
            ProblemCode::Forbidden,
            format!("you lack the scope `{}` yourself", scope.as_str()),
        ));
    }
    let subject = key.id.to_string();
    let entry = audit::entry(&caller, from, ("key.created", &subject), (Value::Null, told(&key)));
    let made = api_keys::create(&app.db, caller.tenant.number, &key, (&entry, now)).await;
    made.map_err(refused)?;
    let shown = NewApiKeyOut::of(&key, now);
    Ok((StatusCode::CREATED, NOT_KEPT, Json(shown)))
}

/// Rotate an API key
///
/// Another key takes its place, with its name, scopes, origins and limit. The old one is good for
/// as long as you say, so that both work while you change over.
#[utoipa::path(
    post, path = "/v1/api-keys/{key}/rotate", operation_id = "rotate_api_key", tag = "access",
    params(("key" = Uuid, Path, description = "The old one")),
    request_body = RotateIn,
    responses(
        (status = 201, description = "The new key, with its secret", body = NewApiKeyOut),
        (status = 404, description = "No such key"),
        (status = 409, description = "It was revoked, or has expired"),
        (status = 422, description = "A field is not valid"),
    )
)]
async fn rotate(
    State(app): State<App>,
    caller: Caller,
    from: ClientAddress,
    Path(id): Path<Uuid>,
    Body(wanted): Body<RotateIn>,
) -> Result<impl IntoResponse, Problem> {
    let now = app.clock.now();
    let overlap_s = wanted.checked()?;
    let old = find(&app, &caller, ApiKeyId(id)).await?;
    let secret = SecretKey::from_entropy(!old.hint.starts_with("tk_test_"), &entropy());
    let key = wire::in_the_place_of(&old, &secret)?;
    let until = now + SignedDuration::from_secs(overlap_s);
    let after = json!({ "by": key.id, "until": until });
    let subject = id.to_string();
    let entry = audit::entry(&caller, from, ("key.rotated", &subject), (Value::Null, after));
    let tenant = caller.tenant.number;
    let rotated = api_keys::rotate(&app.db, tenant, (old.id, until), &key, (&entry, now)).await;
    rotated.map_err(refused)?;
    Ok((StatusCode::CREATED, NOT_KEPT, Json(NewApiKeyOut::of(&key, now))))
}

/// Revoke an API key
///
/// It is refused at once where it was not used lately, and everywhere after ten seconds. Access
/// tokens that were given for it are refused at once.
#[utoipa::path(
    delete, path = "/v1/api-keys/{key}", operation_id = "revoke_api_key", tag = "access",
    params(("key" = Uuid, Path, description = "Which")),
    responses(
        (status = 204, description = "Revoked"),
        (status = 404, description = "No such key, or revoked before"),
    )
)]
async fn revoke(
    State(app): State<App>,
    caller: Caller,
    from: ClientAddress,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let (tenant, now) = (caller.tenant.number, app.clock.now());
    let subject = id.to_string();
    let entry = audit::entry(&caller, from, ("key.revoked", &subject), (Value::Null, Value::Null));
    let hash = match api_keys::revoke(&app.db, tenant, ApiKeyId(id), (&entry, now)).await {
        Ok(hash) => hash,
        Err(error) if error.refusal().is_some() => return Err(absent()),
        Err(error) => return Err(error.into()),
    };
    if let Err(error) = caller::forget(&app, &hash).await {
        // It is believed for a minute longer.
        tracing::warn!(error = chain(&error), "a revoked key is still kept");
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn find(app: &App, caller: &Caller, id: ApiKeyId) -> Result<Listed, Problem> {
    api_keys::by_id(&app.db, caller.tenant.number, id).await?.ok_or_else(absent)
}

fn absent() -> Problem {
    Problem::not_found("API key of that id")
}

/// What the audit log says of a key.
fn told(key: &NewKey<'_>) -> Value {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    json!({
        "hint": key.secret.hint(),
        "name": key.name,
        "scopes": scopes,
        "origins": key.origins,
        "points_per_minute": key.points_per_minute,
        "expires_at": key.expires_at,
    })
}

fn refused(error: store::Error) -> Problem {
    match error.refusal() {
        Some("there is room for another key") => {
            let told = format!("there are {} good keys; revoke one first", api_keys::KEYS);
            Problem::new(ProblemCode::Conflict, told)
        }
        Some("the key is good") => {
            Problem::new(ProblemCode::Conflict, "the key was revoked, or has expired")
        }
        _ => error.into(),
    }
}
