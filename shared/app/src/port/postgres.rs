use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::message::QueueName;
use jiff::Timestamp;
use store::jobs::{self, Sending};
use store::{Db, key_value};
use tokio::sync::Notify;

use super::{KeyValue, MAX_ATTEMPTS, Outgoing, PortError, Queue, Received, Record};
use crate::Clock;

/// The queue as a table.
pub struct PostgresQueue {
    /// Any role: the table belongs to no tenant.
    pub db: Db,
    /// Rung when something was sent, for a process that also receives: nobody has to poll for it.
    pub sent: Arc<Notify>,
}

/// Key-value records as a table.
pub struct PostgresKeyValue {
    /// Any role: the table belongs to no tenant.
    pub db: Db,
    /// Judges expiry.
    pub clock: Clock,
}

#[async_trait]
impl Queue for PostgresQueue {
    async fn send(&self, queue: QueueName, messages: &[Outgoing]) -> Result<(), PortError> {
        let mut sendings = Vec::with_capacity(messages.len());
        for message in messages {
            message.fits(queue)?;
            let group = message.group.as_deref().filter(|_| queue.is_fifo());
            let dedupe = message.dedupe.as_deref();
            sendings.push(Sending {
                body: &message.body,
                group,
                dedupe: group.zip(dedupe).map(|(group, id)| format!("{group} {id}")),
                delay: message.delay,
                trace: message.trace.as_deref(),
                is_posted: message.is_posted,
            });
        }
        jobs::send(&self.db, queue.as_str(), &sendings).await?;
        self.sent.notify_waiters();
        Ok(())
    }

    async fn receive(
        &self,
        queue: QueueName,
        max: u32,
        visibility: Duration,
    ) -> Result<Vec<Received>, PortError> {
        let jobs = jobs::receive(&self.db, queue.as_str(), max, visibility, MAX_ATTEMPTS).await?;
        Ok(jobs
            .into_iter()
            .map(|job| Received {
                id: job.id.to_string(),
                receipt: format!("{}:{}", job.id, job.attempt),
                attempt: u32::try_from(job.attempt).unwrap_or(1),
                body: job.body,
                group: job.group,
                trace: job.trace,
            })
            .collect())
    }

    async fn acknowledge(&self, _queue: QueueName, receipt: &str) -> Result<bool, PortError> {
        let (id, attempt) = parse(receipt)?;
        Ok(jobs::acknowledge(&self.db, id, attempt).await?)
    }

    async fn release(
        &self,
        _queue: QueueName,
        receipt: &str,
        delay: Duration,
    ) -> Result<bool, PortError> {
        let (id, attempt) = parse(receipt)?;
        Ok(jobs::release(&self.db, id, attempt, delay).await?)
    }

    async fn bury(&self, _queue: QueueName, message: &Received) -> Result<(), PortError> {
        let (id, attempt) = parse(&message.receipt)?;
        Ok(jobs::bury(&self.db, id, attempt).await?)
    }

    async fn dead_letters(&self, queue: QueueName) -> Result<u64, PortError> {
        let count = jobs::dead_letters(&self.db, queue.as_str()).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn redrive(&self, queue: QueueName) -> Result<(), PortError> {
        Ok(jobs::redrive(&self.db, queue.as_str()).await?)
    }

    fn is_postgres(&self) -> bool {
        true
    }
}

#[async_trait]
impl KeyValue for PostgresKeyValue {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        let found = key_value::get(&self.db, key, self.clock.now()).await?;
        Ok(found.map(|(value, version)| Record { value, version }))
    }

    async fn put(
        &self,
        key: &str,
        value: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<(), PortError> {
        Ok(key_value::put(&self.db, key, value, expires_at).await?)
    }

    async fn put_if_absent(
        &self,
        key: &str,
        value: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<bool, PortError> {
        let now = self.clock.now();
        Ok(key_value::put_if_absent(&self.db, key, value, expires_at, now).await?)
    }

    async fn compare_and_set(
        &self,
        key: &str,
        version: i64,
        value: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<bool, PortError> {
        let now = self.clock.now();
        let value = (value, expires_at);
        Ok(key_value::compare_and_set(&self.db, key, version, value, now).await?)
    }

    async fn add(
        &self,
        key: &str,
        amount: i64,
        expires_at: Option<Timestamp>,
    ) -> Result<i64, PortError> {
        Ok(key_value::add(&self.db, key, amount, expires_at, self.clock.now()).await?)
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        Ok(key_value::delete(&self.db, key).await?)
    }
}

fn parse(receipt: &str) -> Result<(i64, i32), PortError> {
    receipt
        .split_once(':')
        .and_then(|(id, attempt)| Some((id.parse().ok()?, attempt.parse().ok()?)))
        .ok_or_else(|| PortError::new("the receipt is not one of this queue"))
}
