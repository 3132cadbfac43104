use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::book::Book;
use super::refusal::Refusal;

/// What was answered under a key, and is answered again for a day.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) key: String,
    /// Path and parameters, by which a repetition is told from another request.
    pub(super) request: String,
    pub(super) at: Timestamp,
    pub(super) status: u16,
    pub(super) body: String,
}

/// Stripe may forget a key after a day; we do. (docs.stripe.com/api/idempotent_requests)
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What was answered before under the key.
pub(super) fn recall<'a>(
    book: &'a Book,
    key: &str,
    request: &str,
    now: Timestamp,
) -> Result<Option<&'a Answered>, Refusal> {
    match book.answers.get(key) {
        Some(answered) if now.duration_since(answered.at) >= KEPT => Ok(None),
        Some(answered) if answered.request == request => Ok(Some(answered)),
        Some(_) => Err(Refusal::other_parameters(key)),
        None => Ok(None),
    }
}
