//! The sample tenant, whose key stands in the files under `events/`.

use domain::access::{ApiKey, Scope, SecretKey};
use domain::calendar::{Calendar, Weekday, Zone};
use domain::id::{ApiKeyId, TenantId, TenantNumber};
use domain::tenant::{Currency, Tenant};
use jiff::{Timestamp, civil};
use store::{Client, access};
use uuid::Uuid;

/// When it is in the samples: 2026-11-21T07:00:00Z, a Saturday.
pub const NOW: Timestamp = Timestamp::constant(1_795_244_400, 0);
/// The tenant's id.
pub const TENANT: TenantId = TenantId(Uuid::from_u128(0x7a6e_0000_0000_7000_8000_0000_0000_0001));
/// The id of its key.
pub const KEY: ApiKeyId = ApiKeyId(Uuid::from_u128(0x7a6e_0000_0000_7000_8000_0000_0000_0002));

const POINTS_PER_MINUTE: u32 = 100_000;

/// The tenant, as it is before the database has numbered it.
///
/// # Panics
/// Never: zone and currency are real.
#[must_use]
pub fn tenant() -> Tenant {
    Tenant {
        id: TENANT,
        number: TenantNumber(0),
        name: "Sample shop".to_owned(),
        currency: Currency::try_from("EUR".to_owned()).expect("the euro is a currency"),
        calendar: Calendar {
            zone: Zone::parse("Europe/Berlin").expect("the bundled database has Berlin"),
            week_start: Weekday(civil::Weekday::Monday),
            fiscal_year_start_month: 1,
        },
    }
}

/// Its secret, which is none.
#[must_use]
pub fn secret() -> SecretKey {
    SecretKey::from_entropy(false, &[7; 30])
}

/// Makes the tenant and its key, which may do everything, where they are not there yet. In the
/// role `owner`.
///
/// # Errors
/// What Postgres answers.
pub async fn settle(owner: &Client) -> Result<Tenant, store::Error> {
    let tenant = access::create_tenant(owner, &tenant()).await?;
    let key = ApiKey {
        id: KEY,
        tenant: tenant.clone(),
        scopes: Scope::ALL.to_vec(),
        expires_at: None,
        points_per_minute: POINTS_PER_MINUTE,
        origins: vec![],
    };
    access::create_key(owner, &secret(), "sample", &key).await?;
    Ok(tenant)
}
