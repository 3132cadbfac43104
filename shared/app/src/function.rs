use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::message::QueueName;
use jiff::Timestamp;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;

use crate::App;

/// One deployable: its name, what starts it, what it touches. Both hosts run this same value.
pub struct Function {
    /// The name of its folder, crate, binary, template resource and samples.
    pub name: &'static str,
    /// What starts it.
    pub trigger: Trigger,
    /// What its host must provide, and what its permissions must allow: no more.
    pub uses: Uses,
}

/// What starts a function: exactly one thing.
#[expect(clippy::large_enum_variant, reason = "a process makes a few of them, at its start")]
pub enum Trigger {
    /// Requests. The router carries the API document of its routes.
    Http(OpenApiRouter<App>),
    /// Messages of a queue, one at a time.
    Queue(QueueName, Consumer),
    /// The time.
    Schedule(Every, Job),
    /// A person or a deployment.
    Command(Job),
}

/// What a function touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Postgres, in this role.
    pub postgres: Option<Role>,
    /// The queues it sends to.
    pub sends: &'static [QueueName],
    /// Key-value records.
    pub key_value: bool,
    /// The mailer.
    pub mailer: bool,
    /// The object store.
    pub objects: bool,
    /// The payment provider.
    pub gateway: bool,
}

/// In which role a function meets Postgres, and at which address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// One tenant at a time, on the pooled address.
    App,
    /// Across tenants, on a short list of tables.
    System,
    /// Migrations and housekeeping, on the direct address.
    Owner,
}

/// How often a schedule fires. Written as EventBridge Scheduler writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Every so many minutes.
    Minutes(u32),
    /// Every day at this UTC time.
    Day {
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(minutes) => write!(f, "rate({minutes} minutes)"),
            Self::Day { hour, minute } => write!(f, "cron({minute} {hour} * * ? *)"),
        }
    }
}

type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Handles one message.
pub type Consumer = Arc<dyn Fn(App, Delivery) -> Answer<Result<(), Failure>> + Send + Sync>;

/// Does one piece of work that nobody sent a message for.
pub type Job = Arc<dyn Fn(App, Tick) -> Answer<Result<(), Failure>> + Send + Sync>;

/// One message, on one of its deliveries.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What was sent: JSON.
    pub body: String,
    /// Which delivery this is, from 1.
    pub attempt: u32,
    /// When the host will stop waiting.
    pub deadline: Deadline,
}

/// One firing of a schedule, or one call of a command.
#[derive(Clone, Copy, Debug)]
pub struct Tick {
    /// When it was due.
    pub planned_at: Timestamp,
    /// When the host will stop waiting.
    pub deadline: Deadline,
}

/// The instant at which the host stops waiting. Work that can stop early looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub Instant);

impl Deadline {
    /// So much time from now.
    #[must_use]
    pub fn within(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// What is left of it.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// Why a message or a job failed: would the same message succeed later?
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It may: deliver it again.
    #[error("to be tried again: {0}")]
    Retry(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It may when a time has passed: deliver it again then.
    #[error("to be tried again in {} s: {source}", after.as_secs())]
    Later {
        /// The time.
        after: Duration,
        /// What is in the way.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It never will: put it with the dead letters.
    #[error("never to succeed: {0}")]
    Discard(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// For errors that may pass.
    pub fn retry(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Retry(error.into())
    }

    /// For errors that may pass, but not soon.
    pub fn later(
        after: Duration,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Later { after, source: error.into() }
    }

    /// For errors that will not.
    pub fn discard(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Discard(error.into())
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::retry(error)
    }
}

impl From<crate::port::PortError> for Failure {
    fn from(error: crate::port::PortError) -> Self {
        Self::retry(error)
    }
}

impl Trigger {
    /// A queue and its handler.
    pub fn queue<F, A>(queue: QueueName, handler: F) -> Self
    where
        F: Fn(App, Delivery) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Self::Queue(queue, Arc::new(move |app, delivery| Box::pin(handler(app, delivery))))
    }

    /// A schedule and its job.
    pub fn schedule<F, A>(every: Every, handler: F) -> Self
    where
        F: Fn(App, Tick) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Self::Schedule(every, Arc::new(move |app, tick| Box::pin(handler(app, tick))))
    }

    /// A job that is called by hand or by a deployment.
    pub fn command<F, A>(handler: F) -> Self
    where
        F: Fn(App, Tick) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Self::Command(Arc::new(move |app, tick| Box::pin(handler(app, tick))))
    }
}
