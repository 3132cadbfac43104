use domain::id::{HookId, TenantNumber};
use domain::order::Topic;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

pub use self::deliveries::{
    Claimed, Delivery, NewDelivery, Settled, Told, add_test, claim, due, list_deliveries, next_due,
    replay, settle, spread,
};

use crate::statement::{Statement, fly};
use crate::{Db, Error, Flight, Parameter};

/// What is on its way to them.
mod deliveries;

/// An endpoint that is told of events. Its secrets are not here.
#[derive(Clone, Debug, PartialEq)]
pub struct Hook {
    /// Which.
    pub id: HookId,
    /// Where it is.
    pub url: String,
    /// Of what it is told; everything when empty.
    pub topics: Vec<Topic>,
    /// It is told.
    pub enabled: bool,
    /// Of what happened from then on.
    pub enabled_at: Timestamp,
    /// Why it was disabled, unless by its owner: `gone`, `failing`.
    pub disabled_reason: Option<String>,
    /// Since when it took nothing; none when it took the last thing.
    pub failing_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is to be changed of an endpoint; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Where it is.
    pub url: Option<String>,
    /// Of what it is told; everything when empty.
    pub topics: Option<Vec<Topic>>,
    /// Whether it is told.
    pub enabled: Option<bool>,
}

impl Hook {
    /// Whether it is told of something that happened then.
    #[must_use]
    pub fn wants(&self, topic: Topic, at: Timestamp) -> bool {
        let is_named = self.topics.is_empty() || self.topics.contains(&topic);
        self.enabled && is_named && at >= self.enabled_at
    }
}

/// Keeps a new endpoint with its secret.
///
/// # Errors
/// [`Error::Conflict`] with the constraint `hook_url` when there is one of this URL;
/// [`Error::Refused`] when the tenant has `most` already.
pub async fn create(
    db: &Db,
    tenant: TenantNumber,
    hook: &Hook,
    secret: &str,
    most: i64,
) -> Result<(), Error> {
    let create = Statement::new(include_str!("hooks/create.sql"))
        .with(tenant.0, Type::INT4)
        .with(hook.id.0, Type::UUID)
        .with(hook.url.clone(), Type::TEXT)
        .with(names(&hook.topics), Type::TEXT_ARRAY)
        .with(hook.created_at, Type::TIMESTAMPTZ);
    let few = Statement::new(include_str!("hooks/few.sql"))
        .with(tenant.0, Type::INT4)
        .with(most, Type::INT8);
    let secret = add_secret(tenant, hook.id, secret, hook.created_at);
    fly(db, tenant, &[create, few, secret]).await.map(drop)
}

/// Lists all endpoints, the oldest first.
///
/// # Errors
/// What Postgres answers.
pub async fn list(db: &Db, tenant: TenantNumber) -> Result<Vec<Hook>, Error> {
    list_or_one(db, tenant, None).await
}

/// Finds an endpoint.
///
/// # Errors
/// What Postgres answers.
pub async fn find(db: &Db, tenant: TenantNumber, id: HookId) -> Result<Option<Hook>, Error> {
    Ok(list_or_one(db, tenant, Some(id)).await?.pop())
}

/// Changes an endpoint. One that is disabled lets go what was on its way; one that is enabled is
/// told of what happens from now on. False when it is not there.
///
/// # Errors
/// [`Error::Conflict`] with the constraint `hook_url` when another has this URL.
pub async fn change(
    db: &Db,
    tenant: TenantNumber,
    id: HookId,
    change: &Change,
    now: Timestamp,
) -> Result<bool, Error> {
    let changed = Statement::new(include_str!("hooks/change.sql"))
        .with(tenant.0, Type::INT4)
        .with(id.0, Type::UUID)
        .with(change.url.clone(), Type::TEXT)
        .with(change.topics.as_deref().map(names), Type::TEXT_ARRAY)
        .with(change.enabled, Type::BOOL)
        .with(now, Type::TIMESTAMPTZ);
    let answers = fly(db, tenant, &[changed, let_go(tenant, id, now)]).await?;
    Ok(!answers[0].is_empty())
}

/// Removes an endpoint with its secrets and deliveries. False when it was not there.
///
/// # Errors
/// What Postgres answers.
pub async fn delete(db: &Db, tenant: TenantNumber, id: HookId) -> Result<bool, Error> {
    let delete = Statement::new(include_str!("hooks/delete.sql"))
        .with(tenant.0, Type::INT4)
        .with(id.0, Type::UUID);
    Ok(!fly(db, tenant, &[delete]).await?[0].is_empty())
}

/// Gives an endpoint a new secret. Those before sign until `valid_until`. False when it is not
/// there.
///
/// # Errors
/// [`Error::Refused`] when more than `most` would be valid.
pub async fn rotate(
    db: &Db,
    (tenant, id): (TenantNumber, HookId),
    secret: &str,
    (now, valid_until): (Timestamp, Timestamp),
    most: i64,
) -> Result<bool, Error> {
    let of = |sql| Statement::new(sql).with(tenant.0, Type::INT4).with(id.0, Type::UUID);
    let statements = [
        of(include_str!("hooks/forget_secrets.sql")).with(now, Type::TIMESTAMPTZ),
        of(include_str!("hooks/retire_secrets.sql")).with(valid_until, Type::TIMESTAMPTZ),
        add_secret(tenant, id, secret, now),
        of(include_str!("hooks/few_secrets.sql")).with(most, Type::INT8),
    ];
    Ok(!fly(db, tenant, &statements).await?[2].is_empty())
}

fn add_secret(tenant: TenantNumber, hook: HookId, secret: &str, now: Timestamp) -> Statement {
    Statement::new(include_str!("hooks/add_secret.sql"))
        .with(tenant.0, Type::INT4)
        .with(hook.0, Type::UUID)
        .with(secret.to_owned(), Type::TEXT)
        .with(now, Type::TIMESTAMPTZ)
}

/// What is on its way to an endpoint is tried no more when it is disabled.
fn let_go(tenant: TenantNumber, hook: HookId, now: Timestamp) -> Statement {
    Statement::new(include_str!("hooks/let_go.sql"))
        .with(tenant.0, Type::INT4)
        .with(hook.0, Type::UUID)
        .with(now, Type::TIMESTAMPTZ)
}

async fn list_or_one(
    db: &Db,
    tenant: TenantNumber,
    id: Option<HookId>,
) -> Result<Vec<Hook>, Error> {
    let id = id.map(|id| id.0);
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&id, Type::UUID)];
    let sql = include_str!("hooks/list.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(read_hook).collect()
}

fn read_hook(row: &Row) -> Result<Hook, Error> {
    let topics: Vec<String> = row.get(2);
    let topics = topics.into_iter().map(|name| topic(&name)).collect::<Result<_, _>>()?;
    Ok(Hook {
        id: HookId(row.get(0)),
        url: row.get(1),
        topics,
        enabled: row.get(3),
        enabled_at: row.get(4),
        disabled_reason: row.get(5),
        failing_since: row.get(6),
        created_at: row.get(7),
    })
}

fn topic(name: &str) -> Result<Topic, Error> {
    Topic::parse(name).ok_or_else(|| Error::Stored("topic", name.to_owned().into()))
}

fn names(topics: &[Topic]) -> Vec<&'static str> {
    topics.iter().map(|topic| topic.as_str()).collect()
}
