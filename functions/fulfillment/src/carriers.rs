use app::caller::Caller;
use app::hooks::Secret;
use app::unsubscribe::Keys;
use app::{App, Problem};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use store::parcels;

use crate::wire::{CarrierWebhookOut, ParcelNoticesOut};

const NOTICES_MAX: i64 = 500;

/// Read where carriers tell of parcels
///
/// Set both up at your carrier, or at whoever speaks for several: notices are signed by the scheme
/// of Standard Webhooks. The secret is nowhere kept: it follows from the keys of the service. When
/// those are rolled, it is another; the one before is good until they are rolled again.
#[utoipa::path(
    get, path = "/v1/carrier-webhook", operation_id = "get_carrier_webhook", tag = "fulfillment",
    responses((status = 200, description = "Address and secret", body = CarrierWebhookOut))
)]
pub(crate) async fn get_webhook(
    State(app): State<App>,
    caller: Caller,
) -> Result<Response, Problem> {
    let keys = Keys::parse(&app.config.unsubscribe_keys).map_err(Problem::internal)?;
    let tenant = caller.tenant.id;
    let secret = Secret::of_carriers(&keys, tenant).into_iter().next();
    let told = CarrierWebhookOut {
        url: format!("{}/v1/webhooks/carriers/{tenant}", app.config.public_url),
        secret: secret.map_or_else(String::new, |secret| secret.reveal().to_owned()),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(told)).into_response())
}

/// List what carriers said
///
/// The newest 500, of the last 90 days, and what became of each.
#[utoipa::path(
    get, path = "/v1/parcel-notices", operation_id = "list_parcel_notices", tag = "fulfillment",
    responses((status = 200, description = "Notices", body = ParcelNoticesOut))
)]
pub(crate) async fn list_notices(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<ParcelNoticesOut>, Problem> {
    let found = parcels::list(&app.db, caller.tenant.number, NOTICES_MAX).await?;
    Ok(Json(ParcelNoticesOut { notices: found.into_iter().map(Into::into).collect() }))
}
