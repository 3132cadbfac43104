use std::io::Write;

use app::port::Outgoing;
use app::trace::TraceParent;
use app::{App, Problem};
use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::batch::{Batch, Outcome};
use domain::id::ReceiptId;
use domain::message::{IngestMessage, QueueName};
use domain::tenant::Tenant;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use store::arrivals::Arrival;
use store::receipts;
use uuid::Uuid;

use crate::answer;

/// How long a receipt without written parts is known: as long as a queue keeps messages.
const KNOWN: Duration = Duration::from_secs(14 * 24 * 3600);

/// A batch in the queue.
#[derive(Serialize, Deserialize)]
struct Waiting {
    parts: u32,
    /// Tells apart another body under the same receipt.
    body_hash: Uuid,
}

/// Puts a batch into the queue, in parts that are each written once.
pub(crate) async fn park(app: &App, arrival: &Arrival<'_>) -> Result<Response, Problem> {
    let parts = arrival.batch.split();
    let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    let mut messages = Vec::with_capacity(parts.len());
    for (number, part) in parts.iter().enumerate() {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        messages.push(message(arrival, part, (number, count)).map_err(Problem::internal)?);
    }
    let key = record_key(arrival.tenant, arrival.receipt);
    let expires_at = app.clock.after(KNOWN);
    let value = Waiting { parts: count, body_hash: arrival.body_hash };
    let text = serde_json::to_string(&value).map_err(Problem::internal)?;
    if !app.key_value.put_if_absent(&key, &text, Some(expires_at)).await?
        && waits(app, &key).await?.is_some_and(|earlier| earlier.body_hash != value.body_hash)
    {
        return Err(Problem::other_body());
    }
    app.queue.send(QueueName::Ingest, &messages).await?;
    Ok(waiting(arrival.receipt, 0, count))
}

/// The verdicts of a receipt, once all its parts are written.
pub(crate) async fn receipt(
    app: &App,
    tenant: &Tenant,
    receipt: ReceiptId,
    written: Vec<(i32, Option<Outcome>)>,
) -> Result<Response, Problem> {
    let count = u32::try_from(written.len()).unwrap_or(u32::MAX);
    let whole = written.iter().any(|(_, outcome)| outcome.is_none());
    if !whole {
        let parked = waits(app, &record_key(tenant, receipt)).await?;
        let parts = parked.map_or(count, |parked| parked.parts);
        if count < parts {
            return Ok(waiting(receipt, count, parts));
        }
    }
    let outcomes = written.into_iter().filter_map(|(_, outcome)| outcome);
    let joined = outcomes.reduce(|mut first, next| {
        first.join(next);
        first
    });
    match joined {
        Some(joined) => Ok(answer(receipt, &joined)),
        None => Err(Problem::not_found("receipt of that id")),
    }
}

async fn waits(app: &App, key: &str) -> Result<Option<Waiting>, Problem> {
    let record = app.key_value.get(key).await?;
    Ok(record.and_then(|record| serde_json::from_str(&record.value).ok()))
}

fn waiting(receipt: ReceiptId, written: u32, parts: u32) -> Response {
    let body = json!({
        "receipt": receipt, "status": "queued", "parts": parts, "parts_written": written,
    });
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

fn message(
    arrival: &Arrival<'_>,
    part: &Batch,
    (number, parts): (u32, u32),
) -> Result<Outgoing, Box<dyn std::error::Error + Send + Sync>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&serde_json::to_vec(part)?)?;
    let message = IngestMessage::BatchPart {
        tenant: arrival.tenant.number,
        receipt: arrival.receipt,
        part: number,
        parts,
        body_hash: arrival.body_hash,
        received_at: arrival.received_at,
        batch: STANDARD.encode(gzip.finish()?),
    };
    Ok(Outgoing {
        body: serde_json::to_string(&message)?,
        group: Some(arrival.tenant.number.to_string()),
        dedupe: Some(receipts::part_key(arrival.receipt, number).to_string()),
        trace: TraceParent::current().map(|trace| trace.header()),
        ..Outgoing::default()
    })
}

fn record_key(tenant: &Tenant, receipt: ReceiptId) -> String {
    format!("receipt:{}:{receipt}", tenant.number)
}
