/// Marks a place at which the process may die. In debug builds, the process named by
/// [`arm`] kills itself there, as `kill -9` would; in release builds this is nothing.
#[inline]
pub fn reached(step: &'static str) {
    #[cfg(debug_assertions)]
    armed::reached(step);
    #[cfg(not(debug_assertions))]
    let _ = step;
}

/// Every step, so that a test can visit them all.
pub const ALL: [&str; 33] = [
    "ingest.checked",
    "ingest.committed",
    "import.started",
    "import.chunk_written",
    "import.chunk_committed",
    "import.done",
    "report.claimed",
    "report.rendered",
    "report.handed_over",
    "report.accepted",
    "report.marked",
    "checkout.decided",
    "checkout.opened",
    "checkout.started",
    "checkout.answered",
    "settle.taken",
    "settle.committed",
    "settle.relayed",
    "relay.taken",
    "relay.sent",
    "order.announced",
    "order.committed",
    "order.driven",
    "provider.asked",
    "provider.heard",
    "sweep.relayed",
    "sweep.called",
    "carrier.heard",
    "carrier.committed",
    "mail.claimed",
    "mail.handed_over",
    "mail.accepted",
    "mail.marked",
];

#[cfg(debug_assertions)]
pub use armed::arm;

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static ARMED: OnceLock<(String, AtomicU32)> = OnceLock::new();

    /// Lets the process die at this step, on its `nth` visit, counted from 1.
    pub fn arm(step: &str, nth: u32) {
        let _ = ARMED.set((step.to_owned(), AtomicU32::new(nth)));
    }

    pub(super) fn reached(step: &str) {
        if let Some((armed, left)) = ARMED.get()
            && armed == step
            && left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            std::process::abort();
        }
    }
}
