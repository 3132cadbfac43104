//! Every function in one process, on a Postgres of its own: the newcomer's first command, the
//! test bed and the self-host mode.

/// What functions may touch, put together for one process.
pub mod apps;
/// The folder of a checkout, for one process at a time.
pub mod folder;
/// The system on one screen.
pub mod functions;
/// Requests, queues and schedules, served by this process.
pub mod host;
/// Keys that a self-hosted Takings makes for itself.
pub mod keys;
/// Large bodies in a folder, behind signed addresses.
pub mod objects;
/// A Postgres server: found, or made.
pub mod postgres;
/// Counters for Prometheus.
pub mod prometheus;
