use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Time spent waiting for Postgres, summed over the tasks of one invocation.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Spent>);

#[derive(Debug, Default)]
struct Spent {
    micros: AtomicU64,
    round_trips: AtomicU64,
}

tokio::task_local! {
    static CURRENT: Meter;
}

impl Meter {
    /// Runs the invocation under this meter.
    pub async fn measure<F: Future>(&self, invocation: F) -> F::Output {
        CURRENT.scope(self.clone(), invocation).await
    }

    /// Milliseconds so far.
    #[must_use]
    pub fn millis(&self) -> f64 {
        Duration::from_micros(self.0.micros.load(Ordering::Relaxed)).as_secs_f64() * 1e3
    }

    /// Round trips so far.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.0.round_trips.load(Ordering::Relaxed)
    }
}

pub(crate) fn record(spent: Duration) {
    let micros = u64::try_from(spent.as_micros()).unwrap_or(u64::MAX);
    let _outside_an_invocation = CURRENT.try_with(|meter| {
        meter.0.micros.fetch_add(micros, Ordering::Relaxed);
        meter.0.round_trips.fetch_add(1, Ordering::Relaxed);
    });
}
