use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::origin::{NotAnOrigin, Origin};
pub use self::route::{Needs, ROUTES, methods, needs};

use crate::id::ApiKeyId;
use crate::tenant::Tenant;

/// The pages that may use a key.
mod origin;
/// What each call needs.
mod route;

/// What a credential may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Record points, read receipts, repair the quarantine.
    #[serde(rename = "points:write")]
    PointsWrite,
    /// Record points older than the ordinary horizon.
    #[serde(rename = "points:backfill")]
    PointsBackfill,
    /// Read metrics, series and tags.
    #[serde(rename = "metrics:read")]
    MetricsRead,
    /// Declare and change metrics.
    #[serde(rename = "metrics:write")]
    MetricsWrite,
    /// Query figures.
    #[serde(rename = "query:read")]
    QueryRead,
    /// Import files, and undo them.
    #[serde(rename = "imports:write")]
    ImportsWrite,
    /// Read forecasts.
    #[serde(rename = "forecasts:read")]
    ForecastsRead,
    /// Read report schedules and their deliveries.
    #[serde(rename = "reports:read")]
    ReportsRead,
    /// Change report schedules.
    #[serde(rename = "reports:write")]
    ReportsWrite,
    /// Read products that are published. A browser may hold it.
    #[serde(rename = "catalog:read")]
    CatalogRead,
    /// Change products, prices, discounts, taxes, delivery and the settings of the shop.
    #[serde(rename = "catalog:write")]
    CatalogWrite,
    /// Read stock and its movements.
    #[serde(rename = "stock:read")]
    StockRead,
    /// Change stock.
    #[serde(rename = "stock:write")]
    StockWrite,
    /// Shop: make carts and check them out. A browser may hold it.
    #[serde(rename = "carts:write")]
    CartsWrite,
    /// Read orders, with the personal data in them.
    #[serde(rename = "orders:read")]
    OrdersRead,
    /// Cancel, capture, refund, send and take back.
    #[serde(rename = "orders:write")]
    OrdersWrite,
    /// Read which endpoints are told of events, and what became of it.
    #[serde(rename = "hooks:read")]
    HooksRead,
    /// Change these endpoints, see their secrets once, and send again.
    #[serde(rename = "hooks:write")]
    HooksWrite,
    /// See who belongs to the team. For people alone, as those that follow.
    #[serde(rename = "team:read")]
    TeamRead,
    /// Invite, change roles, remove.
    #[serde(rename = "team:write")]
    TeamWrite,
    /// See API keys, but no secret.
    #[serde(rename = "keys:read")]
    KeysRead,
    /// Make, rotate and revoke API keys.
    #[serde(rename = "keys:write")]
    KeysWrite,
    /// Read who changed what.
    #[serde(rename = "audit:read")]
    AuditRead,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 23] = [
        Self::PointsWrite,
        Self::PointsBackfill,
        Self::MetricsRead,
        Self::MetricsWrite,
        Self::QueryRead,
        Self::ImportsWrite,
        Self::ForecastsRead,
        Self::ReportsRead,
        Self::ReportsWrite,
        Self::CatalogRead,
        Self::CatalogWrite,
        Self::StockRead,
        Self::StockWrite,
        Self::CartsWrite,
        Self::OrdersRead,
        Self::OrdersWrite,
        Self::HooksRead,
        Self::HooksWrite,
        Self::TeamRead,
        Self::TeamWrite,
        Self::KeysRead,
        Self::KeysWrite,
        Self::AuditRead,
    ];

    /// As it is written in keys, tokens and the API document.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PointsWrite => "points:write",
            Self::PointsBackfill => "points:backfill",
            Self::MetricsRead => "metrics:read",
            Self::MetricsWrite => "metrics:write",
            Self::QueryRead => "query:read",
            Self::ImportsWrite => "imports:write",
            Self::ForecastsRead => "forecasts:read",
            Self::ReportsRead => "reports:read",
            Self::ReportsWrite => "reports:write",
            Self::CatalogRead => "catalog:read",
            Self::CatalogWrite => "catalog:write",
            Self::StockRead => "stock:read",
            Self::StockWrite => "stock:write",
            Self::CartsWrite => "carts:write",
            Self::OrdersRead => "orders:read",
            Self::OrdersWrite => "orders:write",
            Self::HooksRead => "hooks:read",
            Self::HooksWrite => "hooks:write",
            Self::TeamRead => "team:read",
            Self::TeamWrite => "team:write",
            Self::KeysRead => "keys:read",
            Self::KeysWrite => "keys:write",
            Self::AuditRead => "audit:read",
        }
    }

    /// What a key holds that anybody may read in the pages of a shop.
    pub const OF_BROWSERS: [Self; 2] = [Self::CatalogRead, Self::CartsWrite];

    /// What no key holds: who has a key can make himself no other way in.
    pub const OF_PEOPLE: [Self; 5] =
        [Self::TeamRead, Self::TeamWrite, Self::KeysRead, Self::KeysWrite, Self::AuditRead];

    /// What a key may hold.
    pub fn of_keys() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|scope| !Self::OF_PEOPLE.contains(scope))
    }

    /// By its written form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_reading(self) -> bool {
        self.as_str().ends_with(":read")
    }
}

/// What a person is in a tenant, from most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, and who else is an owner.
    Owner,
    /// Everything but owners.
    Admin,
    /// Everything but who else gets in, and where data goes: no team, keys and endpoints.
    Editor,
    /// Reads what the business does, and not how it is administered.
    Viewer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Editor, Self::Viewer];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Viewer => "viewer",
        }
    }

    /// By its written form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// What the role may do.
    #[must_use]
    pub fn scopes(self) -> Vec<Scope> {
        let of_business = |scope: &Scope| {
            *scope == Scope::TeamRead
                || !Scope::OF_PEOPLE.contains(scope)
                    && !matches!(scope, Scope::HooksRead | Scope::HooksWrite)
        };
        let all = Scope::ALL.into_iter();
        match self {
            Self::Owner | Self::Admin => all.collect(),
            Self::Editor => all.filter(of_business).collect(),
            Self::Viewer => all.filter(of_business).filter(|it| it.is_reading()).collect(),
        }
    }
}

/// What a lookup of an API key by its hash answers: enough to serve a call without Postgres.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Which key.
    pub id: ApiKeyId,
    /// Whose key.
    pub tenant: Tenant,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From then on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Points it may send in a minute.
    pub points_per_minute: u32,
    /// Browsers may use it in pages of these origins, or in any when there are none.
    #[serde(default)]
    pub origins: Vec<Origin>,
}

impl ApiKey {
    /// Whether a browser may use it in pages of an origin.
    #[must_use]
    pub fn is_for(&self, origin: &str) -> bool {
        self.origins.is_empty() || self.origins.iter().any(|known| known.as_str() == origin)
    }
}

/// A secret API key: `tk_live_` or `tk_test_`, 30 base62 characters (178 bits) and a checksum of
/// 6, so that scanners find it and a typing error is refused without a lookup.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

/// The SHA-256 of a secret key: all that is stored of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET_LENGTH: usize = 30;
const CHECKSUM_LENGTH: usize = 6;

/// Why a text is no API key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// Another prefix, length or alphabet.
    #[error("an API key is tk_live_ or tk_test_ followed by 36 letters and digits")]
    Shape,
    /// One of its characters was mistyped or cut off.
    #[error("the checksum of the API key does not match: it was mistyped or cut off")]
    Checksum,
}

impl SecretKey {
    /// Makes a key from 30 bytes of entropy. `live` keys are for business, others for samples.
    #[must_use]
    pub fn from_entropy(live: bool, entropy: &[u8; SECRET_LENGTH]) -> Self {
        let prefix = if live { "tk_live_" } else { "tk_test_" };
        let secret: String =
            entropy.iter().map(|byte| BASE62[usize::from(*byte) % 62] as char).collect();
        let checksum = checksum(&secret);
        Self(format!("{prefix}{secret}{checksum}"))
    }

    /// Checks shape and checksum; whether the key is known is for the lookup to say.
    ///
    /// # Errors
    /// [`NotAKey`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let rest = text
            .strip_prefix("tk_live_")
            .or_else(|| text.strip_prefix("tk_test_"))
            .ok_or(NotAKey::Shape)?;
        if rest.len() != SECRET_LENGTH + CHECKSUM_LENGTH
            || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(NotAKey::Shape);
        }
        let (secret, given) = rest.split_at(SECRET_LENGTH);
        if checksum(secret) == given { Ok(Self(text.to_owned())) } else { Err(NotAKey::Checksum) }
    }

    /// What is stored and looked up.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The first characters, shown in lists so that people know their keys apart.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.0[.."tk_live_".len() + 4]
    }

    /// The whole secret, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}…)", self.hint())
    }
}

impl KeyHash {
    /// In lower-case hexadecimal.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn checksum(secret: &str) -> String {
    let mut rest = crc32fast::hash(secret.as_bytes());
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|byte| *byte as char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_own_check_and_no_mistyped_one_does() {
        let key = SecretKey::from_entropy(true, &[7; 30]);
        assert_eq!(SecretKey::parse(key.reveal()), Ok(key.clone()));
        for position in 8..key.reveal().len() {
            let mut bytes = key.reveal().as_bytes().to_vec();
            bytes[position] = if bytes[position] == b'x' { b'y' } else { b'x' };
            let mistyped = String::from_utf8(bytes).unwrap();
            assert_eq!(SecretKey::parse(&mistyped), Err(NotAKey::Checksum), "{position}");
        }
        for shape in ["", "tk_live_", "sk_live_abc", &key.reveal()[..43], "tk_live_é"] {
            assert_eq!(SecretKey::parse(shape), Err(NotAKey::Shape), "{shape}");
        }
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let key = SecretKey::from_entropy(true, &[9; 30]);
        assert!(!format!("{key:?}").contains(&key.reveal()[12..]));
    }
}
