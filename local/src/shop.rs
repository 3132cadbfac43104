//! The first tenant of a self-hosted Takings, and its key.

use std::fs;
use std::path::Path;

use domain::access::{ApiKey, Scope, SecretKey};
use domain::calendar::{Calendar, Weekday, Zone};
use domain::id::{ApiKeyId, TenantId, TenantNumber};
use domain::tenant::{Currency, Tenant};
use jiff::civil;
use store::access;
use uuid::Uuid;

use crate::command_line::RunOptions;
use crate::folder::entropy;
use crate::site::{Site, SiteError};
use crate::terminal;

const NAME: &str = "My shop";
/// What one process writes in a minute at its best; a limit is for neighbors, and there are none.
const POINTS_PER_MINUTE: u32 = 10_000_000;

/// Makes the first tenant where there is none, and a key where there is none or one more was
/// asked for. The secret is answered this once: only its hash is stored.
///
/// # Errors
/// When Postgres refuses.
pub async fn open(site: &Site, options: &RunOptions) -> Result<Option<SecretKey>, SiteError> {
    let owner = site.owner().await?;
    // The same on every start, whatever the database knows of an interrupted one.
    let id = site.folder().secret("my-shop.id", || Uuid::now_v7().to_string())?;
    let id = TenantId(id.trim().parse().unwrap_or_else(|_changed| Uuid::now_v7()));
    if access::any_key(&owner, id).await? && !options.new_key {
        return Ok(None);
    }
    let zone = options.zone.clone().unwrap_or_else(machine_zone);
    let (_shop, secret) = key(site, tenant(id, NAME, zone, options.currency)).await?;
    Ok(Some(secret))
}

/// A tenant as most are, before the database has numbered it.
#[must_use]
pub fn tenant(id: TenantId, name: &str, zone: Zone, currency: Currency) -> Tenant {
    Tenant {
        id,
        number: TenantNumber(0),
        name: name.to_owned(),
        currency,
        calendar: Calendar {
            zone,
            week_start: Weekday(civil::Weekday::Monday),
            fiscal_year_start_month: 1,
        },
    }
}

/// Stores a tenant and a new key of it that may do everything. Answers the tenant as the database
/// has numbered it.
///
/// # Errors
/// When Postgres refuses.
pub async fn key(site: &Site, wanted: Tenant) -> Result<(Tenant, SecretKey), SiteError> {
    let owner = site.owner().await?;
    let tenant = access::create_tenant(&owner, &wanted).await?;
    if (tenant.currency, &tenant.calendar) != (wanted.currency, &wanted.calendar) {
        terminal::note(&format!(
            "This shop was made before, with {} in {}, and stays so; `reset` begins anew",
            tenant.currency.code(),
            tenant.calendar.zone.name(),
        ));
    }
    let secret = SecretKey::from_entropy(true, &entropy());
    let key = ApiKey {
        id: ApiKeyId(Uuid::now_v7()),
        tenant: tenant.clone(),
        scopes: Scope::ALL.to_vec(),
        expires_at: None,
        points_per_minute: POINTS_PER_MINUTE,
    };
    access::create_key(&owner, &secret, "local", &key).await?;
    Ok((tenant, secret))
}

/// The zone that the machine's link into the zone database names, or UTC.
fn machine_zone() -> Zone {
    fs::read_link("/etc/localtime")
        .ok()
        .as_deref()
        .and_then(Path::to_str)
        .and_then(|path| path.split_once("zoneinfo/"))
        .and_then(|(_folder, name)| Zone::parse(name).ok())
        .unwrap_or(Zone::UTC)
}
