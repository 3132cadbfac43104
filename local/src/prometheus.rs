//! What this process did, for Prometheus to read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use app::invoke::Outcome;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use store::jobs::Depth;

/// Counters since the process started.
#[derive(Default)]
pub struct Counts(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    requests: BTreeMap<(&'static str, u16), u64>,
    latencies: BTreeMap<&'static str, Latency>,
    messages: BTreeMap<(&'static str, &'static str), u64>,
    ticks: BTreeMap<(&'static str, &'static str), u64>,
}

#[derive(Default)]
struct Latency {
    /// Calls that took no longer than each of [`LIMITS_MS`].
    within: [u64; LIMITS_MS.len()],
    calls: u64,
    seconds: f64,
}

const LIMITS_MS: [u32; 11] = [1, 2, 5, 10, 20, 50, 100, 250, 1_000, 5_000, 30_000];

/// Counts the requests of one function.
pub(crate) async fn count(
    State((function, counts)): State<(&'static str, Arc<Counts>)>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let response = next.run(request).await;
    let elapsed = started.elapsed();
    counts.locked(|counted| {
        let class = response.status().as_u16() / 100;
        *counted.requests.entry((function, class)).or_default() += 1;
        counted.latencies.entry(function).or_default().add(elapsed);
    });
    response
}

impl Counts {
    pub(crate) fn message(&self, function: &'static str, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Done => "done",
            Outcome::Retry | Outcome::Later(_) => "retry",
            Outcome::Discard => "discard",
        };
        self.locked(|counted| *counted.messages.entry((function, outcome)).or_default() += 1);
    }

    pub(crate) fn tick(&self, function: &'static str, done: bool) {
        let outcome = if done { "done" } else { "failed" };
        self.locked(|counted| *counted.ticks.entry((function, outcome)).or_default() += 1);
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn exposition(&self, queues: &[Depth]) -> String {
        let mut page = Page::default();
        self.locked(|counted| {
            page.open("takings_requests_total", "counter", "Requests by function and status.");
            for ((function, class), count) in &counted.requests {
                page.line("", &[("function", function), ("status", &format!("{class}xx"))], count);
            }
            page.open("takings_request_seconds", "histogram", "Latency of requests.");
            for (function, latency) in &counted.latencies {
                latency.write(&mut page, function);
            }
            page.open("takings_messages_total", "counter", "Deliveries by function and outcome.");
            for ((function, outcome), count) in &counted.messages {
                page.line("", &[("function", function), ("outcome", outcome)], count);
            }
            page.open("takings_ticks_total", "counter", "Runs of schedules by outcome.");
            for ((function, outcome), count) in &counted.ticks {
                page.line("", &[("function", function), ("outcome", outcome)], count);
            }
        });
        page.open("takings_queue_messages", "gauge", "Messages that wait or are being handled.");
        for depth in queues {
            page.line("", &[("queue", &depth.queue)], depth.waiting);
        }
        page.open("takings_queue_dead_letters", "gauge", "Messages that were given up.");
        for depth in queues {
            page.line("", &[("queue", &depth.queue)], depth.dead);
        }
        page.text
    }

    fn locked<T>(&self, change: impl FnOnce(&mut Counted) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Latency {
    fn add(&mut self, elapsed: Duration) {
        self.calls += 1;
        self.seconds += elapsed.as_secs_f64();
        for (limit_ms, within) in LIMITS_MS.iter().zip(&mut self.within) {
            *within += u64::from(elapsed <= Duration::from_millis(u64::from(*limit_ms)));
        }
    }

    fn write(&self, page: &mut Page, function: &str) {
        for (limit_ms, within) in LIMITS_MS.iter().zip(self.within) {
            let limit = (f64::from(*limit_ms) / 1e3).to_string();
            page.line("_bucket", &[("function", function), ("le", &limit)], within);
        }
        page.line("_bucket", &[("function", function), ("le", "+Inf")], self.calls);
        page.line("_sum", &[("function", function)], self.seconds);
        page.line("_count", &[("function", function)], self.calls);
    }
}

#[derive(Default)]
struct Page {
    text: String,
    metric: &'static str,
}

impl Page {
    fn open(&mut self, metric: &'static str, kind: &str, help: &str) {
        self.metric = metric;
        let _ = write!(self.text, "# HELP {metric} {help}\n# TYPE {metric} {kind}\n");
    }

    /// Names of functions, queues and outcomes are plain words: nothing to escape.
    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let _ = writeln!(self.text, "{}{suffix}{{{}}} {value}", self.metric, labels.join(","));
    }
}
