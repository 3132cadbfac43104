use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::access::Role;
use domain::id::{PersonId, SessionId, TenantId};
use domain::person::SessionKind;
use domain::tenant::Tenant;
use http::request::Parts;
use http::{HeaderMap, header};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use store::sessions::{self, Shown, Standing};

use super::unauthenticated;
use crate::{App, Problem, ProblemCode, extract};

/// The cookie of a browser's session. With this prefix a browser takes it only over TLS, for the
/// whole of this host, and for no other.
pub const COOKIE: &str = "__Host-session";
/// What a page sends beside the cookie with whatever changes something.
pub const CSRF_HEADER: &str = "csrf-token";
/// A browser's session is noted as seen no more often.
const SEEN_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// A person who calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// Where they are logged in.
    pub session: SessionId,
    /// How.
    pub kind: SessionKind,
    /// What they are, and in which tenant: none when they chose none, or belong to it no more.
    pub membership: Option<(Role, Tenant)>,
}

/// The secret of a browser's session. It does not print itself.
pub struct SessionSecret(String);

impl SessionSecret {
    /// Makes one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(URL_SAFE_NO_PAD.encode(crate::entropy::<32>()))
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// What a page of ours sends with whatever it changes: pages of others cannot know it.
    #[must_use]
    pub fn csrf_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("csrf:{}", self.0)))
    }

    /// What tells a browser to keep it, for the life of the session.
    #[must_use]
    pub fn cookie(&self) -> String {
        let seconds = SessionKind::Browser.lifetime().as_secs();
        let secret = &self.0;
        format!("{COOKIE}={secret}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}")
    }

    /// The one that a browser shows.
    #[must_use]
    pub fn shown(headers: &HeaderMap) -> Option<Self> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';'));
        let secret = pairs.find_map(|it| it.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
        Some(Self(secret.to_owned()))
    }
}

/// What tells a browser to forget its session.
#[must_use]
pub fn forgotten() -> String {
    format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// The person of an access token.
pub(super) async fn by_session(
    app: &App,
    person: PersonId,
    session: SessionId,
    tenant: Option<TenantId>,
) -> Result<Person, Problem> {
    let standing = sessions::standing(&app.db, Shown::Id(session), tenant).await?;
    let standing = standing.filter(|it| it.person == person && it.kind == SessionKind::Client);
    let standing = lives(app, standing)?;
    // A token that names no tenant speaks of none, whatever was chosen since.
    let membership = standing.membership.filter(|_| tenant.is_some());
    Ok(Person { id: person, session, kind: SessionKind::Client, membership })
}

/// The person of a browser's session. A call that may change something must come from a page of
/// ours: it names the page's origin, and shows what only such a page can know.
pub(super) async fn by_cookie(app: &App, parts: &Parts) -> Result<Option<Person>, Problem> {
    let Some(secret) = SessionSecret::shown(&parts.headers) else { return Ok(None) };
    if !parts.method.is_safe() {
        from_our_page(&parts.headers, &secret, &app.config.public_url)?;
    }
    let standing = sessions::standing(&app.db, Shown::Secret(secret.hash()), None).await?;
    let Standing { person, session, renewed_at, membership, .. } = lives(app, standing)?;
    let now = app.clock.now();
    if now.duration_since(renewed_at) >= SEEN_AGAIN {
        sessions::seen(&app.db, person, session, now).await?;
    }
    Ok(Some(Person { id: person, session, kind: SessionKind::Browser, membership }))
}

fn lives(app: &App, standing: Option<Standing>) -> Result<Standing, Problem> {
    let now = app.clock.now();
    let lives = |it: &Standing| !it.kind.is_over(it.created_at, it.renewed_at, now);
    standing.filter(lives).ok_or_else(|| unauthenticated("the session has ended; log in again"))
}

fn from_our_page(
    headers: &HeaderMap,
    secret: &SessionSecret,
    public_url: &str,
) -> Result<(), Problem> {
    let said = |name: &str| extract::header_text(headers, name);
    let is_ours = said("origin").is_none_or(|origin| origin == public_url)
        && said("sec-fetch-site").is_none_or(|site| site == "same-origin")
        && (said("origin").is_some() || said("sec-fetch-site").is_some());
    // Both are hashes: how long the comparison takes tells nothing.
    let knows = said(CSRF_HEADER).is_some_and(|token| token == secret.csrf_token());
    if is_ours && knows {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::Forbidden,
        "a call with a cookie that changes something comes from a page of this service, and sends \
         the `Csrf-Token` that its log-in was answered; programs use access tokens",
    ))
}
