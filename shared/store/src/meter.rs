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
    /// Runs the invocation under this meter. What it spends is also spent by whatever is measured
    /// around it.
    pub async fn measure<F: Future>(&self, invocation: F) -> F::Output {
        let around = CURRENT.try_with(Self::clone).ok();
        let before = self.spent();
        let output = CURRENT.scope(self.clone(), invocation).await;
        if let Some(around) = around {
            let (micros, round_trips) = self.spent();
            around.0.micros.fetch_add(micros - before.0, Ordering::Relaxed);
            around.0.round_trips.fetch_add(round_trips - before.1, Ordering::Relaxed);
        }
        output
    }

    fn spent(&self) -> (u64, u64) {
        let Spent { micros, round_trips } = &*self.0;
        (micros.load(Ordering::Relaxed), round_trips.load(Ordering::Relaxed))
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
