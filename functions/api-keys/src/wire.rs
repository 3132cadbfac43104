use app::Problem;
use domain::access::{Origin, Scope, SecretKey};
use domain::id::ApiKeyId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::api_keys::{Listed, NewKey};
use utoipa::ToSchema;
use uuid::Uuid;

const NAME: usize = 100;
const ORIGINS: usize = 20;
/// What a key may send in a minute unless said.
const POINTS_PER_MINUTE: u32 = 60_000;
const POINTS_PER_MINUTE_MAX: u32 = 1_000_000;
const OVERLAP_S: i64 = 24 * 3_600;
const OVERLAP_MAX_S: i64 = 30 * OVERLAP_S;

/// A key to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyIn {
    /// For people: where it is used.
    #[schema(example = "The shop's till")]
    name: String,
    /// What it may do.
    #[schema(example = json!(["points:write", "query:read"]))]
    scopes: Vec<String>,
    /// Pages that browsers may use it in; it is then for browsers, and holds only what anybody
    /// may do: `catalog:read`, `carts:write`, `points:write`.
    #[serde(default)]
    origins: Vec<String>,
    /// Points it may send in a minute; 60,000 unless given.
    #[serde(default)]
    points_per_minute: Option<u32>,
    /// From then on it is refused (RFC 3339).
    #[serde(default)]
    expires_at: Option<String>,
    /// `tk_test_` in its beginning, for samples and tests. It is good for the same.
    #[serde(default)]
    pub(crate) test: bool,
}

impl ApiKeyIn {
    pub(crate) fn checked<'a>(
        &self,
        id: ApiKeyId,
        secret: &'a SecretKey,
        now: Timestamp,
    ) -> Result<NewKey<'a>, Problem> {
        let name = self.name.trim().to_owned();
        if !(1..=NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            let told = format!("a name has 1 to {NAME} characters, and no line breaks");
            return Err(Problem::invalid("name", told));
        }
        let points_per_minute = self.points_per_minute.unwrap_or(POINTS_PER_MINUTE);
        if !(1..=POINTS_PER_MINUTE_MAX).contains(&points_per_minute) {
            let told = format!("a limit is a number from 1 to {POINTS_PER_MINUTE_MAX}");
            return Err(Problem::invalid("points_per_minute", told));
        }
        let origins = self.origins()?;
        let scopes = self.scopes(!origins.is_empty())?;
        let expires_at = self.expires_at(now)?;
        Ok(NewKey { id, secret, name, scopes, origins, points_per_minute, expires_at })
    }

    fn origins(&self) -> Result<Vec<Origin>, Problem> {
        if self.origins.len() > ORIGINS {
            let told = format!("a key is for at most {ORIGINS} origins; make another");
            return Err(Problem::invalid("origins", told));
        }
        let origin = |text: &String| {
            Origin::parse(text).map_err(|error| Problem::invalid("origins", error.to_string()))
        };
        self.origins.iter().map(origin).collect()
    }

    fn scopes(&self, for_browsers: bool) -> Result<Vec<Scope>, Problem> {
        let known = |text: &String| {
            let scope = Scope::of_keys().find(|scope| scope.as_str() == text);
            scope.ok_or_else(|| {
                let all: Vec<&str> = Scope::of_keys().map(Scope::as_str).collect();
                let told = format!("`{text}` is none that a key holds: {}", all.join(", "));
                Problem::invalid("scopes", told)
            })
        };
        let mut scopes: Vec<Scope> = self.scopes.iter().map(known).collect::<Result<_, _>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(Problem::invalid("scopes", "name at least one"));
        }
        let public =
            |scope: &&Scope| Scope::OF_BROWSERS.contains(scope) || **scope == Scope::PointsWrite;
        if let Some(scope) = scopes.iter().find(|it| !public(it)).filter(|_| for_browsers) {
            let told = format!(
                "anybody reads a key in a page, so one with origins does not hold `{}`",
                scope.as_str()
            );
            return Err(Problem::invalid("scopes", told));
        }
        Ok(scopes)
    }

    fn expires_at(&self, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = &self.expires_at else { return Ok(None) };
        let at: Option<Timestamp> = text.parse().ok();
        at.filter(|at| *at > now).map(Some).ok_or_else(|| {
            let told = "an instant to come, such as 2027-01-31T00:00:00Z";
            Problem::invalid("expires_at", told)
        })
    }
}

/// How a key changes over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateIn {
    /// Seconds that the old one is good for, 0 to 2,592,000; 86,400 (a day) unless given.
    #[serde(default)]
    overlap_s: Option<i64>,
}

impl RotateIn {
    pub(crate) fn checked(&self) -> Result<i64, Problem> {
        let overlap_s = self.overlap_s.unwrap_or(OVERLAP_S);
        if (0..=OVERLAP_MAX_S).contains(&overlap_s) {
            return Ok(overlap_s);
        }
        let told = format!("a number of seconds from 0 to {OVERLAP_MAX_S}");
        Err(Problem::invalid("overlap_s", told))
    }
}

/// A key like another, but for its secret.
pub(crate) fn in_the_place_of<'a>(
    old: &Listed,
    secret: &'a SecretKey,
) -> Result<NewKey<'a>, Problem> {
    let origins = old.origins.iter().map(|text| Origin::parse(text)).collect::<Result<_, _>>();
    Ok(NewKey {
        id: ApiKeyId(Uuid::now_v7()),
        secret,
        name: old.name.clone(),
        scopes: old.scopes.clone(),
        origins: origins.map_err(Problem::internal)?,
        points_per_minute: old.points_per_minute,
        expires_at: old.expires_at,
    })
}

/// Keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeysOut {
    /// The newest first.
    pub(crate) api_keys: Vec<ApiKeyOut>,
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyOut {
    id: Uuid,
    /// Its first characters.
    hint: String,
    name: String,
    scopes: Vec<&'static str>,
    origins: Vec<String>,
    points_per_minute: u32,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    /// The day of its last use, in UTC.
    last_used_on: Option<String>,
    created_at: String,
}

impl From<Listed> for ApiKeyOut {
    fn from(it: Listed) -> Self {
        Self {
            id: it.id.0,
            hint: it.hint,
            name: it.name,
            scopes: it.scopes.iter().map(|scope| scope.as_str()).collect(),
            origins: it.origins,
            points_per_minute: it.points_per_minute,
            expires_at: it.expires_at.map(|at| at.to_string()),
            revoked_at: it.revoked_at.map(|at| at.to_string()),
            last_used_on: it.last_used_on.map(|day| day.to_string()),
            created_at: it.created_at.to_string(),
        }
    }
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewApiKeyOut {
    #[serde(flatten)]
    key: ApiKeyOut,
    /// Shown this once.
    secret: String,
}

impl NewApiKeyOut {
    pub(crate) fn of(key: &NewKey<'_>, now: Timestamp) -> Self {
        let listed = Listed {
            id: key.id,
            hint: key.secret.hint().to_owned(),
            name: key.name.clone(),
            scopes: key.scopes.clone(),
            origins: key.origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
            points_per_minute: key.points_per_minute,
            expires_at: key.expires_at,
            revoked_at: None,
            last_used_on: None,
            created_at: now,
        };
        Self { key: listed.into(), secret: key.secret.reveal().to_owned() }
    }
}
