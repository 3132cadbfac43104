use axum::extract::FromRequestParts;
use domain::access::{ApiKey, Scope};
use domain::id::{ApiKeyId, PersonId};
use domain::tenant::Tenant;
use http::header;
use http::request::Parts;
use store::{access, receipts};
use uuid::Uuid;

pub use self::keys::{Callers, forget};
pub use self::people::{COOKIE, CSRF_HEADER, Person, SessionSecret, forgotten};
use crate::token::Bearer;
use crate::{App, Problem, ProblemCode, extract, token};

/// API keys, and what is remembered of them.
mod keys;
/// People, by token or by cookie.
mod people;

/// Who calls: the tenant and what the credential may do.
#[derive(Clone, Debug)]
pub struct Caller {
    /// In which tenant.
    pub tenant: Tenant,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The API key, unless a token was shown.
    pub key: Option<ApiKey>,
    /// The person, unless it is a key's.
    pub person: Option<Person>,
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

    /// A person in the tenant that they chose.
    ///
    /// # Errors
    /// When they chose none, or belong to it no more.
    pub fn of_person(person: Person) -> Result<Self, Problem> {
        let (role, tenant) = person.membership.clone().ok_or_else(|| {
            Problem::new(
                ProblemCode::Forbidden,
                "no tenant is chosen, or you belong to it no more; choose one with \
                 `POST /v1/sessions/tenant`, or open one with `POST /v1/tenants`",
            )
        })?;
        let allowance = Allowance { of: tenant.id.0, points_per_minute: PEOPLE_POINTS_PER_MINUTE };
        let scopes = role.scopes();
        Ok(Self { tenant, scopes, key: None, person: Some(person), allowance })
    }

    /// Who it is, as histories say it.
    #[must_use]
    pub fn actor(&self) -> String {
        match (&self.person, &self.key) {
            (Some(person), _) => format!("person:{}", person.id),
            (None, Some(key)) => format!("key:{}", key.id),
            (None, None) => "token".to_owned(),
        }
    }
}

/// Whoever a credential speaks of.
pub(crate) enum Identified {
    /// A key, or a token that was given for one.
    Key(Box<Caller>),
    /// A person.
    Person(Box<Person>),
}

/// Resolves the credential of a request.
///
/// # Errors
/// A problem when there is none, or it is not good.
pub(crate) async fn identify(parts: &Parts, app: &App) -> Result<Identified, Problem> {
    let Some(shown) = extract::header_text(&parts.headers, header::AUTHORIZATION) else {
        let person = people::by_cookie(app, parts).await?.ok_or_else(|| {
            unauthenticated("send `Authorization: Bearer` with an API key or an access token")
        })?;
        return Ok(Identified::Person(Box::new(person)));
    };
    let shown = shown
        .strip_prefix("Bearer ")
        .map(str::trim)
        .ok_or_else(|| unauthenticated("the only scheme is `Authorization: Bearer`"))?;
    if shown.starts_with("tk_") {
        let origin = extract::header_text(&parts.headers, header::ORIGIN);
        let caller = keys::by_key(app, shown).await?.in_pages_of(origin)?;
        return Ok(Identified::Key(Box::new(caller)));
    }
    by_token(app, shown).await
}

impl Identified {
    /// In the tenant that a person chose.
    ///
    /// # Errors
    /// When a person chose none, or belongs to it no more.
    pub(crate) fn caller(self) -> Result<Caller, Problem> {
        match self {
            Self::Key(caller) => Ok(*caller),
            Self::Person(person) => Caller::of_person(*person),
        }
    }

    /// The person.
    ///
    /// # Errors
    /// For a key.
    pub(crate) fn person(self) -> Result<Person, Problem> {
        match self {
            Self::Person(person) => Ok(*person),
            Self::Key(_) => {
                let told = "this is for people: log in with `POST /v1/sessions`";
                Err(Problem::new(ProblemCode::Forbidden, told))
            }
        }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let unknown = "the table of routes asks nobody who it is";
        parts.extensions.get().cloned().ok_or_else(|| Problem::internal(unknown))
    }
}

impl FromRequestParts<App> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let unknown = "the table of routes asks for no person";
        parts.extensions.get().cloned().ok_or_else(|| Problem::internal(unknown))
    }
}

async fn by_token(app: &App, shown: &str) -> Result<Identified, Problem> {
    let known = token::Keys::parse(&app.config.token_keys).map_err(Problem::internal)?;
    let claims = known
        .check(shown, &app.config.public_url, app.clock.now())
        .map_err(|error| unauthenticated("the access token is not valid").caused_by(error))?;
    match (claims.bearer, claims.tenant) {
        (Bearer::Person { session }, tenant) => {
            let person = people::by_session(app, PersonId(claims.sub), session, tenant).await?;
            Ok(Identified::Person(Box::new(person)))
        }
        (Bearer::Key { scopes }, Some(tenant)) => {
            let key = access::key_by_id(&app.db, tenant, ApiKeyId(claims.sub)).await?;
            let caller = keys::in_person(app, key)?;
            let scopes = caller.scopes.iter().filter(|it| scopes.contains(it)).copied().collect();
            // It draws on the minute of its key.
            Ok(Identified::Key(Box::new(Caller { scopes, key: None, ..caller })))
        }
        (Bearer::Key { .. }, None) => Err(unauthenticated("the access token is not valid")),
    }
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(ProblemCode::Unauthenticated, detail)
}
