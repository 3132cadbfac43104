use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tests::connection::Connection;

use crate::table::percentile;

/// Milliseconds.
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Latency {
    pub(crate) fn of(mut latencies: Vec<f64>) -> Self {
        latencies.sort_by(f64::total_cmp);
        Self { p50: percentile(&latencies, 0.5), p99: percentile(&latencies, 0.99) }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = f.precision().unwrap_or(1);
        write!(f, "p50 {:.places$} ms, p99 {:.places$} ms", self.p50, self.p99)
    }
}

/// Calls so often and so many times a second, in an open loop: a late answer delays no other call,
/// as long as a client is free. How long each took since it was due.
pub(crate) async fn at_a_rate<Client>(
    clients: Vec<Client>,
    (count, per_second): (usize, f64),
    call: impl AsyncFn(&mut Client, usize),
) -> Latency {
    let next = AtomicUsize::new(0);
    let started = Instant::now() + Duration::from_millis(100);
    let (next, call) = (&next, &call);
    let clients = clients.into_iter().map(|mut client| async move {
        let mut latencies = Vec::new();
        loop {
            let position = next.fetch_add(1, Ordering::Relaxed);
            if position >= count {
                return latencies;
            }
            let due = started + Duration::from_secs_f64(position as f64 / per_second);
            tokio::time::sleep_until(due.into()).await;
            call(&mut client, position).await;
            latencies.push(due.elapsed().as_secs_f64() * 1e3);
        }
    });
    Latency::of(join_all(clients).await.into_iter().flatten().collect())
}

/// So many connections.
pub(crate) async fn connections(address: SocketAddr, count: usize) -> Vec<Connection> {
    let opened = join_all((0..count).map(|_| Connection::open(address))).await;
    opened.into_iter().map(|connection| connection.expect("it listens")).collect()
}
