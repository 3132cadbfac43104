//! Takes points in.
//!
//! - Trigger: HTTP `POST /v1/points`, `GET /v1/receipts/{id}`, `/v1/quarantine`.
//! - Reads: API keys (key-value records), metrics, series, ids of points.
//! - Writes: points and rollups, receipts, refused rows, drafts of metrics.
//! - Emits: `ingest` messages, only while Postgres is away.
//! - On failure: everything of a batch is in one transaction under one receipt. While Postgres
//!   is away the batch waits in the queue and is answered 202; where the queue is Postgres
//!   itself, 503 asks the client to come again. The same `Idempotency-Key` never counts twice.

use app::caller::{Allowance, Caller};
use app::extract::{IdempotencyKey, Parameters, Path, Raw, header_text};
use app::limiter::Verdict as Grant;
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses, step};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::access::Scope;
use domain::batch::Outcome;
use domain::id::ReceiptId;
use domain::message::QueueName;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use store::arrivals::{self, Arrival, Recorded};
use store::receipts;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::{BatchOut, Judge};

mod body;
mod parked;
mod repair;
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "ingest",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(post_points))
                .routes(routes!(get_receipt))
                .routes(routes!(repair::list))
                .routes(routes!(repair::replay, repair::discard)),
        ),
        uses: Uses {
            postgres: Some(Role::App),
            sends: &[QueueName::Ingest],
            key_value: true,
            ..Uses::default()
        },
    }
}

/// Record points
///
/// A JSON array, an object, or NDJSON; gzip is welcome. Every row gets a true verdict: it is
/// written in the same transaction as the points.
#[utoipa::path(
    post, path = "/v1/points", tag = "points",
    params(
        Way,
        ("Idempotency-Key" = Option<String>, Header, description = "Counts the batch once"),
    ),
    request_body(content(
        (Vec<wire::PointDocument> = "application/json"),
        (String = "application/x-ndjson"),
    )),
    responses(
        (status = 200, description = "Written, with a verdict for each row", body = BatchOut),
        (status = 202, description = "Safe in the queue; the receipt has the verdicts later"),
        (status = 422, description = "No row could be written", body = BatchOut),
        (status = 429, description = "More points than the key may send in a minute"),
    )
)]
async fn post_points(
    State(app): State<App>,
    caller: Caller,
    Parameters(Way { backfill }): Parameters<Way>,
    (key, headers): (IdempotencyKey, HeaderMap),
    Raw(body): Raw,
) -> Result<Response, Problem> {
    let mut allowance = caller.allowance;
    if backfill {
        caller.require(Scope::PointsBackfill)?;
        allowance = allowance.of_history();
    }
    let lines = header_text(&headers, header::CONTENT_TYPE)
        .is_some_and(|kind| LINES.iter().any(|lines| kind.starts_with(lines)));
    let body = body::inflate(&headers, body)?;
    let now = app.clock.now();
    let batch = wire::read(&body, lines, Judge { now, backfill })?;
    let grant = grant(&app, allowance, batch.rows.len() + batch.refused.len()).await?;
    step::reached("ingest.checked");
    let receipt = match key.as_deref() {
        Some(key) => receipts::digest(&[caller.tenant.id.0.as_bytes(), b"points", key.as_bytes()]),
        None => Uuid::now_v7(),
    };
    let body_hash = key.as_deref().map_or(Uuid::nil(), |_| receipts::digest(&[&body]));
    let arrival = Arrival {
        tenant: &caller.tenant,
        batch: &batch,
        receipt: ReceiptId(receipt),
        part: None,
        body_hash,
        received_at: now,
        repairs: None,
    };
    let mut response = record(&app, &arrival).await?;
    if let Some(grant) = grant {
        rate_headers(response.headers_mut(), &grant);
    }
    Ok(response)
}

/// Read the verdicts of a batch
#[utoipa::path(
    get, path = "/v1/receipts/{id}", tag = "points",
    params(("id" = Uuid, Path, description = "The receipt")),
    responses(
        (status = 200, description = "The verdicts", body = BatchOut),
        (status = 202, description = "Not all parts are written yet"),
        (status = 404, description = "No such receipt"),
    )
)]
async fn get_receipt(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let written = receipts::find(&app.db, caller.tenant.number, ReceiptId(id)).await?;
    parked::receipt(&app, &caller.tenant, ReceiptId(id), written).await
}

/// How points are taken in.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Way {
    /// Take history in: points of more than seven days ago too. Needs the scope
    /// `points:backfill`, and draws on an allowance of its own, a quarter of the key's.
    #[serde(default)]
    #[param(required = false)]
    backfill: bool,
}

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// The last id of the page before.
    after: Option<Uuid>,
    /// Rows of a page, 1 to 1,000; 100 unless given.
    limit: Option<i64>,
}

async fn record(app: &App, arrival: &Arrival<'_>) -> Result<Response, Problem> {
    match arrivals::record(&app.db, arrival).await {
        Ok(Recorded::Now(outcome)) => {
            step::reached("ingest.committed");
            Ok(answer(arrival.receipt, &outcome))
        }
        Ok(Recorded::Before { body_hash, .. }) if body_hash != arrival.body_hash => {
            Err(Problem::other_body())
        }
        Ok(Recorded::Before { .. }) => {
            let written = receipts::find(&app.db, arrival.tenant.number, arrival.receipt).await?;
            parked::receipt(app, arrival.tenant, arrival.receipt, written).await
        }
        // A repair must take its row out of the quarantine, so it waits for Postgres.
        Err(store::Error::Unavailable(cause))
            if !app.queue.is_postgres() && arrival.repairs.is_none() =>
        {
            tracing::warn!(cause = app::trace::chain(&cause), "points wait in the queue");
            parked::park(app, arrival).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The same bytes for the same outcome, however often it is asked for.
fn answer(receipt: ReceiptId, outcome: &Outcome) -> Response {
    let out = BatchOut::of(receipt.0, outcome);
    let refused = ProblemCode::Invalid.status();
    let status = if out.all_rejected() { refused } else { StatusCode::OK };
    (status, Json(out)).into_response()
}

/// What people call JSON by the line.
const LINES: [&str; 4] =
    ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"];

/// Takes the points out of the key's minute. Without the counter, points are let in.
async fn grant(app: &App, of: Allowance, points: usize) -> Result<Option<Grant>, Problem> {
    let now = app.clock.now();
    let most = of.points_per_minute;
    if points > most as usize {
        let told = format!("the key may send {most} points a minute; send smaller batches");
        return Err(Problem::new(ProblemCode::TooLarge, told));
    }
    match app.limiter().take(app.key_value.as_ref(), of, points, now).await {
        Ok(grant) if grant.granted => Ok(Some(grant)),
        Ok(grant) => Err(Problem::new(
            ProblemCode::RateLimited,
            format!("the key may send {} points a minute; nothing was counted", grant.limit),
        )
        .retry_after(grant.reset_s)
        .with_headers(move |headers| rate_headers(headers, &grant))),
        Err(error) => {
            tracing::warn!(error = app::trace::chain(&error), "points are not counted");
            Ok(None)
        }
    }
}

fn rate_headers(headers: &mut HeaderMap, grant: &Grant) {
    headers.insert("ratelimit-limit", HeaderValue::from(grant.limit));
    headers.insert("ratelimit-remaining", HeaderValue::from(grant.remaining));
    headers.insert("ratelimit-reset", HeaderValue::from(grant.reset_s));
}
