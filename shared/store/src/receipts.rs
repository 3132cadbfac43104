use domain::batch::Outcome;
use domain::id::{ReceiptId, TenantNumber};
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::{Db, Error, Flight};

/// What became of the written parts of a batch, by part. A batch that was written whole tells
/// everything with its first part.
///
/// # Errors
/// What Postgres answers.
pub async fn find(
    db: &Db,
    tenant: TenantNumber,
    receipt: ReceiptId,
) -> Result<Vec<(i32, Option<Outcome>)>, Error> {
    let sql = include_str!("receipts/find.sql");
    let parameters = &[(&tenant.0 as _, Type::INT4), (&receipt.0 as _, Type::UUID)];
    let mut answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers.remove(0).iter().map(|row| Ok((row.get(0), outcome(row.get(1))?))).collect()
}

/// The body's hash and what became of one written part.
///
/// # Errors
/// What Postgres answers.
pub async fn by_key(
    db: &Db,
    tenant: TenantNumber,
    key: Uuid,
) -> Result<Option<(Uuid, Option<Outcome>)>, Error> {
    let sql = include_str!("receipts/by_key.sql");
    let parameters = &[(&tenant.0 as _, Type::INT4), (&key as _, Type::UUID)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].first().map(|row| Ok((row.get(0), outcome(row.get(1))?))).transpose()
}

/// The key under which a part of a batch is written, once.
#[must_use]
pub fn part_key(receipt: ReceiptId, part: u32) -> Uuid {
    digest(&[receipt.0.as_bytes(), &part.to_be_bytes()])
}

/// The first 16 bytes of the SHA-256 of these texts, as an id.
#[must_use]
pub fn digest(texts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    Uuid::from_bytes(first)
}

fn outcome(stored: &str) -> Result<Option<Outcome>, Error> {
    if stored.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(stored).map(Some).map_err(|error| Error::Stored("outcome", error.into()))
}
