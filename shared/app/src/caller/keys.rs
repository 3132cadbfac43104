use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::access::{ApiKey, KeyHash, SecretKey};
use domain::id::ApiKeyId;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::access;

use super::{Allowance, Caller, unauthenticated};
use crate::port::PortError;
use crate::{App, Problem};

/// Keys that were looked up lately, so that not every call asks for them again.
#[derive(Default)]
pub struct Callers {
    keys: Mutex<HashMap<KeyHash, (Option<ApiKey>, Instant)>>,
    used: Mutex<HashMap<ApiKeyId, Date>>,
}

/// What this process remembers without asking anybody.
const REMEMBERED: Duration = Duration::from_secs(10);
/// How long a record is believed unconfirmed. A key that was revoked is refused after this and
/// [`REMEMBERED`], unless Postgres is away.
const BELIEVED: SignedDuration = SignedDuration::from_secs(60);
/// How long a key is known while Postgres is away: that of a weekly job is.
const WRITTEN_THROUGH: Duration = Duration::from_secs(8 * 24 * 3600);
const KEYS: usize = 10_000;

pub(super) async fn by_key(app: &App, shown: &str) -> Result<Caller, Problem> {
    let secret = SecretKey::parse(shown).map_err(|error| unauthenticated(&error.to_string()))?;
    let hash = secret.hash();
    let key = match app.callers().remembered(&hash) {
        Some(key) => key,
        None => {
            let key = look_up(app, &hash).await?;
            app.callers().remember(hash, key.clone());
            key
        }
    };
    in_person(app, key)
}

/// Whoever has a key, if it is known and good.
pub(super) fn in_person(app: &App, key: Option<ApiKey>) -> Result<Caller, Problem> {
    let now = app.clock.now();
    let key = key
        .filter(|key| key.expires_at.is_none_or(|expires_at| now < expires_at))
        .ok_or_else(|| unauthenticated("the API key is unknown, revoked or expired"))?;
    let allowance = Allowance { of: key.id.0, points_per_minute: key.points_per_minute };
    let (tenant, scopes) = (key.tenant.clone(), key.scopes.clone());
    Ok(Caller { tenant, scopes, key: Some(key), person: None, allowance })
}

/// A key as the key-value store keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: ApiKey,
    /// When Postgres last said that it is good.
    checked_at: Timestamp,
}

/// Asks the key-value store first. What Postgres, which is the truth, has not confirmed lately is
/// believed only while Postgres is away.
async fn look_up(app: &App, hash: &KeyHash) -> Result<Option<ApiKey>, Problem> {
    let kept: Option<Kept> = match app.key_value.get(&record_key(hash)).await {
        Ok(record) => record.and_then(|record| serde_json::from_str(&record.value).ok()),
        Err(error) => {
            tracing::warn!(error = crate::trace::chain(&error), "no key-value records");
            None
        }
    };
    let age = |kept: &Kept| app.clock.now().duration_since(kept.checked_at);
    if let Some(kept) = kept.as_ref().filter(|kept| age(kept) < BELIEVED) {
        return Ok(Some(kept.key.clone()));
    }
    match (access::key_by_hash(&app.db, hash).await, kept) {
        (Ok(Some((key, last_used_on))), _) => {
            write_through(app, hash, &key).await;
            note_use(app, &key, last_used_on).await;
            Ok(Some(key))
        }
        (Ok(None), None) => Ok(None),
        (Ok(None), Some(_revoked)) => {
            if let Err(error) = app.key_value.delete(&record_key(hash)).await {
                tracing::warn!(error = crate::trace::chain(&error), "a revoked key is still kept");
            }
            Ok(None)
        }
        (Err(store::Error::Unavailable(cause)), Some(kept)) => {
            tracing::warn!(cause = crate::trace::chain(&cause), "a key is believed unconfirmed");
            Ok(Some(kept.key))
        }
        (Err(error), _) => Err(error.into()),
    }
}

/// Puts a key where it is found while Postgres is away.
async fn write_through(app: &App, hash: &KeyHash, key: &ApiKey) {
    let expires_at = app.clock.after(WRITTEN_THROUGH);
    let kept = Kept { key: key.clone(), checked_at: app.clock.now() };
    let Ok(value) = serde_json::to_string(&kept) else { return };
    if let Err(error) = app.key_value.put(&record_key(hash), &value, Some(expires_at)).await {
        tracing::warn!(error = crate::trace::chain(&error), "an API key was not written through");
    }
}

/// Notes the use of a key, once a day and process; a failure is no reason to refuse a call.
async fn note_use(app: &App, key: &ApiKey, last_used_on: Option<Date>) {
    let today = app.clock.now().to_zoned(TimeZone::UTC).date();
    if last_used_on == Some(today) || app.callers().was_used_on(key.id, today) {
        return;
    }
    match access::mark_used(&app.db, key, today).await {
        Ok(_) => app.callers().used_on(key.id, today),
        Err(error) => {
            tracing::info!(error = crate::trace::chain(&error), "the use of a key was not noted");
        }
    }
}

impl Callers {
    fn was_used_on(&self, key: ApiKeyId, today: Date) -> bool {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.get(&key) == Some(&today)
    }

    fn used_on(&self, key: ApiKeyId, today: Date) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= KEYS {
            used.clear();
        }
        used.insert(key, today);
    }

    fn remembered(&self, hash: &KeyHash) -> Option<Option<ApiKey>> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, since) = keys.get(hash)?;
        (since.elapsed() < REMEMBERED).then(|| key.clone())
    }

    fn remember(&self, hash: KeyHash, key: Option<ApiKey>) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS {
            keys.retain(|_, (_, since)| since.elapsed() < REMEMBERED);
        }
        if keys.len() < KEYS {
            keys.insert(hash, (key, Instant::now()));
        }
    }
}

/// Forgets a key that was revoked: other processes believe it no longer than [`REMEMBERED`].
///
/// # Errors
/// When the records are away.
pub async fn forget(app: &App, hash: &KeyHash) -> Result<(), PortError> {
    app.callers().keys.lock().unwrap_or_else(PoisonError::into_inner).remove(hash);
    app.key_value.delete(&record_key(hash)).await
}

fn record_key(hash: &KeyHash) -> String {
    format!("api_key:{}", hash.hex())
}
