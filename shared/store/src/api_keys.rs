use domain::access::{KeyHash, Origin, Scope, SecretKey};
use domain::audit::Entry;
use domain::id::{ApiKeyId, TenantNumber};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::statement::{Statement, fly};
use crate::{Db, Error, audit, one_row};

/// An API key, as the people of its tenant see it: never its secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Which.
    pub id: ApiKeyId,
    /// Its first characters.
    pub hint: String,
    /// For people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The pages that it is for; any when there are none.
    pub origins: Vec<String>,
    /// Points it may send in a minute.
    pub points_per_minute: u32,
    /// From then on it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The day of its last use, in UTC.
    pub last_used_on: Option<Date>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key to be.
pub struct NewKey<'a> {
    /// Which.
    pub id: ApiKeyId,
    /// Its secret: only the hash is kept.
    pub secret: &'a SecretKey,
    /// For people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The pages that it is for.
    pub origins: Vec<Origin>,
    /// Points it may send in a minute.
    pub points_per_minute: u32,
    /// From then on it is refused.
    pub expires_at: Option<Timestamp>,
}

/// The keys of a tenant, the newest first, those that were revoked among them.
///
/// # Errors
/// What Postgres answers.
pub async fn list(db: &Db, tenant: TenantNumber) -> Result<Vec<Listed>, Error> {
    let statement = Statement::new(include_str!("api_keys/list.sql")).with(tenant.0, Type::INT4);
    fly(db, tenant, &[statement]).await?.remove(0).iter().map(read).collect()
}

/// Reads one.
///
/// # Errors
/// What Postgres answers.
pub async fn by_id(db: &Db, tenant: TenantNumber, id: ApiKeyId) -> Result<Option<Listed>, Error> {
    let statement = Statement::new(include_str!("api_keys/by_id.sql"))
        .with(tenant.0, Type::INT4)
        .with(id.0, Type::UUID);
    fly(db, tenant, &[statement]).await?.remove(0).first().map(read).transpose()
}

fn read(row: &Row) -> Result<Listed, Error> {
    let scopes: Vec<String> = row.get(3);
    let points_per_minute: i32 = row.get(5);
    Ok(Listed {
        id: ApiKeyId(row.get(0)),
        hint: row.get(1),
        name: row.get(2),
        scopes: scopes.iter().filter_map(|scope| Scope::parse(scope)).collect(),
        origins: row.get(4),
        points_per_minute: u32::try_from(points_per_minute)
            .map_err(|error| Error::Stored("limit of a key", error.into()))?,
        expires_at: row.get(6),
        revoked_at: row.get(7),
        last_used_on: row.get(8),
        created_at: row.get(9),
    })
}

/// Keeps a new key.
///
/// # Errors
/// [`Error::Conflict`] when one of that id is there, [`Error::Refused`] when the tenant has
/// [`KEYS`] that are good.
pub async fn create(
    db: &Db,
    tenant: TenantNumber,
    key: &NewKey<'_>,
    (entry, now): (&Entry, Timestamp),
) -> Result<(), Error> {
    let statements =
        [crowding(tenant, now), creating(tenant, key, now), audit::adding(tenant, entry, now)];
    fly(db, tenant, &statements).await.map(drop)
}

/// Keeps a key in the place of another, which is good until an instant and no longer.
///
/// # Errors
/// [`Error::Refused`] when the other is good no more.
pub async fn rotate(
    db: &Db,
    tenant: TenantNumber,
    (old, until): (ApiKeyId, Timestamp),
    key: &NewKey<'_>,
    (entry, now): (&Entry, Timestamp),
) -> Result<(), Error> {
    let ending = Statement::new(include_str!("api_keys/end.sql"))
        .with(tenant.0, Type::INT4)
        .with(old.0, Type::UUID)
        .with(until, Type::TIMESTAMPTZ)
        .with(now, Type::TIMESTAMPTZ);
    let statements = [
        ending,
        crowding(tenant, now),
        creating(tenant, key, now),
        audit::adding(tenant, entry, now),
    ];
    fly(db, tenant, &statements).await.map(drop)
}

/// So many good keys a tenant has.
pub const KEYS: i64 = 100;

fn crowding(tenant: TenantNumber, now: Timestamp) -> Statement {
    Statement::new(include_str!("api_keys/crowd.sql"))
        .with(tenant.0, Type::INT4)
        .with(KEYS, Type::INT8)
        .with(now, Type::TIMESTAMPTZ)
}

fn creating(tenant: TenantNumber, key: &NewKey<'_>, now: Timestamp) -> Statement {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let origins: Vec<String> = key.origins.iter().map(|it| it.as_str().to_owned()).collect();
    Statement::new(include_str!("api_keys/create.sql"))
        .with(key.id.0, Type::UUID)
        .with(tenant.0, Type::INT4)
        .with(key.secret.hash().0.to_vec(), Type::BYTEA)
        .with(key.secret.hint().to_owned(), Type::TEXT)
        .with(key.name.clone(), Type::TEXT)
        .with(scopes, Type::TEXT_ARRAY)
        .with(i32::try_from(key.points_per_minute).unwrap_or(i32::MAX), Type::INT4)
        .with(key.expires_at, Type::TIMESTAMPTZ)
        .with(origins, Type::TEXT_ARRAY)
        .with(now, Type::TIMESTAMPTZ)
}

/// Revokes a key, and answers its hash, by which others remember it.
///
/// # Errors
/// [`Error::Refused`] when there is none that was not revoked.
pub async fn revoke(
    db: &Db,
    tenant: TenantNumber,
    id: ApiKeyId,
    (entry, now): (&Entry, Timestamp),
) -> Result<KeyHash, Error> {
    let statement = Statement::new(include_str!("api_keys/revoke.sql"))
        .with(tenant.0, Type::INT4)
        .with(id.0, Type::UUID)
        .with(now, Type::TIMESTAMPTZ);
    let mut answers = fly(db, tenant, &[statement, audit::adding(tenant, entry, now)]).await?;
    let row = one_row(answers.remove(0), "hash of a key")?;
    let hash: &[u8] = row.get(0);
    hash.try_into().map(KeyHash).map_err(|error| Error::Stored("hash of a key", Box::new(error)))
}
