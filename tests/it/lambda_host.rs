//! The Lambda host: events in, answers out, and the real loop against a runtime API.

use std::time::Duration;

mod batches;
mod requests;
mod schedules;
mod the_loop;

const MINUTE: Duration = Duration::from_secs(60);
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
