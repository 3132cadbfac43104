use std::time::Duration;

use async_trait::async_trait;
use domain::message::QueueName;
use jiff::Timestamp;

pub use providers::mail::{Inline, Letter, MailError};

pub use self::declared::Undeclared;
pub use self::postgres::{PostgresKeyValue, PostgresQueue};

/// No more than a function declares.
mod declared;
/// Letters by SMTP, or into a folder.
mod mail;
/// Queue and key-value records kept in Postgres: the self-host side of the ports.
mod postgres;

/// Something outside did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct PortError {
    what: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl PortError {
    /// An error without another behind it.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    /// An error with its cause.
    pub fn caused_by(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { what: what.into(), source: Some(source.into()) }
    }
}

impl From<store::Error> for PortError {
    fn from(error: store::Error) -> Self {
        Self::caused_by("Postgres did not serve a port", error)
    }
}

/// A message on its way out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outgoing {
    /// JSON.
    pub body: String,
    /// Messages of one group are delivered in order. Required by FIFO queues, ignored by others.
    pub group: Option<String>,
    /// A message with an id that was sent to its group within the last five minutes is dropped
    /// silently. Required by FIFO queues, ignored by others.
    pub dedupe: Option<String>,
    /// Not before this has passed. At most 15 minutes; FIFO queues have none.
    pub delay: Duration,
    /// The W3C `traceparent` of whoever sends it.
    pub trace: Option<String>,
    /// It still lies in the outbox of our Postgres, until a later commit: a queue in the same
    /// Postgres need not wait for its disk.
    pub is_posted: bool,
}

impl Outgoing {
    /// Refuses what SQS would not take, so that every queue refuses it.
    ///
    /// # Errors
    /// A message for a FIFO queue without group or dedupe id, or with a delay; a longer delay
    /// than 15 minutes.
    pub fn fits(&self, queue: QueueName) -> Result<(), PortError> {
        let name = queue.as_str();
        let whole = self.group.is_some() && self.dedupe.is_some() && self.delay.is_zero();
        if queue.is_fifo() && !whole {
            let told = "needs a group and a dedupe id, and has no delay";
            return Err(PortError::new(format!("a message for the FIFO queue `{name}` {told}")));
        }
        if self.delay > LONGEST_DELAY {
            return Err(PortError::new(format!("a message for `{name}` waits over 15 minutes")));
        }
        Ok(())
    }
}

const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);

/// A message that was received and is invisible to others for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The same on every delivery.
    pub id: String,
    /// Proves this delivery: another delivery of the same message makes it worthless.
    pub receipt: String,
    /// Which delivery this is, from 1.
    pub attempt: u32,
    /// JSON.
    pub body: String,
    /// The group it was sent with.
    pub group: Option<String>,
    /// The W3C `traceparent` it was sent with.
    pub trace: Option<String>,
}

/// Deliveries of a message before it goes to the dead letters.
pub const MAX_ATTEMPTS: u32 = 5;

/// Messages, at least once. SQS in the cloud, a table in Postgres elsewhere.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends all messages, or fails; after a failure some may have been sent.
    async fn send(&self, queue: QueueName, messages: &[Outgoing]) -> Result<(), PortError>;

    /// Takes up to `max` (1 to 10) visible messages and hides them for `visibility`.
    /// A message that was delivered [`MAX_ATTEMPTS`] times goes to the dead letters instead.
    async fn receive(
        &self,
        queue: QueueName,
        max: u32,
        visibility: Duration,
    ) -> Result<Vec<Received>, PortError>;

    /// Removes a message. True when this delivery still held it.
    async fn acknowledge(&self, queue: QueueName, receipt: &str) -> Result<bool, PortError>;

    /// Lets a message become visible again after `delay`. True when this delivery held it.
    async fn release(
        &self,
        queue: QueueName,
        receipt: &str,
        delay: Duration,
    ) -> Result<bool, PortError>;

    /// Puts a message that can never succeed with the dead letters, then acknowledges it.
    async fn bury(&self, queue: QueueName, message: &Received) -> Result<(), PortError>;

    /// How many dead letters there are, about.
    async fn dead_letters(&self, queue: QueueName) -> Result<u64, PortError>;

    /// Sends all dead letters back to their queue.
    async fn redrive(&self, queue: QueueName) -> Result<(), PortError>;

    /// True when the queue lives in the same Postgres as everything else, so that it is away
    /// whenever Postgres is.
    fn is_postgres(&self) -> bool;
}

/// A record and the number of its last change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What was put.
    pub value: String,
    /// Grows with every change.
    pub version: i64,
}

/// Expiring records with conditional writes. DynamoDB in the cloud, a table elsewhere.
/// An expired record is as good as absent, also while the store still holds it.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// Reads a record.
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError>;

    /// Writes a record, whatever was there.
    async fn put(
        &self,
        key: &str,
        value: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<(), PortError>;

    /// Writes a record where there is none. True when it was written.
    async fn put_if_absent(
        &self,
        key: &str,
        value: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<bool, PortError>;

    /// Writes a record that is still at `version`. True when it was written.
    async fn compare_and_set(
        &self,
        key: &str,
        version: i64,
        value: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<bool, PortError>;

    /// Adds to a counter, which starts at 0, and answers the sum.
    async fn add(
        &self,
        key: &str,
        amount: i64,
        expires_at: Option<Timestamp>,
    ) -> Result<i64, PortError>;

    /// Removes a record, if it is there.
    async fn delete(&self, key: &str) -> Result<(), PortError>;
}

/// Letters out. SMTP, or a folder of `.eml` files.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a letter over.
    async fn send(&self, letter: &Letter) -> Result<(), MailError>;
}
