//! Requests and what they are answered.

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// What a request was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// All of them.
    pub headers: HeaderMap,
    /// As it came.
    pub body: Bytes,
    /// The body, or null when it is no JSON.
    pub json: Value,
}

impl Answer {
    /// A header's text; empty when it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        app::extract::header_text(&self.headers, name).unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// This answer, when it has the status.
    ///
    /// # Panics
    /// Panics with the body when it has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A request with a credential; none when the key is empty.
///
/// # Panics
/// Panics when path or key cannot stand in a request.
pub fn request(method: Method, path: &str, key: &str) -> http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    if key.is_empty() {
        return request;
    }
    request.header(header::AUTHORIZATION, format!("Bearer {key}"))
}

/// Sends a request through a router, without a network between.
///
/// # Panics
/// Panics when the body of the answer breaks off.
pub async fn send(router: Router, request: Request<Body>) -> Answer {
    let Ok(response) = router.oneshot(request).await;
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("the answer is complete").to_bytes();
    let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Answer { status: head.status.as_u16(), headers: head.headers, body, json }
}
