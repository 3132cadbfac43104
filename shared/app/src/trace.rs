use std::error::Error;
use std::fmt::Write;
use std::io::{self, IsTerminal as _};

pub use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, for machines.
    Json,
    /// For people at a terminal.
    Text,
}

/// Starts logging from `level` up, or as `RUST_LOG` says: `debug`, or `info,store=debug` by crate.
/// A second call does nothing.
pub fn init(format: Format, level: Level) {
    let wanted = crate::config::read("RUST_LOG");
    let targets = wanted.as_deref().and_then(|wanted| wanted.parse::<Targets>().ok());
    let unreadable = wanted.is_some() && targets.is_none();
    let targets = targets.unwrap_or_else(|| Targets::new().with_default(level));
    let (registry, lines) = (registry().with(targets), fmt::layer().with_target(false));
    let _already_set = match format {
        Format::Json => {
            registry.with(lines.json().flatten_event(true).with_span_list(false)).try_init()
        }
        Format::Text => {
            let colors = io::stderr().is_terminal();
            registry.with(lines.with_writer(io::stderr).with_ansi(colors)).try_init()
        }
    };
    if unreadable {
        tracing::warn!("RUST_LOG is not of the form `info,store=debug` and is not followed");
    }
}

/// An error and its causes, in one line.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(line, ": {error}");
        cause = error.source();
    }
    line
}

tokio::task_local! {
    static CURRENT: TraceParent;
    static REQUEST_ID: String;
}

/// Does what a host was invoked for, under the id by which the host's own log knows it.
pub async fn invoked<F: Future>(request_id: String, invocation: F) -> F::Output {
    REQUEST_ID.scope(request_id, invocation).await
}

/// The id of the invocation that asks: of our own making where the host has none.
pub(crate) fn request_id() -> String {
    REQUEST_ID.try_with(String::clone).unwrap_or_else(|_none| uuid::Uuid::now_v7().to_string())
}

/// The identity of a trace, as W3C trace context writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// Of the whole trace.
    pub trace_id: u128,
    /// Of whoever called.
    pub parent_id: u64,
    /// Whether it is recorded.
    pub sampled: bool,
}

impl TraceParent {
    /// Reads `00-{trace id}-{parent id}-{flags}`; anything else is no trace.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, parent, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if version != "00" || !hex(trace, 32) || !hex(parent, 16) || !hex(flags, 2) {
            return None;
        }
        let trace_id = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        let parent_id = u64::from_str_radix(parent, 16).ok().filter(|id| *id != 0)?;
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        Some(Self { trace_id, parent_id, sampled })
    }

    /// A trace that begins here.
    #[must_use]
    pub fn begin() -> Self {
        let entropy = uuid::Uuid::now_v7().as_u128();
        Self { trace_id: entropy, parent_id: (entropy as u64) | 1, sampled: true }
    }

    /// This trace, with us as the parent of what follows.
    #[must_use]
    pub fn child(self) -> Self {
        Self { parent_id: (uuid::Uuid::now_v7().as_u128() as u64) | 1, ..self }
    }

    /// The next step of the trace that a header or a message came with, or a new trace.
    #[must_use]
    pub fn follow(header: Option<&str>) -> Self {
        header.and_then(Self::parse).map_or_else(Self::begin, Self::child)
    }

    /// The trace of the invocation that asks: for what it sends.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|trace| *trace).ok()
    }

    /// Runs an invocation in this trace.
    pub async fn scope<F: Future>(self, invocation: F) -> F::Output {
        CURRENT.scope(self, invocation).await
    }

    /// As W3C trace context writes it.
    #[must_use]
    pub fn header(&self) -> String {
        let flags = u8::from(self.sampled);
        format!("00-{:032x}-{:016x}-{flags:02x}", self.trace_id, self.parent_id)
    }
}

#[cfg(test)]
mod tests {
    use super::TraceParent;

    #[test]
    fn a_trace_parent_is_read_and_written_and_nonsense_is_none() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(TraceParent::parse(header).unwrap().header(), header);
        for nonsense in ["", "00", "00-0-0-0", &header.replace('4', "g"), &header[..50]] {
            assert_eq!(TraceParent::parse(nonsense), None, "{nonsense}");
        }
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        assert_eq!(TraceParent::parse(zero), None);
    }
}
