use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::access::{self, Needs, Scope};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CACHE_CONTROL, ORIGIN, VARY,
};
use http::{HeaderValue, Method, StatusCode};
use utoipa::openapi::OpenApi;

use crate::{ProblemCode, extract};

/// What a browser may send beside what it always may.
const SENT: &str = "authorization, cart-token, content-type, idempotency-key, if-match, \
                    if-none-match, x-request-id";
/// What a page may read beside what it always may.
const SHOWN: &str = "etag, retry-after, x-request-id";
/// How long a browser need not ask again: two hours, the most that any of them keeps to.
const ASKED_AGAIN_S: u64 = 7_200;

/// The methods that pages of other origins may call, by path: those that ask for no more than a
/// browser's key may do.
pub struct Browsers(BTreeMap<String, Vec<&'static str>>);

impl Browsers {
    /// Which these are among the paths of a document.
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        let held = |method: &&str, path: &str| match access::needs(method, path) {
            Some(Needs::Of(scope)) => Scope::OF_BROWSERS.contains(&scope),
            _ => false,
        };
        let mut paths = BTreeMap::new();
        for path in document.paths.paths.keys() {
            let methods: Vec<_> = access::methods(path).filter(|it| held(it, path)).collect();
            if !methods.is_empty() {
                paths.insert(path.clone(), methods);
            }
        }
        Self(paths)
    }

    /// The paths that browsers may call.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Tells browsers what pages of other origins may do and read. What they ask beforehand comes
/// without a key, so it is granted to every origin; the call itself is refused where the key is
/// for others, and then the answer does not name the origin either, so no page can read it.
pub(crate) async fn share(
    State(browsers): State<Arc<Browsers>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let Some(methods) = path.and_then(|path| browsers.0.get(path.as_str())) else {
        return next.run(request).await;
    };
    let origin = request.headers().get(ORIGIN).cloned();
    let asks = request.method() == Method::OPTIONS
        && extract::header_text(request.headers(), ACCESS_CONTROL_REQUEST_METHOD).is_some();
    if let (Some(origin), true) = (&origin, asks) {
        return granted(origin, methods);
    }
    let called = request.method().as_str();
    if !methods.contains(&called) {
        return next.run(request).await;
    }
    let mut response = next.run(request).await;
    let is_refused = response.extensions().get() == Some(&ProblemCode::OriginNotAllowed);
    let headers = response.headers_mut();
    let is_public = extract::header_text(headers, CACHE_CONTROL)
        .is_some_and(|control| control.contains("public"));
    if origin.is_some() || is_public {
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = origin.filter(|_| !is_refused) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(SHOWN));
    }
    response
}

fn granted(origin: &HeaderValue, methods: &[&str]) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    if let Ok(methods) = HeaderValue::try_from(methods.join(", ")) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(SENT));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(ASKED_AGAIN_S));
    headers.insert(VARY, HeaderValue::from_static("origin"));
    response
}
