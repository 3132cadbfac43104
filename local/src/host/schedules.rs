use std::time::Duration;

use app::{Clock, Every};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use tokio::sync::watch;

use super::Host;

/// What was due while nobody ran is done soon after the start, but not in its way.
const FIRST: Duration = Duration::from_secs(3);

/// Runs one schedule, one run after the other, until asked to stop.
pub(super) async fn keep(host: Host, position: usize, mut stopped: watch::Receiver<bool>) {
    let (name, app, every, job) = &host.0.schedules[position];
    let mut wait = match every {
        Every::Minutes(_) => FIRST,
        Every::Day { .. } => until_next(*every, Clock::System.now()),
    };
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopped.wait_for(|stopping| *stopping) => return,
        }
        // A failure was logged where it happened; the next run is the next try.
        let _failed = host.run(name, app, job, app.clock.now()).await;
        wait = until_next(*every, Clock::System.now());
    }
}

/// How long until the schedule is due again. Days are those of the machine, also in a demo that
/// lives on another day.
fn until_next(every: Every, now: Timestamp) -> Duration {
    match every {
        Every::Minutes(minutes) => Duration::from_secs(60 * u64::from(minutes)),
        Every::Day { hour, minute } => {
            let at = Time::constant(0, 0, 0, 0)
                .saturating_add(i64::from(hour).hours().minutes(i64::from(minute)));
            let today = now.to_zoned(TimeZone::UTC).date().to_datetime(at);
            let today = today.to_zoned(TimeZone::UTC).map_or(now, |due| due.timestamp());
            let due = if today > now { today } else { today + Duration::from_secs(24 * 3600) };
            due.duration_since(now).unsigned_abs()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use app::Every;

    use super::until_next;

    #[test]
    fn a_daily_schedule_is_due_at_its_next_utc_time() {
        let now = "2026-11-21T04:30:00Z".parse().unwrap();
        let wait = |hour, minute| until_next(Every::Day { hour, minute }, now);
        assert_eq!(wait(4, 31), Duration::from_secs(60));
        assert_eq!(wait(4, 30), Duration::from_secs(24 * 3600));
        assert_eq!(wait(3, 30), Duration::from_secs(23 * 3600));
    }
}
