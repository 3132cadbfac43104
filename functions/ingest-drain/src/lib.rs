//! Writes the batches that arrived while Postgres was away.
//!
//! - Trigger: queue `ingest`, in order for each tenant.
//! - Reads: tenants, metrics, series, ids of points.
//! - Writes: points and rollups, receipts, refused rows.
//! - Emits: nothing.
//! - On failure: a part is written once under its receipt, so it may be delivered again; while
//!   Postgres is away it stays in the queue.

use std::io::Read;

use app::{App, Delivery, Failure, Function, Role, Trigger, Uses};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::batch::Batch;
use domain::message::{IngestMessage, QueueName};
use flate2::read::GzDecoder;
use store::access;
use store::arrivals::{self, Arrival, Recorded};

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "ingest-drain",
        trigger: Trigger::queue(QueueName::Ingest, drain),
        uses: Uses { postgres: Some(Role::App), ..Uses::default() },
    }
}

async fn drain(app: App, delivery: Delivery) -> Result<(), Failure> {
    let IngestMessage::BatchPart { tenant, receipt, part, body_hash, received_at, batch, .. } =
        serde_json::from_str(&delivery.body).map_err(Failure::discard)?;
    tracing::Span::current().record("tenant", tenant.0);
    let batch = unpack(&batch).map_err(Failure::discard)?;
    let tenant = access::tenant_by_number(&app.db, tenant)
        .await?
        .ok_or_else(|| Failure::discard("the tenant is gone"))?;
    let arrival = Arrival {
        tenant: &tenant,
        batch: &batch,
        receipt,
        part: Some(part),
        body_hash,
        received_at,
        repairs: None,
    };
    match arrivals::record(&app.db, &arrival).await {
        // Both were acknowledged, so the later one is kept, with the dead letters.
        Ok(Recorded::Before { body_hash: written, .. }) if written != body_hash => {
            Err(Failure::discard("its Idempotency-Key was used for another batch meanwhile"))
        }
        Ok(_written) => Ok(()),
        // What Postgres cannot take it will never take, and it must not hold up what is behind it.
        Err(error) if error.is_datas_fault() => Err(Failure::discard(error)),
        Err(error) => Err(error.into()),
    }
}

fn unpack(packed: &str) -> Result<Batch, Box<dyn std::error::Error + Send + Sync>> {
    let gzip = STANDARD.decode(packed)?;
    let mut json = Vec::new();
    GzDecoder::new(gzip.as_slice()).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}
