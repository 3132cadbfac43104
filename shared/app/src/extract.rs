use std::ops::Deref;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::{Json, RequestPartsExt};
use http::header::AsHeaderName;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::{App, Problem, ProblemCode};

/// A JSON body, or a problem that names the field at fault.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
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
        match parts.extract::<Query<T>>().await {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(rejection) => Err(Problem::invalid("query", rejection.body_text())),
        }
    }
}

/// The `Idempotency-Key` header: 1 to 255 printable characters.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub Option<String>);

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

/// A header's value as text, when it is there and is text.
#[must_use]
pub fn header_text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
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
