//! Functions as Lambda runs them: beside a queue that does not live in Postgres, which may be away.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::port::{Outgoing, PortError, Queue, Received};
use app::{App, Deadline, Function, Parts, Trigger, serve};
use async_trait::async_trait;
use aws::Refused;
use axum::Router;
use domain::message::QueueName;
use serde_json::Value;
use store::{Db, DbOptions};

/// Another queue, with the manners of SQS: it does not live in our Postgres, and it buries what
/// it is given.
pub struct ForeignQueue {
    inner: Arc<dyn Queue>,
    buried: Mutex<Vec<String>>,
}

impl ForeignQueue {
    /// Sends and receives through another queue.
    #[must_use]
    pub fn around(inner: Arc<dyn Queue>) -> Self {
        Self { inner, buried: Mutex::default() }
    }

    /// The ids of the messages that were buried.
    #[must_use]
    pub fn buried(&self) -> Vec<String> {
        self.buried.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Longer than any test waits.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nobody listens on the port that no service may have.
const NOWHERE: &str = "postgres://takings_app:none@127.0.0.1:1/takings?sslmode=disable";

/// The function of this name.
///
/// # Panics
/// Panics when there is none.
#[must_use]
pub fn function(name: &str) -> Function {
    let mut all = local::functions::all().into_iter();
    all.find(|function| function.name == name).unwrap_or_else(|| panic!("no function `{name}`"))
}

/// The routes of an HTTP function.
///
/// # Panics
/// Panics when it is no such function.
pub fn router(app: &App, name: &str) -> Router {
    let Function { name, trigger, .. } = function(name);
    let Trigger::Http(routes) = trigger else { panic!("`{name}` serves no requests") };
    serve::router(name, routes, app.clone())
}

/// Fires a schedule, or calls a command.
///
/// # Errors
/// What the host answers.
///
/// # Panics
/// Panics when the function is neither.
pub async fn tick(app: &App, name: &str, event: &Value) -> Result<Value, Refused> {
    let Function { name, trigger, .. } = function(name);
    let (Trigger::Schedule(_, job) | Trigger::Command(job)) = trigger else {
        panic!("`{name}` is neither a schedule nor a command")
    };
    aws::schedule::answer(name, app, &job, event, Deadline::within(PATIENCE)).await
}

/// Delivers a batch of messages.
///
/// # Errors
/// What the host answers.
///
/// # Panics
/// Panics when the function consumes no queue.
pub async fn deliver(app: &App, name: &str, event: Value) -> Result<Value, Refused> {
    let Function { name, trigger, .. } = function(name);
    let Trigger::Queue(queue, consumer) = trigger else { panic!("`{name}` consumes no queue") };
    let worker = aws::sqs::Worker { name, queue, consumer: &consumer };
    aws::sqs::answer(&worker, app, event, Deadline::within(PATIENCE)).await
}

/// The same parts with another queue.
#[must_use]
pub fn with_queue(app: &App, queue: Arc<dyn Queue>) -> App {
    parts(app, app.db.clone(), queue)
}

/// The same parts with another database.
#[must_use]
pub fn with_database(app: &App, url: &str) -> App {
    let options = DbOptions {
        url: url.to_owned(),
        tls_ca_file: None,
        connections: 1,
        direct: false,
        checks_role: false,
    };
    parts(app, Db::new(options), app.queue.clone())
}

/// The same parts while Postgres is away: the ports are served by something else.
#[must_use]
pub fn without_postgres(app: &App) -> App {
    with_database(app, NOWHERE)
}

fn parts(app: &App, db: Db, queue: Arc<dyn Queue>) -> App {
    App::new(Parts {
        db,
        queue,
        key_value: app.key_value.clone(),
        mailer: app.mailer.clone(),
        objects: app.objects.clone(),
        gateway: app.gateway.clone(),
        courier: app.courier.clone(),
        clock: app.clock,
        config: app.config.clone(),
    })
}

#[async_trait]
impl Queue for ForeignQueue {
    async fn send(&self, queue: QueueName, messages: &[Outgoing]) -> Result<(), PortError> {
        self.inner.send(queue, messages).await
    }

    async fn receive(
        &self,
        queue: QueueName,
        max: u32,
        visibility: Duration,
    ) -> Result<Vec<Received>, PortError> {
        self.inner.receive(queue, max, visibility).await
    }

    async fn acknowledge(&self, queue: QueueName, receipt: &str) -> Result<bool, PortError> {
        self.inner.acknowledge(queue, receipt).await
    }

    async fn release(
        &self,
        queue: QueueName,
        receipt: &str,
        delay: Duration,
    ) -> Result<bool, PortError> {
        self.inner.release(queue, receipt, delay).await
    }

    async fn bury(&self, _queue: QueueName, message: &Received) -> Result<(), PortError> {
        let mut buried = self.buried.lock().unwrap_or_else(PoisonError::into_inner);
        buried.push(message.id.clone());
        Ok(())
    }

    async fn dead_letters(&self, queue: QueueName) -> Result<u64, PortError> {
        self.inner.dead_letters(queue).await
    }

    async fn redrive(&self, queue: QueueName) -> Result<(), PortError> {
        self.inner.redrive(queue).await
    }

    fn is_postgres(&self) -> bool {
        false
    }
}
