//! A queue that is there while Postgres is away, as SQS is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::caller::Callers;
use app::limiter::Limiter;
use app::port::{Outgoing, PortError, Queue, Received};
use app::{App, Parts};
use async_trait::async_trait;
use domain::message::QueueName;

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

/// The same parts with another queue.
#[must_use]
pub fn app_with_queue(app: &App, queue: Arc<dyn Queue>) -> App {
    App::new(Parts {
        db: app.db.clone(),
        queue,
        key_value: app.key_value.clone(),
        mailer: app.mailer.clone(),
        objects: app.objects.clone(),
        clock: app.clock,
        config: app.config.clone(),
        callers: Callers::default(),
        limiter: Limiter::default(),
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
