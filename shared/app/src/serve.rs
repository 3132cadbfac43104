use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use domain::access::{self, Needs};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use store::meter::Meter;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use utoipa_axum::router::OpenApiRouter;

use crate::browsers::{self, Browsers};
use crate::invoke::panic_words;
use crate::trace::{TraceParent, request_id};
use crate::{App, Deadline, Problem, ProblemCode, caller, extract};

/// No body is larger than what a Lambda function can be sent.
const BODY_BYTES: usize = 6 << 20;
/// How long a request may take where the host sets no deadline.
const DEADLINE: Duration = Duration::from_secs(29);

/// What every answer tells browsers, unless its handler says otherwise: it is what it says it is,
/// loads and runs nothing, stands in no frame, tells nobody where it led from, and is kept nowhere
/// (ASVS v5.0.0-3.4, 14.3.2).
pub const GUARDS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
/// For two years, whoever came over TLS comes over TLS.
const ALWAYS_TLS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");

#[derive(Clone)]
struct Hosted {
    name: &'static str,
    over_tls: bool,
}

/// The routes of an HTTP function as any host serves them: problems for everything that goes
/// wrong, panics included; a deadline; what browsers are told; trace context; one wide log line
/// for each request.
pub fn router(name: &'static str, routes: OpenApiRouter<App>, app: App) -> Router {
    let (routes, document) = routes.split_for_parts();
    let browsers = Arc::new(Browsers::of(&document));
    let over_tls = app.config.public_url.starts_with("https://");
    routes
        .with_state(app.clone())
        .layer(middleware::from_fn_with_state(app, admit))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(browsers, browsers::share))
        .layer(middleware::from_fn_with_state(Hosted { name, over_tls }, invocation))
}

/// Answers a path that no function serves.
pub async fn no_such_path() -> Problem {
    Problem::new(ProblemCode::NotFound, "no function serves this path")
}

/// Serves what the table of routes knows, to whom it says. What it does not know is not served,
/// whatever handlers there are.
async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    let Some(needs) = access::needs(request.method().as_str(), path.as_str()) else {
        return method_not_allowed(path.as_str());
    };
    let (mut parts, body) = request.into_parts();
    match show(needs, &mut parts, &app).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => problem.into_response(),
    }
}

/// Checks what a call must show, and leaves who it is for its handler.
async fn show(needs: Needs, parts: &mut Parts, app: &App) -> Result<(), Problem> {
    if needs == Needs::Nothing {
        return Ok(());
    }
    let identified = caller::identify(parts, app).await?;
    if needs == Needs::Person {
        parts.extensions.insert(identified.person()?);
        return Ok(());
    }
    let caller = identified.caller()?;
    tracing::Span::current().record("tenant", caller.tenant.number.0);
    if let Needs::Of(scope) = needs {
        caller.require(scope)?;
    }
    parts.extensions.insert(caller);
    Ok(())
}

fn method_not_allowed(path: &str) -> Response {
    let allowed = access::methods(path).collect::<Vec<_>>().join(", ");
    let told = "the path is right, but not for this method";
    Problem::new(ProblemCode::MethodNotAllowed, told)
        .with_headers(|headers| {
            headers.extend(HeaderValue::try_from(allowed).map(|allowed| (header::ALLOW, allowed)));
        })
        .into_response()
}

fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    Problem::internal(format!("panic: {}", panic_words(&*panic))).into_response()
}

fn outcome(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..400 => "done",
        400..500 => "refused",
        _ => "failed",
    }
}

async fn invocation(State(hosted): State<Hosted>, request: Request, next: Next) -> Response {
    let trace = TraceParent::follow(extract::header_text(request.headers(), "traceparent"));
    let request_id = extract::header_text(request.headers(), "x-request-id")
        .filter(|id| id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_graphic()))
        .map_or_else(request_id, str::to_owned);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(String::new, |path| path.as_str().to_owned());
    let deadline =
        request.extensions().get::<Deadline>().copied().unwrap_or(Deadline::within(DEADLINE));
    let span = tracing::info_span!(
        "invocation",
        function = hosted.name,
        tenant = tracing::field::Empty,
        request_id,
        trace_id = format!("{:032x}", trace.trace_id),
    );
    let method = request.method().clone();
    let meter = Meter::default();
    let started = Instant::now();
    let mut request = request;
    request.extensions_mut().insert(trace);
    let answer = async {
        match tokio::time::timeout(deadline.remaining(), next.run(request)).await {
            Ok(response) => response,
            Err(_elapsed) => Problem::new(
                ProblemCode::Deadline,
                "the call took too long and was given up; ask for less, or try again",
            )
            .caused_by("the deadline of its host passed")
            .into_response(),
        }
    };
    let mut response = meter.measure(trace.scope(answer)).instrument(span.clone()).await;
    let latency_ms = started.elapsed().as_secs_f64() * 1e3;
    span.in_scope(|| {
        tracing::info!(
            %method,
            route,
            outcome = outcome(response.status()),
            status = response.status().as_u16(),
            latency_ms,
            db_ms = meter.millis(),
            db_round_trips = meter.round_trips(),
            "served"
        );
    });
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert("x-request-id", value);
    }
    guard(headers, hosted.over_tls);
    response
}

fn guard(headers: &mut HeaderMap, over_tls: bool) {
    for (name, value) in GUARDS {
        headers.entry(name).or_insert(value);
    }
    if over_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ALWAYS_TLS);
    }
}
