use std::convert::Infallible;

use app::Deadline;
use app::attempts::ClientAddress;
use axum::Router;
use axum::response::Response;
use http::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Adapter, Context, LambdaEvent, Request, RequestExt as _};
use serde::Serialize;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::Refused;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const XRAY: &str = "x-amzn-trace-id";

/// Answers one request of an HTTP API (payload version 2) or of a function URL.
///
/// # Errors
/// When the event is no such request.
pub async fn answer(router: &Router, event: Value, deadline: Deadline) -> Result<Value, Refused> {
    let request: LambdaRequest = serde_json::from_value(event).map_err(Refused::Event)?;
    let answer = respond(router, LambdaEvent::new(request, Context::default()), deadline).await;
    serde_json::to_value(answer).map_err(Refused::Answer)
}

/// The same, without the detour through a tree of JSON.
pub(crate) async fn respond(
    router: &Router,
    event: LambdaEvent<LambdaRequest>,
    deadline: Deadline,
) -> impl Serialize + use<> {
    let router = router.clone();
    let service = tower::service_fn(move |mut request: Request| {
        complete(&mut request, deadline);
        let answer = router.clone().oneshot(request);
        async move { answer.await.map(fold_headers) }
    });
    let answer: Result<_, Infallible> = Adapter::from(service).oneshot(event).await;
    let Ok(answer) = answer;
    answer
}

/// What the layers of every HTTP function look for: deadline, request id, trace.
fn complete(request: &mut Request, deadline: Deadline) {
    request.extensions_mut().insert(deadline);
    let (event_id, address) = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            (context.request_id.clone(), context.http.source_ip.as_deref())
        }
        _ => (None, None),
    };
    let address = ClientAddress(address.and_then(|address| address.parse().ok()));
    request.extensions_mut().insert(address);
    let headers = request.headers_mut();
    if let Some(id) = event_id.and_then(|id| HeaderValue::try_from(id).ok()) {
        headers.entry(REQUEST_ID).or_insert(id);
    }
    let xray = headers.get(XRAY).and_then(|value| value.to_str().ok()).and_then(traceparent);
    if let Some(trace) = xray.and_then(|trace| HeaderValue::try_from(trace).ok()) {
        headers.entry(TRACEPARENT).or_insert(trace);
    }
}

/// `Root=1-{8 hex}-{24 hex};Parent={16 hex};Sampled=1`, as W3C trace context writes it.
fn traceparent(xray: &str) -> Option<String> {
    let field = |name| xray.split(';').find_map(|part| part.trim().strip_prefix(name));
    let trace_id = field("Root=1-")?.replace('-', "");
    // Before the first segment there is no parent.
    let parent_id = field("Parent=").or_else(|| trace_id.get(16..))?;
    let flags = if field("Sampled=") == Some("0") { "00" } else { "01" };
    Some(format!("00-{trace_id}-{parent_id}-{flags}"))
}

/// An answer has one value for each header (and a list of cookies): the conversion that follows
/// would keep the first value and drop the others.
fn fold_headers(mut response: Response) -> Response {
    let headers = response.headers();
    if headers.len() == headers.keys_len() {
        return response;
    }
    let mut folded = HeaderMap::with_capacity(headers.keys_len());
    for name in headers.keys() {
        let values = || headers.get_all(name).iter();
        let joined = values().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b", "[..]);
        match HeaderValue::from_bytes(&joined) {
            Ok(joined) if *name != SET_COOKIE => {
                folded.insert(name, joined);
            }
            _ => folded.extend(values().map(|value| (name.clone(), value.clone()))),
        }
    }
    *response.headers_mut() = folded;
    response
}
