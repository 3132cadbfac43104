//! Takes what carriers say of parcels.
//!
//! - Trigger: HTTP `POST /v1/webhooks/carriers/{tenant}`.
//! - Reads: nothing.
//! - Writes: nothing.
//! - Emits: `parcels` messages.
//! - On failure: 200 is answered once the notice is safe in the queue, and no sooner; otherwise
//!   the carrier comes again. A notice that comes twice is heard once.

use app::extract::{Path, Raw, header_text};
use app::hooks::{Secret, Signed, verify};
use app::port::Outgoing;
use app::trace::TraceParent;
use app::unsubscribe::Keys;
use app::{App, Function, Problem, ProblemCode, Trigger, Uses};
use axum::extract::State;
use domain::id::TenantId;
use domain::message::{ParcelMessage, QueueName};
use http::{HeaderMap, HeaderName, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::ParcelNoticeIn;

mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "carrier-webhook",
        trigger: Trigger::Http(OpenApiRouter::new().routes(routes!(receive))),
        uses: Uses { sends: &[QueueName::Parcels], ..Uses::default() },
    }
}

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// A notice has some hundred bytes.
const BODY_BYTES: usize = 64 << 10;
const ID_BYTES: usize = 255;

/// Hear what a carrier says of a parcel
///
/// For carriers, or whoever speaks for them: `GET /v1/carrier-webhook` tells the address of your
/// shop and the secret. Signed by the scheme of Standard Webhooks: the body is believed, and even
/// read, only if its signature holds. The same `webhook-id` again is the same notice. An id that
/// is no shop's is answered as one whose signature does not match.
#[utoipa::path(
    post, path = "/v1/webhooks/carriers/{tenant}", operation_id = "hear_carrier",
    tag = "fulfillment",
    params(
        ("tenant" = Uuid, Path, description = "The shop"),
        ("webhook-id" = Option<String>, Header, description =
            "Required: the same on every delivery, up to 255 characters"),
        ("webhook-timestamp" = Option<String>, Header, description =
            "Required: when it was signed, in seconds, within 300 of now"),
        ("webhook-signature" = Option<String>, Header, description =
            "Required: `v1,` and base64; several, with a blank between, while a secret is rolled"),
    ),
    request_body = ParcelNoticeIn,
    responses(
        (status = 200, description = "It is safe"),
        (status = 401, description = "The signature is missing, old or wrong"),
        (status = 413, description = "No notice is as long"),
        (status = 422, description = "It is signed, and a field is not valid"),
    )
)]
async fn receive(
    State(app): State<App>,
    Path(tenant): Path<Uuid>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<StatusCode, Problem> {
    if body.len() > BODY_BYTES {
        let told = format!("a notice has at most {BODY_BYTES} bytes; send one for each parcel");
        return Err(Problem::new(ProblemCode::TooLarge, told));
    }
    // Nothing is looked up: whoever guesses ids learns nothing of them.
    let tenant = TenantId(tenant);
    let keys = Keys::parse(&app.config.unsubscribe_keys).map_err(Problem::internal)?;
    let header = |name| header_text(&headers, name).unwrap_or_default();
    let (id, timestamp, signatures) = (header(ID), header(TIMESTAMP), header(SIGNATURE));
    let sent = Signed { id, timestamp, signatures, body: &body };
    verify(&Secret::of_carriers(&keys, tenant), &sent, app.clock.now())
        .map_err(|error| Problem::new(ProblemCode::Unauthenticated, error.to_string()))?;
    if id.len() > ID_BYTES {
        let told = format!("an id has at most {ID_BYTES} characters; a UUID is a good one");
        return Err(Problem::invalid("webhook-id", told));
    }
    let notice = ParcelNoticeIn::read(&body)?.notice(id)?;
    let message = ParcelMessage::Notice { tenant, notice };
    let outgoing = Outgoing {
        body: serde_json::to_string(&message).map_err(Problem::internal)?,
        trace: TraceParent::current().map(|trace| trace.header()),
        ..Outgoing::default()
    };
    app.queue.send(QueueName::Parcels, &[outgoing]).await?;
    Ok(StatusCode::OK)
}
