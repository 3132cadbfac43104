use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use store::meter::Meter;
use tracing::{Instrument as _, Span};

use crate::trace::{TraceParent, chain, request_id};
use crate::{App, Consumer, Deadline, Delivery, Failure, Job, Tick};

/// What the host does with a message that was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Acknowledge it.
    Done,
    /// Deliver it again.
    Retry,
    /// Deliver it again when this has passed.
    Later(Duration),
    /// Put it with the dead letters, then acknowledge it.
    Discard,
}

/// A message as its host received it.
#[derive(Debug)]
pub struct Message<'a> {
    /// The same on every delivery.
    pub id: &'a str,
    /// The W3C `traceparent` it was sent with.
    pub trace: Option<&'a str>,
    /// What the consumer sees of it.
    pub delivery: Delivery,
}

/// Hands one message to its consumer, whoever hosts it. A panic or a passed deadline is a
/// failure of this message alone. Writes one wide log line.
pub async fn deliver(
    name: &'static str,
    app: &App,
    consumer: &Consumer,
    message: Message<'_>,
) -> Outcome {
    let Message { id, trace, delivery } = message;
    let trace = TraceParent::follow(trace);
    let deadline = delivery.deadline;
    let span = tracing::info_span!(
        "invocation",
        function = name,
        tenant = tracing::field::Empty,
        request_id = request_id(),
        message_id = id,
        attempt = delivery.attempt,
        trace_id = format!("{:032x}", trace.trace_id),
    );
    // Inside the block, a panic while the consumer makes its future is caught too.
    let work = async { consumer(app.clone(), delivery).await };
    match guarded(work, deadline, trace, span).await {
        Ok(()) => Outcome::Done,
        Err(Failure::Retry(_)) => Outcome::Retry,
        Err(Failure::Later { after, .. }) => Outcome::Later(after),
        Err(Failure::Discard(_)) => Outcome::Discard,
    }
}

/// Does one piece of scheduled work, or a command, whoever hosts it. Writes one wide log line.
///
/// # Errors
/// What the job answers; [`Failure::Retry`] after a panic or a passed deadline.
pub async fn tick(name: &'static str, app: &App, job: &Job, tick: Tick) -> Result<(), Failure> {
    let trace = TraceParent::begin();
    let span = tracing::info_span!(
        "invocation",
        function = name,
        tenant = tracing::field::Empty,
        request_id = request_id(),
        planned_at = %tick.planned_at,
        trace_id = format!("{:032x}", trace.trace_id),
    );
    guarded(async { job(app.clone(), tick).await }, tick.deadline, trace, span).await
}

/// What a panic said.
pub(crate) fn panic_words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
}

/// Work that did not answer.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("the deadline passed")]
    Deadline,
    #[error("panic: {0}")]
    Panic(String),
}

async fn guarded(
    work: impl Future<Output = Result<(), Failure>>,
    deadline: Deadline,
    trace: TraceParent,
    span: Span,
) -> Result<(), Failure> {
    let meter = Meter::default();
    let started = Instant::now();
    let caught = AssertUnwindSafe(tokio::time::timeout(deadline.remaining(), work)).catch_unwind();
    let answer = match meter.measure(trace.scope(caught)).instrument(span.clone()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_elapsed)) => Err(Failure::retry(Interrupted::Deadline)),
        Err(panic) => Err(Failure::retry(Interrupted::Panic(panic_words(&*panic).to_owned()))),
    };
    let latency_ms = started.elapsed().as_secs_f64() * 1e3;
    let (db_ms, db_round_trips) = (meter.millis(), meter.round_trips());
    span.in_scope(|| match &answer {
        Ok(()) => {
            tracing::info!(outcome = "done", latency_ms, db_ms, db_round_trips, "handled");
        }
        Err(failure) => {
            let outcome = match failure {
                Failure::Retry(_) | Failure::Later { .. } => "retry",
                Failure::Discard(_) => "discard",
            };
            let error = chain(failure);
            tracing::error!(outcome, error, latency_ms, db_ms, db_round_trips, "failed");
        }
    });
    answer
}
