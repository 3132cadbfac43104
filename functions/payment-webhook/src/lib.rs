//! Takes what payment providers say.
//!
//! - Trigger: HTTP `POST /v1/webhooks/payments/{provider}`.
//! - Reads: nothing.
//! - Writes: nothing.
//! - Emits: `payments` messages.
//! - On failure: 200 is answered once the notice is safe in the queue, and no sooner; otherwise
//!   the provider comes again, for days. A notice that comes twice is heard once.

use app::extract::{Path, Raw, header_text};
use app::port::Outgoing;
use app::trace::TraceParent;
use app::{App, Function, Problem, ProblemCode, Trigger, Uses};
use axum::extract::State;
use domain::message::{PaymentMessage, QueueName};
use domain::payment::{self, STRIPE};
use http::{HeaderMap, HeaderName, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "payment-webhook",
        trigger: Trigger::Http(OpenApiRouter::new().routes(routes!(receive))),
        uses: Uses { sends: &[QueueName::Payments], ..Uses::default() },
    }
}

const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");
/// A notice has a few kilobytes, and a queue takes no message of a megabyte.
const BODY_BYTES: usize = 256 << 10;

/// Hear what a payment provider says
///
/// For the provider alone: set this address up there as the endpoint of webhooks. The body is
/// believed, and even read, only if its signature holds.
#[utoipa::path(
    post, path = "/v1/webhooks/payments/{provider}", tag = "payments",
    params(
        ("provider" = String, Path, description = "`stripe`"),
        ("Stripe-Signature" = Option<String>, Header, description = "`t=…,v1=…`"),
    ),
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = 200, description = "It is safe, or none of our business"),
        (status = 401, description = "The signature is missing, old or wrong"),
        (status = 404, description = "No such provider is set up"),
        (status = 413, description = "No notice is as long"),
    )
)]
async fn receive(
    State(app): State<App>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<StatusCode, Problem> {
    let secrets: Vec<&str> = app.config.stripe_webhook_secrets.split(',').map(str::trim).collect();
    if provider != STRIPE || secrets.iter().any(|secret| secret.is_empty()) {
        return Err(Problem::not_found("payment provider of that name that is set up"));
    }
    if body.len() > BODY_BYTES {
        let told = format!("a notice has at most {BODY_BYTES} bytes");
        return Err(Problem::new(ProblemCode::TooLarge, told));
    }
    let signature = header_text(&headers, SIGNATURE).unwrap_or_default();
    payment::verify(signature, &body, &secrets, app.clock.now())
        .map_err(|error| Problem::new(ProblemCode::Unauthenticated, error.to_string()))?;
    let message = match payment::read(&body) {
        Ok(None) => return Ok(StatusCode::OK),
        Ok(Some(notice)) => PaymentMessage::Notice { provider, notice },
        Err(error) => {
            tracing::error!(error = app::trace::chain(&error), "a notice is not understood");
            let body = String::from_utf8_lossy(&body).into_owned();
            PaymentMessage::Unreadable { provider, body }
        }
    };
    let outgoing = Outgoing {
        body: serde_json::to_string(&message).map_err(Problem::internal)?,
        trace: TraceParent::current().map(|trace| trace.header()),
        ..Outgoing::default()
    };
    app.queue.send(QueueName::Payments, &[outgoing]).await?;
    Ok(StatusCode::OK)
}
