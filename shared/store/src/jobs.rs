use std::collections::BTreeSet;
use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::db::COMMIT_LATER;
use crate::gate::{Cargo, Gates};
use crate::statement::{Statement, column, fly_routinely};
use crate::{Db, Error, Flight, Parameter, one_row};

/// A message to send.
#[derive(Clone, Debug, Default)]
pub struct Sending<'a> {
    /// JSON.
    pub body: &'a str,
    /// Messages of a group are received one after the other.
    pub group: Option<&'a str>,
    /// A repetition within five minutes is dropped.
    pub dedupe: Option<String>,
    /// Invisible until this has passed.
    pub delay: Duration,
    /// The W3C `traceparent` of the sender.
    pub trace: Option<&'a str>,
    /// It still lies in the outbox, until a later commit.
    pub is_posted: bool,
}

/// A received message.
#[derive(Clone, Debug)]
pub struct Job {
    /// The same on every delivery.
    pub id: i64,
    /// Which delivery this is, from 1: proves ownership.
    pub attempt: i32,
    /// JSON.
    pub body: String,
    /// Its group.
    pub group: Option<String>,
    /// The W3C `traceparent` of the sender.
    pub trace: Option<String>,
}

/// What lies in a queue.
#[derive(Clone, Debug)]
pub struct Depth {
    /// Which queue.
    pub queue: String,
    /// Messages that wait, visible or not.
    pub waiting: i64,
    /// Dead letters.
    pub dead: i64,
}

/// Sends messages, all or none.
///
/// # Errors
/// What Postgres answers.
pub async fn send(db: &Db, queue: &str, messages: &[Sending<'_>]) -> Result<(), Error> {
    // On disk at the latest with the commit that takes them out of the outbox.
    let is_posted = messages.iter().all(|message| message.is_posted);
    let later = is_posted.then(|| Statement::new(COMMIT_LATER));
    let sent = messages.iter().map(|message| {
        Statement::new(include_str!("jobs/send.sql"))
            .with(queue.to_owned(), Type::TEXT)
            .with(message.body.to_owned(), Type::TEXT)
            .with(message.group.map(str::to_owned), Type::TEXT)
            .with(message.dedupe.clone(), Type::TEXT)
            .with(millis(message.delay), Type::FLOAT8)
            .with(message.trace.map(str::to_owned), Type::TEXT)
    });
    let statements: Vec<Statement> = later.into_iter().chain(sent).collect();
    fly_routinely(db, None, &statements).await.map(drop)
}

/// Takes up to `max` visible messages, in order within their groups, and hides them. Messages
/// that were delivered `max_attempts` times go to the dead letters instead.
///
/// # Errors
/// What Postgres answers.
pub async fn receive(
    db: &Db,
    queue: &str,
    max: u32,
    visibility: Duration,
    max_attempts: u32,
) -> Result<Vec<Job>, Error> {
    let receive = Statement::new(include_str!("jobs/receive.sql"))
        .with(queue.to_owned(), Type::TEXT)
        .with(i64::from(max), Type::INT8)
        .with(millis(visibility), Type::FLOAT8)
        .with(i32::try_from(max_attempts).unwrap_or(i32::MAX), Type::INT4);
    // Whoever forgets in a crash that he gave a message out gives it out once more.
    let answers = fly_routinely(db, None, &[Statement::new(COMMIT_LATER), receive]).await?;
    let mut jobs: Vec<Job> = answers[1]
        .iter()
        .map(|row| Job {
            id: row.get(0),
            attempt: row.get(1),
            body: row.get(2),
            group: row.get(3),
            trace: row.get(4),
        })
        .collect();
    jobs.sort_by_key(|job| job.id);
    Ok(jobs)
}

/// Removes a message. False when another delivery holds it by now.
///
/// # Errors
/// What Postgres answers.
pub async fn acknowledge(db: &Db, id: i64, attempt: i32) -> Result<bool, Error> {
    let receipt = Receipt { id, attempt };
    match db.acknowledging().pass((), receipt, |receipts| remove(db, receipts)).await? {
        Some(was_ours) => Ok(was_ours),
        None => Ok(remove(db, vec![receipt]).await? == [true]),
    }
}

/// Acknowledgements that meet are one statement.
pub(crate) type Acknowledging = Gates<(), Receipt, bool>;

/// Which delivery of which message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Receipt {
    id: i64,
    attempt: i32,
}

impl Cargo for Receipt {
    const MOST_ROWS: usize = 100;

    fn rows(&self) -> usize {
        1
    }
}

async fn remove(db: &Db, receipts: Vec<Receipt>) -> Result<Vec<bool>, Error> {
    let remove = Statement::new(include_str!("jobs/acknowledge.sql"))
        .with(column(&receipts, |receipt| receipt.id), Type::INT8_ARRAY)
        .with(column(&receipts, |receipt| receipt.attempt), Type::INT4_ARRAY);
    // What is forgotten in a crash is delivered once more.
    let answers = fly_routinely(db, None, &[Statement::new(COMMIT_LATER), remove]).await?;
    let receipt = |row: &Row| Receipt { id: row.get(0), attempt: row.get(1) };
    let removed: BTreeSet<Receipt> = answers[1].iter().map(receipt).collect();
    Ok(column(&receipts, |receipt| removed.contains(receipt)))
}

/// Makes a message visible after `delay`. False when another delivery holds it by now.
///
/// # Errors
/// What Postgres answers.
pub async fn release(db: &Db, id: i64, attempt: i32, delay: Duration) -> Result<bool, Error> {
    owned(
        db,
        include_str!("jobs/release.sql"),
        &[(&id, Type::INT8), (&attempt, Type::INT4), (&millis(delay), Type::FLOAT8)],
    )
    .await
}

/// Moves a message to the dead letters.
///
/// # Errors
/// What Postgres answers.
pub async fn bury(db: &Db, id: i64, attempt: i32) -> Result<(), Error> {
    owned(db, include_str!("jobs/bury.sql"), &[(&id, Type::INT8), (&attempt, Type::INT4)])
        .await
        .map(drop)
}

/// How many dead letters a queue has.
///
/// # Errors
/// What Postgres answers.
pub async fn dead_letters(db: &Db, queue: &str) -> Result<i64, Error> {
    let sql = include_str!("jobs/dead_letters.sql");
    let mut answers =
        db.flight(None, &[Flight { sql, parameters: &[(&queue, Type::TEXT)] }]).await?;
    Ok(one_row(answers.remove(0), "count of dead letters")?.get(0))
}

/// What lies in every queue that has anything.
///
/// # Errors
/// What Postgres answers.
pub async fn depths(db: &Db) -> Result<Vec<Depth>, Error> {
    let sql = include_str!("jobs/depths.sql");
    let answers = db.flight(None, &[Flight { sql, parameters: &[] }]).await?;
    let depth = |row: &Row| Depth { queue: row.get(0), waiting: row.get(1), dead: row.get(2) };
    Ok(answers[0].iter().map(depth).collect())
}

/// Sends all dead letters of a queue back to it.
///
/// # Errors
/// What Postgres answers.
pub async fn redrive(db: &Db, queue: &str) -> Result<(), Error> {
    owned(db, include_str!("jobs/redrive.sql"), &[(&queue, Type::TEXT)]).await.map(drop)
}

async fn owned(db: &Db, sql: &str, parameters: &[Parameter<'_>]) -> Result<bool, Error> {
    let answers = db.routine(None, &[Flight { sql, parameters }]).await?;
    Ok(!answers[0].is_empty())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
