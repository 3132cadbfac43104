//! The first tenant of a self-hosted Takings, and its key.

use std::fs;
use std::path::Path;

use app::sealed::{self, Purpose};
use app::unsubscribe::Keys;
use app::{Clock, entropy};
use domain::access::{ApiKey, Origin, Scope, SecretKey};
use domain::audit::Entry;
use domain::calendar::{Calendar, Weekday, Zone};
use domain::id::{ApiKeyId, InvitationId, TenantId, TenantNumber};
use domain::team::INVITATION_DAYS;
use domain::tenant::{Currency, Tenant};
use jiff::{SignedDuration, civil};
use serde_json::{Value, json};
use store::team::{self, Invitation};
use store::{Client, access};
use uuid::Uuid;

use crate::command_line::{BrowserKeyOptions, InviteOptions, RunOptions, TenantOptions};
use crate::site::{Site, SiteError};
use crate::terminal;

const NAME: &str = "My shop";
/// What one process writes in a minute at its best; a limit is for neighbors, and there are none.
pub const POINTS_PER_MINUTE: u32 = 10_000_000;
/// The least there is: a browser's key sends no points.
const BROWSER_POINTS_PER_MINUTE: u32 = 1;

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
    let shop = tenant(id, NAME, zone, options.currency);
    let (_shop, secret) = key(&owner, shop, POINTS_PER_MINUTE).await?;
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

/// One more tenant, as the command line describes it.
#[must_use]
pub fn wanted(wanted: &TenantOptions, first: &RunOptions) -> Tenant {
    let zone = first.zone.clone().unwrap_or_else(machine_zone);
    let mut tenant = tenant(TenantId(Uuid::now_v7()), &wanted.name, zone, first.currency);
    tenant.calendar.week_start = wanted.week_start;
    tenant.calendar.fiscal_year_start_month = wanted.fiscal_year_start_month;
    tenant
}

/// Stores a tenant and a new key of it that may do everything. Answers the tenant as the database
/// has numbered it.
///
/// # Errors
/// When Postgres refuses.
pub async fn key(
    owner: &Client,
    wanted: Tenant,
    points_per_minute: u32,
) -> Result<(Tenant, SecretKey), store::Error> {
    let tenant = access::create_tenant(owner, &wanted).await?;
    if (tenant.currency, &tenant.calendar) != (wanted.currency, &wanted.calendar) {
        terminal::note(&format!(
            "This shop was made before, with {} in {}, and stays so; `reset` begins anew",
            tenant.currency.code(),
            tenant.calendar.zone.name(),
        ));
    }
    let all = Scope::of_keys().collect();
    let secret = new_key(owner, &tenant, all, points_per_minute, vec![]).await?;
    Ok((tenant, secret))
}

/// Stores a new key for the pages of a shop. None when the shop's own key is unknown.
///
/// # Errors
/// When Postgres refuses.
pub async fn browser_key(
    owner: &Client,
    wanted: &BrowserKeyOptions,
) -> Result<Option<(Tenant, SecretKey)>, store::Error> {
    let Some(tenant) = access::tenant_of_key(owner, &wanted.shop.hash()).await? else {
        return Ok(None);
    };
    let (scopes, origins) = (Scope::OF_BROWSERS.to_vec(), wanted.origins.clone());
    let secret = new_key(owner, &tenant, scopes, BROWSER_POINTS_PER_MINUTE, origins).await?;
    Ok(Some((tenant, secret)))
}

/// Keeps an invitation, and answers its code. None when the shop's own key is unknown.
///
/// # Errors
/// When Postgres refuses.
pub async fn invite(
    owner: &mut Client,
    wanted: &InviteOptions,
    keys: &Keys,
) -> Result<Option<(Tenant, String)>, store::Error> {
    let Some(tenant) = access::tenant_of_key(owner, &wanted.shop.hash()).await? else {
        return Ok(None);
    };
    let now = Clock::System.now();
    let invitation = Invitation {
        id: InvitationId(Uuid::now_v7()),
        email: wanted.email.to_string(),
        role: wanted.role,
        invited_by: "local".to_owned(),
        created_at: now,
        expires_at: now + SignedDuration::from_hours(24 * INVITATION_DAYS),
    };
    let entry = Entry {
        actor: "local".to_owned(),
        action: "team.invited",
        subject: invitation.id.to_string(),
        before: Value::Null,
        after: json!({ "role": wanted.role.as_str() }),
        from: None,
    };
    team::invite_as_owner(owner, tenant.number, &invitation, &entry).await?;
    let code = sealed::sealed(keys, Purpose::Invitation, invitation.id.0, 0);
    Ok(Some((tenant, code)))
}

async fn new_key(
    owner: &Client,
    tenant: &Tenant,
    scopes: Vec<Scope>,
    points_per_minute: u32,
    origins: Vec<Origin>,
) -> Result<SecretKey, store::Error> {
    let secret = SecretKey::from_entropy(true, &entropy());
    let id = ApiKeyId(Uuid::now_v7());
    let tenant = tenant.clone();
    let key = ApiKey { id, tenant, scopes, expires_at: None, points_per_minute, origins };
    access::create_key(owner, &secret, "local", &key).await?;
    Ok(secret)
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
