use app::invoke::{self, Message, Outcome};
use app::port::Received;
use app::trace::chain;
use app::{App, Consumer, Deadline, Delivery};
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use domain::message::QueueName;
use serde_json::{Value, json};

use crate::Refused;
use crate::queue::TRACEPARENT;

/// A function that consumes a queue.
pub struct Worker<'a> {
    /// Its name.
    pub name: &'static str,
    /// Its queue.
    pub queue: QueueName,
    /// Its handler.
    pub consumer: &'a Consumer,
}

/// Handles a batch, one message at a time, and answers which of them SQS shall deliver again:
/// those that failed, and those that were not begun. A message that can never succeed is put
/// with the dead letters by [`app::port::Queue::bury`] and counts as handled; where that fails,
/// it counts as failed, and the redrive policy of the queue moves it in the end. One that shall
/// come again later is hidden until then. A FIFO queue stops at the first failure, so that nothing
/// overtakes.
///
/// # Errors
/// When the event is no batch, or one of its messages has no id: an answer that names an unknown
/// id would fail the batch as a whole, too, but in silence.
pub async fn answer(
    worker: &Worker<'_>,
    app: &App,
    event: Value,
    deadline: Deadline,
) -> Result<Value, Refused> {
    let event: SqsEvent = serde_json::from_value(event).map_err(Refused::Event)?;
    let ids: Option<Vec<&str>> = event.records.iter().map(id).collect();
    let ids = ids.ok_or(Refused::MessageWithoutId)?;
    let mut failures: Vec<Value> = Vec::new();
    for (id, record) in ids.into_iter().zip(&event.records) {
        let begins = (failures.is_empty() || !is_fifo(record)) && !deadline.remaining().is_zero();
        if !begins || !handle(worker, app, (id, record), deadline).await {
            failures.push(json!({ "itemIdentifier": id }));
        }
    }
    Ok(json!({ "batchItemFailures": failures }))
}

/// Where the messages of an event come from.
pub(crate) fn source(event: &Value) -> Option<&str> {
    event.pointer("/Records/0/eventSourceARN")?.as_str()
}

/// True when the message shall not be delivered again.
async fn handle(
    worker: &Worker<'_>,
    app: &App,
    (id, record): (&str, &SqsMessage),
    deadline: Deadline,
) -> bool {
    let received = received(id, record);
    let delivery = Delivery { body: received.body.clone(), attempt: received.attempt, deadline };
    let message = Message { id, trace: received.trace.as_deref(), delivery };
    match invoke::deliver(worker.name, app, worker.consumer, message).await {
        Outcome::Done => true,
        Outcome::Retry => false,
        Outcome::Later(after) => {
            let hidden = app.queue.release(worker.queue, &received.receipt, after).await;
            if let Err(error) = &hidden {
                let error = chain(error);
                tracing::warn!(message_id = id, error, "comes again at the queue's own time");
            }
            false
        }
        Outcome::Discard => {
            let buried = app.queue.bury(worker.queue, &received).await;
            if let Err(error) = &buried {
                let error = chain(error);
                tracing::error!(message_id = id, error, "left to the redrive policy");
            }
            buried.is_ok()
        }
    }
}

fn received(id: &str, record: &SqsMessage) -> Received {
    let system = |name| record.attributes.get(name);
    let count = system("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    let trace = record.message_attributes.get(TRACEPARENT);
    Received {
        id: id.to_owned(),
        receipt: record.receipt_handle.clone().unwrap_or_default(),
        attempt: count.unwrap_or(1),
        body: record.body.clone().unwrap_or_default(),
        group: system("MessageGroupId").cloned(),
        trace: trace.and_then(|attribute| attribute.string_value.clone()),
    }
}

fn id(record: &SqsMessage) -> Option<&str> {
    record.message_id.as_deref().filter(|id| !id.is_empty())
}

fn is_fifo(record: &SqsMessage) -> bool {
    record.event_source_arn.as_deref().is_some_and(|arn| arn.ends_with(".fifo"))
}
