use app::caller::Caller;
use app::extract::Body;
use app::token::{AUDIENCE, Bearer, Claims, Keys, LIFETIME_S};
use app::{App, Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header;

use crate::wire::{TokenIn, TokenOut};

/// Exchange an API key for an access token
///
/// The token lives for 15 minutes and may do no more than the key: for browsers and other
/// places where a key should not be.
#[utoipa::path(
    post, path = "/v1/tokens", tag = "access",
    request_body = TokenIn,
    responses(
        (status = 200, description = "An access token", body = TokenOut),
        (status = 403, description = "The caller showed a token, or a key for some origins"),
    )
)]
pub(crate) async fn post_token(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<TokenIn>,
) -> Result<impl IntoResponse, Problem> {
    let Some(key) = &caller.key else {
        return Err(Problem::new(
            ProblemCode::Forbidden,
            "a token is given for an API key, not for another token",
        ));
    };
    if !key.origins.is_empty() {
        return Err(Problem::new(
            ProblemCode::Forbidden,
            "a key for some origins is used as it is: a token would be good in all of them",
        ));
    }
    let scopes = key.scopes.iter().filter(|scope| wanted.may(**scope)).copied().collect();
    let now = app.clock.now().as_second();
    let key_ends = key.expires_at.map_or(i64::MAX, |expires_at| expires_at.as_second());
    let exp = key_ends.min(now + LIFETIME_S);
    let claims = Claims {
        iss: app.config.public_url.clone(),
        aud: AUDIENCE.to_owned(),
        sub: key.id.0,
        exp,
        nbf: now,
        iat: now,
        tenant: Some(caller.tenant.id),
        bearer: Bearer::Key { scopes },
    };
    let access_token = signed(&app, &claims)?;
    let out = TokenOut { access_token, token_type: "Bearer", expires_in_s: exp - now };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(out)))
}

/// The public keys of access tokens
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "access",
    responses((status = 200, description = "A JWK set", body = serde_json::Value))
)]
pub(crate) async fn get_key_set(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let keys = Keys::parse(&app.config.token_keys).map_err(Problem::internal)?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(keys.jwks())))
}

pub(crate) fn signed(app: &App, claims: &Claims) -> Result<String, Problem> {
    let keys = Keys::parse(&app.config.token_keys).map_err(Problem::internal)?;
    keys.sign(claims).map_err(Problem::unavailable)
}
