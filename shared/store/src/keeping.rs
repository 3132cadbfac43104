use domain::id::TenantNumber;
use domain::message::{Nudge, QueueName, RecommendationMessage};
use domain::recommendation::COUNTED_FOR;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Serialize;
use tokio_postgres::types::Type;

use crate::outbox::nudging;
use crate::statement::fly_routinely;
use crate::{Db, Error, Flight, Parameter};

/// A partition of the head: a week from Monday, 00:00 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// Its first day.
    pub monday: Date,
}

/// How long a refused row waits for repair.
const QUARANTINE_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long a cart that nobody can use any more is kept, so that it is measured before.
const CARTS_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A message comes five times, and not later than some hours apart.
const IMPORT_SILENT: SignedDuration = SignedDuration::from_hours(24);

/// Makes the partitions of this week and the next two.
///
/// # Errors
/// What Postgres answers.
pub async fn prepare_weeks(db: &Db, now: Timestamp) -> Result<(), Error> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let monday = today.saturating_sub(i64::from(today.weekday().to_monday_zero_offset()).days());
    for weeks in 0..3 {
        let monday = monday.saturating_add(weeks.weeks());
        run(db, include_str!("points/ensure_week.sql"), &[(&monday, Type::DATE)]).await?;
    }
    Ok(())
}

/// The weeks that have a partition, the oldest first.
///
/// # Errors
/// What Postgres answers.
pub async fn weeks(db: &Db) -> Result<Vec<Week>, Error> {
    let rows = run(db, include_str!("keeping/partitions.sql"), &[]).await?;
    Ok(rows.iter().map(|row| Week { monday: row.get(1) }).collect())
}

/// Moves the points of a UTC day from the head into blocks, one for each series; points that
/// came late to a packed day join its blocks. Answers whether there were any.
///
/// # Errors
/// What Postgres answers.
pub async fn pack(db: &Db, day: Date) -> Result<bool, Error> {
    let day: [Parameter<'_>; 1] = [(&day, Type::DATE)];
    let found = run(db, include_str!("keeping/has_points.sql"), &day).await?;
    if !found.first().is_some_and(|row| row.get(0)) {
        return Ok(false);
    }
    // Nobody may take points out of a block between our reading and our writing of it.
    db.flight(
        None,
        &[
            Flight { sql: include_str!("keeping/lock_blocks.sql"), parameters: &[] },
            Flight { sql: include_str!("keeping/pack.sql"), parameters: &day },
        ],
    )
    .await?;
    Ok(true)
}

/// Gives the disk space of a week back, if all its points are packed.
///
/// # Errors
/// What Postgres answers.
pub async fn empty(db: &Db, week: &Week) -> Result<bool, Error> {
    let parameters: &[Parameter<'_>] = &[(&week.monday, Type::DATE)];
    let rows = run(db, include_str!("keeping/empty_week.sql"), parameters).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Forgets what is past its horizon: ids of points, receipts, refused rows, expired records,
/// answers to checkouts, carts, what carriers said.
///
/// # Errors
/// What Postgres answers.
pub async fn forget(db: &Db, now: Timestamp) -> Result<(), Error> {
    let ago = |duration: SignedDuration| now.checked_sub(duration).unwrap_or(Timestamp::MIN);
    let horizon = ago(domain::metric::limit::DEDUPE_HORIZON);
    for (sql, before) in [
        (include_str!("keeping/forget_keys.sql"), horizon),
        (include_str!("keeping/forget_batches.sql"), horizon),
        (include_str!("keeping/forget_quarantine.sql"), ago(QUARANTINE_KEPT)),
        (include_str!("key_value/forget_expired.sql"), now),
        (include_str!("keeping/forget_checkouts.sql"), now),
        (include_str!("keeping/forget_carts.sql"), ago(CARTS_KEPT)),
        (include_str!("keeping/forget_parcel_notices.sql"), ago(domain::parcel::KEPT)),
        (include_str!("keeping/forget_sessions.sql"), ago(domain::person::SESSIONS_KEPT)),
        (include_str!("keeping/forget_codes.sql"), ago(domain::person::CODES_KEPT)),
        (include_str!("keeping/forget_invitations.sql"), ago(domain::person::CODES_KEPT)),
        (include_str!("keeping/forget_unverified.sql"), ago(domain::person::UNVERIFIED_KEPT)),
    ] {
        run(db, sql, &[(&before, Type::TIMESTAMPTZ)]).await?;
    }
    run(db, include_str!("jobs/forget_sent.sql"), &[]).await.map(drop)
}

/// Asks for the carts of all shops to be measured that were last touched in a time.
///
/// # Errors
/// What Postgres answers.
pub async fn pass_carts(db: &Db, (from, to): (Timestamp, Timestamp)) -> Result<(), Error> {
    let window: &[Parameter<'_>] = &[(&from, Type::TIMESTAMPTZ), (&to, Type::TIMESTAMPTZ)];
    for row in run(db, include_str!("keeping/with_carts.sql"), window).await? {
        let tenant = TenantNumber(row.get(0));
        post(db, tenant, QueueName::Sales, &Nudge::Carts { tenant, from, to }).await?;
    }
    Ok(())
}

/// Asks for what is bought together to be counted, in all shops with orders that count, or did
/// when they were counted last.
///
/// # Errors
/// What Postgres answers.
pub async fn ask_to_count(db: &Db, now: Timestamp) -> Result<(), Error> {
    let since = now.checked_sub(COUNTED_FOR).unwrap_or(Timestamp::MIN);
    let since: &[Parameter<'_>] = &[(&since, Type::TIMESTAMPTZ)];
    for row in run(db, include_str!("keeping/with_orders.sql"), since).await? {
        let tenant = TenantNumber(row.get(0));
        let count = RecommendationMessage::Count { tenant };
        post(db, tenant, QueueName::Recommendations, &count).await?;
    }
    Ok(())
}

/// Ends imports at which nobody has worked for a day: whoever died over one took the last
/// delivery of its message with it, and its owner waits.
///
/// # Errors
/// What Postgres answers.
pub async fn give_up_imports(db: &Db, now: Timestamp) -> Result<(), Error> {
    let before = now.checked_sub(IMPORT_SILENT).unwrap_or(Timestamp::MIN);
    let parameters: &[Parameter<'_>] = &[
        (&before, Type::TIMESTAMPTZ),
        (&domain::import::GIVEN_UP, Type::TEXT),
        (&now, Type::TIMESTAMPTZ),
    ];
    run(db, include_str!("keeping/give_up_imports.sql"), parameters).await.map(drop)
}

async fn post(
    db: &Db,
    tenant: TenantNumber,
    queue: QueueName,
    message: &(impl Serialize + Sync),
) -> Result<(), Error> {
    let body = serde_json::to_string(message);
    let body = body.map_err(|error| Error::Stored("message", error.into()))?;
    fly_routinely(db, None, &[nudging(tenant, &[(queue, body)])]).await.map(drop)
}

async fn run(
    db: &Db,
    sql: &str,
    parameters: &[Parameter<'_>],
) -> Result<Vec<tokio_postgres::Row>, Error> {
    Ok(db.flight(None, &[Flight { sql, parameters }]).await?.remove(0))
}
