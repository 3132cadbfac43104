use std::ops::Deref;

use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::{Json, RequestPartsExt};
use http::header::AsHeaderName;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::{App, Problem, ProblemCode};

/// A JSON body, or a problem that names the field at fault.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// What the path names, or a problem that says what is wrong with it.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// A body as it came, or a problem that says why it was not taken.
#[derive(Debug)]
pub struct Raw(pub Bytes);

impl<T: DeserializeOwned + Send + 'static> FromRequestParts<App> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        without_zero("path", parts.uri.path())?;
        match parts.extract::<axum::extract::Path<T>>().await {
            Ok(axum::extract::Path(named)) => Ok(Self(named)),
            Err(rejection) => Err(Problem::invalid("path", rejection.body_text())),
        }
    }
}

impl FromRequest<App> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        match Bytes::from_request(request, app).await {
            Ok(body) => Ok(Self(body)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::new(ProblemCode::TooLarge, rejection.body_text()))
            }
            Err(rejection) => Err(Problem::new(ProblemCode::Malformed, rejection.body_text())),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let Raw(body) = Raw::from_request(Request::from_parts(parts.clone(), body), app).await?;
        if body.windows(ZERO_IN_JSON.len()).any(|text| text == ZERO_IN_JSON) {
            return Err(zero("body"));
        }
        let request = Request::from_parts(parts, axum::body::Body::from(body));
        match Json::<T>::from_request(request, app).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(body_problem(&rejection)),
        }
    }
}

/// Query parameters, or a problem that says which is at fault.
#[derive(Debug)]
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned + Send + 'static> FromRequestParts<App> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        without_zero("query", parts.uri.query().unwrap_or_default())?;
        match parts.extract::<Query<T>>().await {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(rejection) => Err(Problem::invalid("query", rejection.body_text())),
        }
    }
}

/// The `Idempotency-Key` header: 1 to 255 printable characters.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub Option<String>);

impl IdempotencyKey {
    /// The key of a call that must have one.
    ///
    /// # Errors
    /// When it is not sent.
    pub fn required(self) -> Result<String, Problem> {
        self.0.ok_or_else(|| {
            let told = "send one for each call that is meant to count once; a UUID is a good one";
            Problem::invalid("Idempotency-Key", told)
        })
    }
}

impl Deref for IdempotencyKey {
    type Target = Option<String>;

    fn deref(&self) -> &Option<String> {
        &self.0
    }
}

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        match value.to_str() {
            Ok(key) if !key.is_empty() && key.len() <= 255 => Ok(Self(Some(key.to_owned()))),
            _ => Err(Problem::invalid(
                "Idempotency-Key",
                "the key has 1 to 255 printable characters; a UUID is a good one",
            )),
        }
    }
}

/// No text in Postgres holds a zero.
const ZERO_IN_JSON: &[u8] = b"\\u0000";

fn without_zero(place: &str, encoded: &str) -> Result<(), Problem> {
    if encoded.contains("%00") { Err(zero(place)) } else { Ok(()) }
}

fn zero(place: &str) -> Problem {
    Problem::invalid(place, "it holds the character U+0000; leave that out")
}

/// A header's value as text, when it is there and is text.
#[must_use]
pub fn header_text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The token of a cart's customer.
///
/// # Errors
/// When it is not sent.
pub fn cart_token(headers: &HeaderMap) -> Result<&str, Problem> {
    header_text(headers, "cart-token")
        .ok_or_else(|| Problem::invalid("Cart-Token", "send the token that the cart was made with"))
}

/// The version of a cart on which the caller insists, if any.
///
/// # Errors
/// When it is no version.
pub fn cart_version(headers: &HeaderMap) -> Result<Option<i32>, Problem> {
    let version = |tag: &str| {
        tag.trim_matches('"').parse().map_err(|_no_number| {
            Problem::invalid("If-Match", "send the `version` of the cart, such as \"3\"")
        })
    };
    header_text(headers, header::IF_MATCH).map(version).transpose()
}

fn body_problem(rejection: &JsonRejection) -> Problem {
    let text = rejection.body_text();
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(ProblemCode::TooLarge, text),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(
            ProblemCode::UnsupportedMedia,
            "send the body as JSON, with Content-Type: application/json",
        ),
        StatusCode::UNPROCESSABLE_ENTITY => {
            let rest = text.split_once("target type: ").map_or(text.as_str(), |(_, rest)| rest);
            match rest.split_once(": ") {
                Some((field, fault)) if !field.contains(' ') => Problem::invalid(field, fault),
                _ => Problem::invalid("body", rest),
            }
        }
        _ => Problem::new(ProblemCode::Malformed, text),
    }
}
