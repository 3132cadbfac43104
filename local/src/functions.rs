//! The system on one screen.

use app::Function;

/// Every function.
#[must_use]
pub fn all() -> Vec<Function> {
    vec![
        account::function(),
        ingest::function(),
        ingest_drain::function(),
        keeper::function(),
        metrics::function(),
        migrate::function(),
        query::function(),
        sweeper::function(),
    ]
}
