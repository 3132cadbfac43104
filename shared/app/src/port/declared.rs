use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::message::QueueName;
use jiff::Timestamp;

use super::{KeyValue, Letter, MailError, Mailer, Outgoing, PortError, Queue, Received, Record};
use crate::{Parts, Uses};

impl Parts {
    /// Leaves what a function declares that it uses, and refuses the rest. In the cloud the
    /// function's permissions would; so a declaration that is too short fails in every host.
    #[must_use]
    pub fn limited_to(mut self, uses: Uses) -> Self {
        self.queue = Arc::new(Declared { queue: self.queue, sends: uses.sends });
        if !uses.key_value {
            self.key_value = Arc::new(Undeclared);
        }
        if !uses.mailer {
            self.mailer = Arc::new(Undeclared);
        }
        if !uses.objects {
            self.objects = None;
        }
        if !uses.gateway {
            self.gateway = None;
        }
        self
    }
}

/// A queue to which only declared messages go. What its host does with the function's own queue
/// is the host's affair.
struct Declared {
    queue: Arc<dyn Queue>,
    sends: &'static [QueueName],
}

/// A port that the function does not declare.
#[derive(Clone, Copy)]
pub struct Undeclared;

impl Undeclared {
    fn refuse<T>(self) -> Result<T, PortError> {
        Err(PortError::new("the function does not declare that it uses key-value records"))
    }
}

#[async_trait]
impl Mailer for Undeclared {
    async fn send(&self, _letter: &Letter) -> Result<(), MailError> {
        Err(MailError::NotAccepted("the function does not declare that it sends letters".into()))
    }
}

#[async_trait]
impl KeyValue for Undeclared {
    async fn get(&self, _key: &str) -> Result<Option<Record>, PortError> {
        Self.refuse()
    }

    async fn put(&self, _: &str, _: &str, _: Option<Timestamp>) -> Result<(), PortError> {
        Self.refuse()
    }

    async fn put_if_absent(
        &self,
        _key: &str,
        _value: &str,
        _expires_at: Option<Timestamp>,
    ) -> Result<bool, PortError> {
        Self.refuse()
    }

    async fn compare_and_set(
        &self,
        _key: &str,
        _version: i64,
        _value: &str,
        _expires_at: Option<Timestamp>,
    ) -> Result<bool, PortError> {
        Self.refuse()
    }

    async fn add(&self, _: &str, _: i64, _: Option<Timestamp>) -> Result<i64, PortError> {
        Self.refuse()
    }

    async fn delete(&self, _key: &str) -> Result<(), PortError> {
        Self.refuse()
    }
}

#[async_trait]
impl Queue for Declared {
    async fn send(&self, queue: QueueName, messages: &[Outgoing]) -> Result<(), PortError> {
        if !self.sends.contains(&queue) {
            let name = queue.as_str();
            let told = format!("the function does not declare that it sends to `{name}`");
            return Err(PortError::new(told));
        }
        self.queue.send(queue, messages).await
    }

    async fn receive(
        &self,
        queue: QueueName,
        max: u32,
        visibility: Duration,
    ) -> Result<Vec<Received>, PortError> {
        self.queue.receive(queue, max, visibility).await
    }

    async fn acknowledge(&self, queue: QueueName, receipt: &str) -> Result<bool, PortError> {
        self.queue.acknowledge(queue, receipt).await
    }

    async fn release(
        &self,
        queue: QueueName,
        receipt: &str,
        delay: Duration,
    ) -> Result<bool, PortError> {
        self.queue.release(queue, receipt, delay).await
    }

    async fn bury(&self, queue: QueueName, message: &Received) -> Result<(), PortError> {
        self.queue.bury(queue, message).await
    }

    async fn dead_letters(&self, queue: QueueName) -> Result<u64, PortError> {
        self.queue.dead_letters(queue).await
    }

    async fn redrive(&self, queue: QueueName) -> Result<(), PortError> {
        self.queue.redrive(queue).await
    }

    fn is_postgres(&self) -> bool {
        self.queue.is_postgres()
    }
}
