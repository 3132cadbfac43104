use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use domain::access::{ApiKey, KeyHash, Scope, SecretKey};
use domain::id::ApiKeyId;
use domain::tenant::Tenant;
use http::header;
use http::request::Parts;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{access, receipts};
use uuid::Uuid;

use crate::{App, Problem, ProblemCode, extract, token};

/// Who calls: the tenant and what the credential may do.
#[derive(Clone, Debug)]
pub struct Caller {
    /// In which tenant.
    pub tenant: Tenant,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The API key, unless a token was shown.
    pub key: Option<ApiKey>,
    /// Whose minute its points are taken out of.
    pub allowance: Allowance,
}

/// Points that may be sent in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Of an API key, or of a tenant's people.
    pub of: Uuid,
    /// So many.
    pub points_per_minute: u32,
}

impl Allowance {
    /// The one that history draws on, so that a backfill never holds up what happens now.
    #[must_use]
    pub fn of_history(self) -> Self {
        Self {
            of: receipts::digest(&[self.of.as_bytes(), b"backfill"]),
            points_per_minute: (self.points_per_minute / 4).max(1),
        }
    }

    /// The one that looks at codes of gift cards draw on.
    pub(crate) fn of_codes(self) -> Self {
        Self {
            of: receipts::digest(&[self.of.as_bytes(), b"codes"]),
            points_per_minute: CODES_PER_MINUTE,
        }
    }
}

/// Codes of gift cards that a credential may look up in a minute.
const CODES_PER_MINUTE: u32 = 120;
/// What people with access tokens of their own may send in a minute.
const PEOPLE_POINTS_PER_MINUTE: u32 = 60_000;

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

impl Caller {
    /// Refuses a caller without the scope.
    ///
    /// # Errors
    /// A problem that names the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Problem::new(
            ProblemCode::Forbidden,
            format!("the credential lacks the scope `{}`", scope.as_str()),
        ))
    }
}

impl Caller {
    /// Refuses a browser that shows the pages of another origin than the key is for. Whoever sends
    /// no origin is no browser: the key may read and shop and no more, wherever it is used.
    fn in_pages_of(self, origin: Option<&str>) -> Result<Self, Problem> {
        let (Some(origin), Some(key)) = (origin, &self.key) else { return Ok(self) };
        if key.is_for(origin) {
            return Ok(self);
        }
        Err(Problem::new(
            ProblemCode::OriginNotAllowed,
            format!("the key is not for pages of {origin}; use one that is, or one for any origin"),
        ))
    }

    /// Who it is, as histories say it.
    #[must_use]
    pub fn actor(&self) -> String {
        self.key.as_ref().map_or_else(|| "token".to_owned(), |key| format!("key:{}", key.id))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let shown = extract::header_text(&parts.headers, header::AUTHORIZATION)
            .and_then(|value| value.strip_prefix("Bearer "))
            .map(str::trim)
            .ok_or_else(|| {
                unauthenticated("send `Authorization: Bearer` with an API key or an access token")
            })?;
        let caller = if shown.starts_with("tk_") {
            let origin = extract::header_text(&parts.headers, header::ORIGIN);
            by_key(app, shown).await?.in_pages_of(origin)?
        } else {
            by_token(app, shown).await?
        };
        tracing::Span::current().record("tenant", caller.tenant.number.0);
        Ok(caller)
    }
}

async fn by_key(app: &App, shown: &str) -> Result<Caller, Problem> {
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
    let now = app.clock.now();
    let key = key
        .filter(|key| key.expires_at.is_none_or(|expires_at| now < expires_at))
        .ok_or_else(|| unauthenticated("the API key is unknown, revoked or expired"))?;
    let allowance = Allowance { of: key.id.0, points_per_minute: key.points_per_minute };
    let (tenant, scopes) = (key.tenant.clone(), key.scopes.clone());
    Ok(Caller { tenant, scopes, key: Some(key), allowance })
}

async fn by_token(app: &App, shown: &str) -> Result<Caller, Problem> {
    let keys = token::Keys::parse(&app.config.token_keys).map_err(Problem::internal)?;
    let claims = keys
        .check(shown, &app.config.public_url, app.clock.now())
        .map_err(|error| unauthenticated("the access token is not valid").caused_by(error))?;
    let tenant = access::tenant_by_id(&app.db, claims.tenant)
        .await?
        .ok_or_else(|| unauthenticated("the access token speaks of no tenant"))?;
    let mut scopes = claims.role.scopes();
    if let Some(limited) = &claims.scopes {
        scopes.retain(|scope| limited.contains(scope));
    }
    // A token that was exchanged for a key draws on the minute of that key.
    let of_key = claims.points_per_minute.and_then(|points_per_minute| {
        Some(Allowance { of: claims.sub.parse().ok()?, points_per_minute })
    });
    let of_people = Allowance { of: tenant.id.0, points_per_minute: PEOPLE_POINTS_PER_MINUTE };
    Ok(Caller { tenant, scopes, key: None, allowance: of_key.unwrap_or(of_people) })
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

fn record_key(hash: &KeyHash) -> String {
    format!("api_key:{}", hash.hex())
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(ProblemCode::Unauthenticated, detail)
}
