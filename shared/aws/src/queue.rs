use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Duration;

use app::port::{Outgoing, PortError, Queue, Received};
use async_trait::async_trait;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    Message, MessageAttributeValue, MessageSystemAttributeName as System, QueueAttributeName,
    SendMessageBatchRequestEntry as Entry,
};
use domain::message::QueueName;
use serde::Deserialize;

use crate::client::Client;

/// Queues of SQS. A message that was delivered too often is moved by the queue itself, as its
/// redrive policy says; dead letters lie in the queue that this policy names.
///
/// A queue that is not FIFO may accept the receipt of an earlier delivery: SQS promises no more.
pub struct SqsQueue {
    client: Client,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    urls: RwLock<BTreeMap<QueueName, String>>,
    wait: Duration,
}

/// The name of the message attribute that carries the trace.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// SQS takes no more messages at once (`SendMessageBatch`).
const BATCH_MESSAGES: usize = 10;
/// SQS takes no more bytes at once, bodies and attributes together (`SendMessageBatch`).
const BATCH_BYTES: usize = 1 << 20;
/// How long one attempt may take, waiting for messages apart.
const ATTEMPT: Duration = Duration::from_secs(5);

impl SqsQueue {
    /// Queues at these addresses. To receive waits up to `wait` (0 to 20 seconds) for a message.
    #[must_use]
    pub fn new(client: Client, urls: BTreeMap<QueueName, String>, wait: Duration) -> Self {
        Self { client, sqs: OnceLock::new(), urls: RwLock::new(urls), wait }
    }

    /// Takes note of where the messages of `queue` come from. A consumer is not told the address
    /// of its queue otherwise, and needs it to put a message with the dead letters.
    pub fn comes_from(&self, queue: QueueName, arn: &str) {
        let mut parts = arn.rsplitn(3, ':');
        let (Some(name), Some(account)) = (parts.next(), parts.next()) else { return };
        let url = format!("{}/{account}/{name}", self.client.endpoint("sqs"));
        self.urls.write().unwrap_or_else(PoisonError::into_inner).entry(queue).or_insert(url);
    }

    fn sqs(&self) -> &aws_sdk_sqs::Client {
        let config = || self.client.sdk(ATTEMPT + self.wait);
        self.sqs.get_or_init(|| aws_sdk_sqs::Client::new(&config()))
    }

    fn url(&self, queue: QueueName) -> Result<String, PortError> {
        let urls = self.urls.read().unwrap_or_else(PoisonError::into_inner);
        urls.get(&queue).cloned().ok_or_else(|| {
            PortError::new(format!("the address of the queue `{}` is not known", queue.as_str()))
        })
    }

    async fn send_batch(&self, url: &str, entries: Vec<Entry>) -> Result<(), PortError> {
        let sent = self.sqs().send_message_batch().queue_url(url).set_entries(Some(entries));
        let answer = sent.send().await.map_err(failed("messages could not be sent"))?;
        match answer.failed() {
            [] => Ok(()),
            [first, ..] => Err(PortError::new(format!(
                "SQS refused {} of a batch of messages, the first with {}: {}",
                answer.failed().len(),
                first.code(),
                first.message().unwrap_or_default(),
            ))),
        }
    }

    /// The ARN of the queue for dead letters.
    async fn dead_letters_arn(&self, url: &str) -> Result<String, PortError> {
        let asked = self.sqs().get_queue_attributes().queue_url(url);
        let answer = asked
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .send()
            .await
            .map_err(failed("the redrive policy could not be read"))?;
        let policy =
            answer.attributes().and_then(|all| all.get(&QueueAttributeName::RedrivePolicy));
        let policy = policy.ok_or_else(|| PortError::new("the queue has no redrive policy"))?;
        let policy: RedrivePolicy = serde_json::from_str(policy)
            .map_err(|error| PortError::caused_by("the redrive policy is not readable", error))?;
        Ok(policy.dead_letter_target_arn)
    }

    async fn dead_letters_url(&self, url: &str) -> Result<String, PortError> {
        let arn = self.dead_letters_arn(url).await?;
        sibling(url, &arn).ok_or_else(|| PortError::new(format!("`{arn}` names no queue")))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, queue: QueueName, messages: &[Outgoing]) -> Result<(), PortError> {
        let url = self.url(queue)?;
        let mut batch: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        for message in messages {
            let more = weight(message);
            if batch.len() == BATCH_MESSAGES || (bytes + more > BATCH_BYTES && !batch.is_empty()) {
                self.send_batch(&url, std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
            batch.push(entry(queue, batch.len(), message)?);
            bytes += more;
        }
        if batch.is_empty() { Ok(()) } else { self.send_batch(&url, batch).await }
    }

    async fn receive(
        &self,
        queue: QueueName,
        max: u32,
        visibility: Duration,
    ) -> Result<Vec<Received>, PortError> {
        let answer = self
            .sqs()
            .receive_message()
            .queue_url(self.url(queue)?)
            .max_number_of_messages(i32::try_from(max.clamp(1, 10)).unwrap_or(10))
            .visibility_timeout(seconds(visibility))
            .wait_time_seconds(seconds(self.wait).min(20))
            .message_system_attribute_names(System::ApproximateReceiveCount)
            .message_system_attribute_names(System::MessageGroupId)
            .message_attribute_names(TRACEPARENT)
            .send()
            .await
            .map_err(failed("messages could not be received"))?;
        answer.messages.unwrap_or_default().into_iter().map(received).collect()
    }

    async fn acknowledge(&self, queue: QueueName, receipt: &str) -> Result<bool, PortError> {
        let deletion = self.sqs().delete_message().queue_url(self.url(queue)?);
        held(deletion.receipt_handle(receipt).send().await, "a message could not be deleted")
    }

    async fn release(
        &self,
        queue: QueueName,
        receipt: &str,
        delay: Duration,
    ) -> Result<bool, PortError> {
        let change = self.sqs().change_message_visibility().queue_url(self.url(queue)?);
        let change = change.receipt_handle(receipt).visibility_timeout(seconds(delay));
        held(change.send().await, "a message could not be released")
    }

    async fn bury(&self, queue: QueueName, message: &Received) -> Result<(), PortError> {
        let url = self.url(queue)?;
        let fifo = queue.is_fifo();
        self.sqs()
            .send_message()
            .queue_url(self.dead_letters_url(&url).await?)
            .message_body(&message.body)
            .set_message_attributes(message.trace.as_deref().map(attributes))
            .set_message_group_id(fifo.then(|| group_of(message)))
            // Its own id: when the deletion fails and it is buried again, it lies there once.
            .set_message_deduplication_id(fifo.then(|| message.id.clone()))
            .send()
            .await
            .map_err(failed("a message could not be put with the dead letters"))?;
        self.acknowledge(queue, &message.receipt).await.map(drop)
    }

    async fn dead_letters(&self, queue: QueueName) -> Result<u64, PortError> {
        let url = self.dead_letters_url(&self.url(queue)?).await?;
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let asked = self.sqs().get_queue_attributes().queue_url(url).attribute_names(name.clone());
        let answer = asked.send().await.map_err(failed("dead letters could not be counted"))?;
        let count = answer.attributes().and_then(|all| all.get(&name)?.parse().ok());
        count.ok_or_else(|| PortError::new("SQS did not say how many dead letters there are"))
    }

    async fn redrive(&self, queue: QueueName) -> Result<(), PortError> {
        let arn = self.dead_letters_arn(&self.url(queue)?).await?;
        let task = self.sqs().start_message_move_task().source_arn(arn);
        task.send().await.map_err(failed("dead letters could not be sent back"))?;
        Ok(())
    }

    fn is_postgres(&self) -> bool {
        false
    }
}

fn entry(queue: QueueName, position: usize, message: &Outgoing) -> Result<Entry, PortError> {
    message.fits(queue)?;
    let entry = Entry::builder()
        .id(position.to_string())
        .message_body(&message.body)
        .set_message_attributes(message.trace.as_deref().map(attributes));
    let entry = if queue.is_fifo() {
        entry
            .set_message_group_id(message.group.clone())
            .set_message_deduplication_id(message.dedupe.clone())
    } else {
        entry.delay_seconds(seconds(message.delay))
    };
    entry.build().map_err(|error| PortError::caused_by("a message is incomplete", error))
}

fn received(message: Message) -> Result<Received, PortError> {
    let system = |name| message.attributes().and_then(|all| all.get(&name)).cloned();
    let attempt = system(System::ApproximateReceiveCount);
    let group = system(System::MessageGroupId);
    let trace = message
        .message_attributes()
        .and_then(|all| all.get(TRACEPARENT)?.string_value())
        .map(str::to_owned);
    let (Some(id), Some(receipt)) = (message.message_id, message.receipt_handle) else {
        return Err(PortError::new("SQS delivered a message without id or receipt"));
    };
    Ok(Received {
        id,
        receipt,
        attempt: attempt.and_then(|count| count.parse().ok()).unwrap_or(1),
        body: message.body.unwrap_or_default(),
        group,
        trace,
    })
}

fn attributes(trace: &str) -> HashMap<String, MessageAttributeValue> {
    let value = MessageAttributeValue::builder().data_type("String").string_value(trace).build();
    HashMap::from([(TRACEPARENT.to_owned(), value.expect("the type is there"))])
}

/// What a message counts of [`BATCH_BYTES`]: body, and name, type and value of each attribute.
fn weight(message: &Outgoing) -> usize {
    let trace = message.trace.as_ref();
    message.body.len() + trace.map_or(0, |trace| TRACEPARENT.len() + "String".len() + trace.len())
}

fn group_of(message: &Received) -> String {
    message.group.clone().unwrap_or_else(|| message.id.clone())
}

/// The address of a queue of the same account and region: dead letters can lie nowhere else.
fn sibling(url: &str, arn: &str) -> Option<String> {
    let (account, _) = url.rsplit_once('/')?;
    let (_, name) = arn.rsplit_once(':')?;
    Some(format!("{account}/{name}"))
}

/// Whole seconds, rounded up.
fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}

/// A refused receipt means that another delivery holds the message by now.
fn held<T, E>(answer: Result<T, SdkError<E>>, what: &'static str) -> Result<bool, PortError>
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    const LOST: [&str; 3] =
        ["ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue"];
    let Err(error) = answer else { return Ok(true) };
    let code = error.code().unwrap_or_default();
    let code = code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code);
    if LOST.contains(&code) { Ok(false) } else { Err(PortError::caused_by(what, error)) }
}

fn failed<E>(what: impl Display) -> impl FnOnce(SdkError<E>) -> PortError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |error| PortError::caused_by(what.to_string(), error)
}
