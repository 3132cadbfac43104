use domain::access::{ApiKey, KeyHash, Origin, Scope, SecretKey};
use domain::calendar::{Calendar, Weekday, Zone};
use domain::id::{ApiKeyId, TenantId, TenantNumber};
use domain::tenant::{Currency, Tenant};
use jiff::civil::{self, Date};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use crate::{Db, Error, Flight, one_row};

/// Looks up a key that was not revoked, and the day of its last use.
///
/// # Errors
/// What Postgres answers.
pub async fn key_by_hash(db: &Db, hash: &KeyHash) -> Result<Option<(ApiKey, Option<Date>)>, Error> {
    let sql = include_str!("access/by_hash.sql");
    let hash = hash.0.as_slice();
    let answers = db.flight(None, &[Flight { sql, parameters: &[(&hash, Type::BYTEA)] }]).await?;
    let known = |row: &Row| Ok((key(row)?, row.get(4)));
    answers[0].first().map(known).transpose()
}

/// The shop of a key that was not revoked. In the role `owner`.
///
/// # Errors
/// What Postgres answers.
pub async fn tenant_of_key(client: &Client, hash: &KeyHash) -> Result<Option<Tenant>, Error> {
    let sql = include_str!("access/by_hash.sql");
    let rows = client.query_typed(sql, &[(&hash.0.as_slice(), Type::BYTEA)]).await?;
    rows.first().map(|row| tenant(row, 5)).transpose()
}

/// Looks up a key that was not revoked by its id, for a token that was given for it.
///
/// # Errors
/// What Postgres answers.
pub async fn key_by_id(
    db: &Db,
    tenant_id: TenantId,
    key: ApiKeyId,
) -> Result<Option<ApiKey>, Error> {
    let sql = include_str!("access/by_id.sql");
    let parameters = &[(&tenant_id.0 as _, Type::UUID), (&key.0 as _, Type::UUID)];
    let answers = db.flight(None, &[Flight { sql, parameters }]).await?;
    answers[0].first().map(self::key).transpose()
}

/// Looks up a tenant by its public id.
///
/// # Errors
/// What Postgres answers.
pub async fn tenant_by_id(db: &Db, id: TenantId) -> Result<Option<Tenant>, Error> {
    let sql = include_str!("access/tenant_by_id.sql");
    let answers = db.flight(None, &[Flight { sql, parameters: &[(&id.0, Type::UUID)] }]).await?;
    answers[0].first().map(|row| tenant(row, 0)).transpose()
}

/// Reads a tenant in a transaction of its own.
///
/// # Errors
/// What Postgres answers.
pub async fn tenant_by_number(db: &Db, number: TenantNumber) -> Result<Option<Tenant>, Error> {
    let sql = include_str!("access/tenant.sql");
    let parameters = &[(&number.0 as _, Type::INT4)];
    let answers = db.flight(Some(number), &[Flight { sql, parameters }]).await?;
    answers[0].first().map(|row| tenant(row, 0)).transpose()
}

/// Notes that a key was used on a day.
///
/// # Errors
/// What Postgres answers.
pub async fn mark_used(db: &Db, key: &ApiKey, day: Date) -> Result<(), Error> {
    let tenant = key.tenant.number;
    let sql = include_str!("access/used.sql");
    let parameters =
        &[(&tenant.0 as _, Type::INT4), (&key.id.0 as _, Type::UUID), (&day as _, Type::DATE)];
    db.flight(Some(tenant), &[Flight { sql, parameters }]).await.map(drop)
}

/// Makes a tenant, or finds it by its id: then it keeps its money and its time. In the role
/// `owner`. The tenant as it is stored.
///
/// # Errors
/// What Postgres answers.
pub async fn create_tenant(client: &Client, wanted: &Tenant) -> Result<Tenant, Error> {
    let rows = client
        .query_typed(
            include_str!("access/create_tenant.sql"),
            &[
                (&wanted.id.0, Type::UUID),
                (&wanted.name, Type::TEXT),
                (&wanted.currency.code(), Type::TEXT),
                (&wanted.calendar.zone.name(), Type::TEXT),
                (&i16::from(wanted.calendar.week_start.0.to_monday_one_offset()), Type::INT2),
                (&i16::from(wanted.calendar.fiscal_year_start_month), Type::INT2),
            ],
        )
        .await?;
    tenant(&one_row(rows, "tenant")?, 0)
}

/// Whether any key was ever made. In the role `owner`.
///
/// # Errors
/// What Postgres answers.
pub async fn any_key(client: &Client, tenant: TenantId) -> Result<bool, Error> {
    let sql = include_str!("access/any_key.sql");
    let rows = client.query_typed(sql, &[(&tenant.0, Type::UUID)]).await?;
    Ok(one_row(rows, "answer about keys")?.get(0))
}

/// Stores a key by its hash; a key that is there already stays as it is. In the role `owner`.
///
/// # Errors
/// What Postgres answers.
pub async fn create_key(
    client: &Client,
    secret: &SecretKey,
    name: &str,
    key: &ApiKey,
) -> Result<(), Error> {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let origins: Vec<&str> = key.origins.iter().map(Origin::as_str).collect();
    client
        .query_typed(
            include_str!("access/create_key.sql"),
            &[
                (&key.id.0, Type::UUID),
                (&key.tenant.number.0, Type::INT4),
                (&secret.hash().0.as_slice(), Type::BYTEA),
                (&secret.hint(), Type::TEXT),
                (&name, Type::TEXT),
                (&scopes, Type::TEXT_ARRAY),
                (&i32::try_from(key.points_per_minute).unwrap_or(i32::MAX), Type::INT4),
                (&key.expires_at, Type::TIMESTAMPTZ),
                (&origins, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

fn key(row: &Row) -> Result<ApiKey, Error> {
    let scopes: Vec<String> = row.get(1);
    let points_per_minute: i32 = row.get(2);
    Ok(ApiKey {
        id: ApiKeyId(row.get(0)),
        scopes: Scope::of_keys()
            .filter(|scope| scopes.iter().any(|it| it == scope.as_str()))
            .collect(),
        points_per_minute: u32::try_from(points_per_minute).unwrap_or(0),
        expires_at: row.get(3),
        tenant: tenant(row, 5)?,
        origins: origins(row.get(12))?,
    })
}

/// One that cannot be read is an error: without it, the key might be for all pages.
fn origins(stored: Vec<String>) -> Result<Vec<Origin>, Error> {
    let origin = |text: &String| Origin::parse(text);
    stored
        .iter()
        .map(origin)
        .collect::<Result<_, _>>()
        .map_err(|error| Error::Stored("origin", error.into()))
}

pub(crate) fn tenant(row: &Row, first: usize) -> Result<Tenant, Error> {
    let currency: String = row.get(first + 3);
    let zone: String = row.get(first + 4);
    let week_start: i16 = row.get(first + 5);
    let month: i16 = row.get(first + 6);
    let stored =
        |what| move |error: Box<dyn std::error::Error + Send + Sync>| Error::Stored(what, error);
    Ok(Tenant {
        number: TenantNumber(row.get(first)),
        id: TenantId(row.get(first + 1)),
        name: row.get(first + 2),
        currency: Currency::try_from(currency).map_err(|error| stored("currency")(error.into()))?,
        calendar: Calendar {
            zone: Zone::parse(&zone).map_err(|error| stored("zone")(error.into()))?,
            week_start: i8::try_from(week_start)
                .ok()
                .and_then(|day| civil::Weekday::from_monday_one_offset(day).ok())
                .map(Weekday)
                .ok_or_else(|| stored("week start")(week_start.to_string().into()))?,
            fiscal_year_start_month: i8::try_from(month)
                .map_err(|error| stored("month")(error.into()))?,
        },
    })
}
