use app::attempts::{self, ClientAddress};
use app::caller::{Person, SessionSecret, forgotten};
use app::extract::{Body, Path, header_text};
use app::sealed::{self, Purpose};
use app::token::{AUDIENCE, Bearer, Claims, LIFETIME_S};
use app::{App, Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::id::{PersonId, SessionId, TenantId};
use domain::limit;
use domain::person::{Renewal, SessionKind};
use http::{HeaderMap, StatusCode, header};
use store::people;
use store::sessions::{self, Ended, NewSession, Shown};
use uuid::Uuid;

use crate::factor;
use crate::key_tokens::signed;
use crate::password::{self, Fit};
use crate::wire::{ChosenTenantIn, LogInIn, RefreshIn, SessionOut, SessionTokensOut, SessionsOut};

/// Log in
///
/// A client gets an access token for 15 minutes, and a refresh token that gets the next ones. With
/// `browser`, a cookie is set instead, and a page sends the `csrf_token` of the answer as
/// `Csrf-Token` with whatever it changes. The session is in the tenant that you belong to longest.
#[utoipa::path(
    post, path = "/v1/sessions", tag = "account",
    request_body = LogInIn,
    responses(
        (status = 201, description = "Logged in", body = SessionTokensOut),
        (status = 401, description = "The address, the password or the code is wrong"),
        (status = 403, description = "The address is not verified yet"),
        (status = 429, description = "Too many tries"),
    )
)]
pub(crate) async fn log_in(
    State(app): State<App>,
    from: ClientAddress,
    headers: HeaderMap,
    Body(shown): Body<LogInIn>,
) -> Result<Response, Problem> {
    count(&app, from, &shown.email).await?;
    let known = people::by_email(&app.db, &shown.email).await?;
    let hash = known.as_ref().and_then(|person| person.password_hash.clone());
    let fit = password::fit(shown.password.clone(), hash).await?;
    let (Some(person), Fit::Right | Fit::Outdated) = (known, fit) else {
        return Err(wrong("the address or the password is wrong"));
    };
    if person.verified_at.is_none() {
        return Err(Problem::new(
            ProblemCode::Forbidden,
            "the address is not verified; use the link in our letter, or register again to get \
             another",
        ));
    }
    factor::check(&app, &person, shown.code.as_deref()).await?;
    if fit == Fit::Outdated {
        let password = domain::person::Password::parse(shown.password).ok();
        if let Some(password) = password {
            people::rehash(&app.db, person.id, &password::hash(password).await?).await?;
        }
    }
    let secret = shown.browser.then(SessionSecret::fresh);
    let client = header_text(&headers, header::USER_AGENT).unwrap_or("unknown");
    let new = NewSession {
        session: SessionId(Uuid::now_v7()),
        person: person.id,
        secret_hash: secret.as_ref().map(SessionSecret::hash),
        client: client.chars().take(200).collect(),
        address: from.text(),
        at: app.clock.now(),
    };
    sessions::begin(&app.db, &new).await?;
    let standing = sessions::standing(&app.db, Shown::Id(new.session), None).await?;
    let tenant = standing.and_then(|it| it.membership).map(|(_, tenant)| tenant.id);
    match secret {
        Some(secret) => Ok(in_browser(&new, &secret, tenant)),
        None => {
            let tokens = tokens(&app, (person.id, new.session, 0), tenant)?;
            Ok((StatusCode::CREATED, NOT_KEPT, Json(tokens)).into_response())
        }
    }
}

const NOT_KEPT: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

async fn count(app: &App, from: ClientAddress, email: &str) -> Result<(), Problem> {
    let email = email.to_lowercase();
    attempts::count_from(app, limit::LOG_IN_FROM, from).await?;
    let both = format!("{email} {}", from.text());
    attempts::count(app, limit::LOG_IN_OF_ACCOUNT_FROM, &both).await?;
    attempts::count(app, limit::LOG_IN_OF_ACCOUNT, &email).await
}

fn in_browser(new: &NewSession, secret: &SessionSecret, tenant: Option<TenantId>) -> Response {
    let out = SessionTokensOut {
        session: new.session.0,
        tenant: tenant.map(|tenant| tenant.0),
        csrf_token: Some(secret.csrf_token()),
        ..SessionTokensOut::default()
    };
    let cookie = [(header::SET_COOKIE, secret.cookie())];
    (StatusCode::CREATED, NOT_KEPT, cookie, Json(out)).into_response()
}

/// What a client gets of a session in one of its generations.
pub(crate) fn tokens(
    app: &App,
    (person, session, generation): (PersonId, SessionId, i32),
    tenant: Option<TenantId>,
) -> Result<SessionTokensOut, Problem> {
    let refresh = sealed::seal(app, Purpose::Refresh, session.0, generation);
    Ok(SessionTokensOut {
        session: session.0,
        tenant: tenant.map(|tenant| tenant.0),
        access_token: Some(access_token(app, person, session, tenant)?),
        token_type: Some("Bearer"),
        expires_in_s: Some(LIFETIME_S),
        refresh_token: Some(refresh.map_err(Problem::internal)?),
        csrf_token: None,
    })
}

pub(crate) fn access_token(
    app: &App,
    person: PersonId,
    session: SessionId,
    tenant: Option<TenantId>,
) -> Result<String, Problem> {
    let now = app.clock.now().as_second();
    let claims = Claims {
        iss: app.config.public_url.clone(),
        aud: AUDIENCE.to_owned(),
        sub: person.0,
        exp: now + LIFETIME_S,
        nbf: now,
        iat: now,
        tenant,
        bearer: Bearer::Person { session },
    };
    signed(app, &claims)
}

/// Renew a session
///
/// The refresh token is used up by it, and the answer has the next. Whoever lost the answer may
/// ask again for 30 seconds. A token that comes back later was stolen, or its thief is the one who
/// used it: the session ends for both.
#[utoipa::path(
    post, path = "/v1/sessions/refresh", tag = "account",
    request_body = RefreshIn,
    responses(
        (status = 200, description = "The next tokens", body = SessionTokensOut),
        (status = 401, description = "No token of ours, used up, or of a session that has ended"),
    )
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    Body(shown): Body<RefreshIn>,
) -> Result<impl IntoResponse, Problem> {
    let ended = || wrong("the refresh token is used up, or its session has ended; log in again");
    let claim = sealed::open(&app, Purpose::Refresh, &shown.refresh_token);
    let (id, generation) = claim.map_err(Problem::internal)?.ok_or_else(ended)?;
    let now = app.clock.now();
    // Another call may renew it at the same moment: then it is looked at once more.
    for _ in 0..2 {
        let standing = sessions::standing(&app.db, Shown::Id(SessionId(id)), None).await?;
        let standing = standing
            .filter(|it| it.kind == SessionKind::Client)
            .filter(|it| !it.kind.is_over(it.created_at, it.renewed_at, now))
            .ok_or_else(ended)?;
        let (person, session) = (standing.person, standing.session);
        let tenant = standing.membership.as_ref().map(|(_, tenant)| tenant.id);
        match Renewal::of(generation, standing.generation, standing.renewed_at, now) {
            Renewal::Next => match sessions::renew(&app.db, &standing, now).await {
                Ok(()) => {
                    let out = tokens(&app, (person, session, generation + 1), tenant)?;
                    return Ok((NOT_KEPT, Json(out)));
                }
                Err(error) if error.refusal().is_some() => {}
                Err(error) => return Err(error.into()),
            },
            Renewal::Again => {
                let out = tokens(&app, (person, session, standing.generation), tenant)?;
                return Ok((NOT_KEPT, Json(out)));
            }
            Renewal::Reused => {
                sessions::end(&app.db, person, Some(session), (Ended::Reused, now)).await?;
                return Err(ended());
            }
            Renewal::Forged => return Err(ended()),
        }
    }
    Err(ended())
}

/// Choose the tenant of this session
///
/// A client gets an access token for it; those that it has stay in theirs.
#[utoipa::path(
    post, path = "/v1/sessions/tenant", tag = "account",
    request_body = ChosenTenantIn,
    responses(
        (status = 200, description = "Chosen", body = SessionTokensOut),
        (status = 404, description = "You belong to no such tenant"),
    )
)]
pub(crate) async fn choose_tenant(
    State(app): State<App>,
    person: Person,
    Body(wanted): Body<ChosenTenantIn>,
) -> Result<impl IntoResponse, Problem> {
    let tenant = TenantId(wanted.tenant);
    if !sessions::choose(&app.db, person.id, person.session, tenant).await? {
        return Err(Problem::not_found("tenant of that id that you belong to"));
    }
    Ok((NOT_KEPT, Json(in_tenant(&app, &person, tenant)?)))
}

/// What a session says once it is in another tenant.
pub(crate) fn in_tenant(
    app: &App,
    person: &Person,
    tenant: TenantId,
) -> Result<SessionTokensOut, Problem> {
    let is_client = person.kind == SessionKind::Client;
    let token = || access_token(app, person.id, person.session, Some(tenant));
    Ok(SessionTokensOut {
        session: person.session.0,
        tenant: Some(tenant.0),
        access_token: is_client.then(token).transpose()?,
        token_type: is_client.then_some("Bearer"),
        expires_in_s: is_client.then_some(LIFETIME_S),
        ..SessionTokensOut::default()
    })
}

/// List where you are logged in
#[utoipa::path(
    get, path = "/v1/sessions", operation_id = "list_sessions", tag = "account",
    responses((status = 200, description = "Sessions, the newest first", body = SessionsOut))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
) -> Result<Json<SessionsOut>, Problem> {
    let now = app.clock.now();
    let found = sessions::list(&app.db, person.id).await?;
    let sessions = found
        .into_iter()
        .filter(|it| !it.kind.is_over(it.created_at, it.renewed_at, now))
        .map(|it| SessionOut::of(it, person.session))
        .collect();
    Ok(Json(SessionsOut { sessions }))
}

/// Log out
///
/// Of the session of this call (`current`), or of another.
#[utoipa::path(
    delete, path = "/v1/sessions/{session}", tag = "account",
    params(("session" = String, Path, description = "Its id, or `current`")),
    responses(
        (status = 204, description = "Its tokens are refused from now on"),
        (status = 404, description = "You have no such session"),
    )
)]
pub(crate) async fn log_out(
    State(app): State<App>,
    person: Person,
    Path(named): Path<String>,
) -> Result<Response, Problem> {
    let absent = || Problem::not_found("session of that id");
    let session = match named.as_str() {
        "current" => person.session,
        id => SessionId(id.parse().map_err(|_no_id| absent())?),
    };
    let ended = (Ended::LoggedOut, app.clock.now());
    match sessions::end(&app.db, person.id, Some(session), ended).await? {
        0 => Err(absent()),
        _ => Ok(left(session == person.session)),
    }
}

/// Log out everywhere
#[utoipa::path(
    delete, path = "/v1/sessions", tag = "account",
    responses((status = 204, description = "Every session has ended, this one among them"))
)]
pub(crate) async fn log_out_everywhere(
    State(app): State<App>,
    person: Person,
) -> Result<Response, Problem> {
    sessions::end(&app.db, person.id, None, (Ended::LoggedOut, app.clock.now())).await?;
    Ok(left(true))
}

/// Nothing to say; a browser forgets the session of the call.
pub(crate) fn left(this_one: bool) -> Response {
    let cookie = [(header::SET_COOKIE, forgotten())];
    match this_one {
        true => (StatusCode::NO_CONTENT, cookie).into_response(),
        false => StatusCode::NO_CONTENT.into_response(),
    }
}

pub(crate) fn wrong(detail: &str) -> Problem {
    Problem::new(ProblemCode::Unauthenticated, detail)
}
