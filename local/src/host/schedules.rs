use std::time::Duration;

use app::port::KeyValue;
use app::{Clock, Every};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use tokio::sync::watch;

use super::Host;

/// What was due while nobody ran is done soon after the start, but not in its way.
const FIRST: Duration = Duration::from_secs(3);

/// Less than a day, or a machine that starts a little earlier each morning would skip every other.
const LATELY: Duration = Duration::from_secs(20 * 3600);

/// Runs one schedule, one run after the other, until asked to stop.
pub(super) async fn keep(host: Host, position: usize, mut stopped: watch::Receiver<bool>) {
    let (name, app, every, job) = &host.0.schedules[position];
    // The record is the host's, whatever the function may touch.
    let records = &host.0.apps.of(None).key_value;
    let record = format!("ran:{name}");
    let mut wait = match every {
        Every::Day { .. } if ran_lately(&**records, &record).await => {
            until_next(*every, Clock::System.now())
        }
        _ => FIRST,
    };
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopped.wait_for(|stopping| *stopping) => return,
        }
        // A failure was logged where it happened; the next run is the next try.
        let ran = host.run(name, app, job, app.clock.now()).await;
        let expires_at = Some(app.clock.after(LATELY));
        if ran.is_ok()
            && matches!(every, Every::Day { .. })
            && let Err(error) = records.put(&record, "", expires_at).await
        {
            tracing::warn!(error = app::trace::chain(&error), "it will run again after a start");
        }
        wait = until_next(*every, Clock::System.now());
    }
}

/// Whether a daily schedule ran lately, in this process or an earlier one. A machine may be off
/// at night.
async fn ran_lately(records: &dyn KeyValue, record: &str) -> bool {
    matches!(records.get(record).await, Ok(Some(_)))
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
