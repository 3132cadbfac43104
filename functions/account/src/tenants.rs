use app::attempts::{self, ClientAddress};
use app::caller::Person;
use app::extract::{Body, IdempotencyKey};
use app::{App, Problem};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::audit::Entry;
use domain::id::TenantId;
use domain::limit;
use http::{StatusCode, header};
use serde_json::{Value, json};
use store::{people, receipts, sessions};
use uuid::Uuid;

use self::wire::{OpenedTenantOut, TenantIn, TenantOut};
use crate::sessions::in_tenant;

/// What is sent, and what is answered.
mod wire;

/// Open a tenant
///
/// Its owner is you, and it is chosen in this session. Its money stays what it is.
#[utoipa::path(
    post, path = "/v1/tenants", operation_id = "open_tenant", tag = "account",
    params(("Idempotency-Key" = Option<String>, Header, description = "Opens it once")),
    request_body = TenantIn,
    responses(
        (status = 201, description = "Open", body = OpenedTenantOut),
        (status = 422, description = "A field is not valid"),
        (status = 429, description = "Too many tenants"),
    )
)]
pub(crate) async fn open(
    State(app): State<App>,
    person: Person,
    from: ClientAddress,
    key: IdempotencyKey,
    Body(wanted): Body<TenantIn>,
) -> Result<impl IntoResponse, Problem> {
    let id = match key.as_deref() {
        Some(key) => receipts::digest(&[b"tenant", person.id.0.as_bytes(), key.as_bytes()]),
        None => Uuid::now_v7(),
    };
    let wanted = wanted.checked(TenantId(id))?;
    attempts::count(&app, limit::TENANTS, &person.id.to_string()).await?;
    let entry = Entry {
        actor: format!("person:{}", person.id),
        action: "tenant.opened",
        subject: wanted.id.to_string(),
        before: Value::Null,
        after: json!({ "currency": wanted.currency, "zone": wanted.calendar.zone.name() }),
        from: from.0.map(|address| address.to_string()),
    };
    let told = (&entry, app.clock.now());
    let opened = people::open_tenant(&app.db, person.id, &wanted, told).await?;
    if (opened.currency, &opened.calendar) != (wanted.currency, &wanted.calendar) {
        return Err(Problem::other_body());
    }
    sessions::choose(&app.db, person.id, person.session, opened.id).await?;
    let session = in_tenant(&app, &person, opened.id)?;
    let out = OpenedTenantOut { tenant: TenantOut::from(opened), session };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(out)))
}
