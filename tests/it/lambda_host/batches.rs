use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::port::{Outgoing, Queue as _};
use app::trace::TraceParent;
use app::{Consumer, Deadline, Delivery, Failure, Trigger};
use aws::queue::SqsQueue;
use aws::sqs::Worker;
use domain::message::QueueName;
use serde_json::{Value, json};
use tests::moto::{self, Moto};

use super::{MINUTE, TRACE};

#[tokio::test]
async fn every_message_is_handed_over_alone_with_its_attempt() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let remember = seen.clone();
    let consumer = consumer(move |delivery| {
        remember.lock().unwrap().push((delivery.body, delivery.attempt));
        Ok(())
    });
    let batch = Batch::new(QueueName::Forecasts).of(["1", "2"]);
    assert_eq!(batch.answer(&consumer).await.unwrap(), failed::<0>([]));
    let expected = [("1".to_owned(), 1), ("2".to_owned(), 2)];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_failure_or_a_panic_fails_its_message_alone() {
    let batch = Batch::new(QueueName::Forecasts).of(["1", "retry", "panic", "4"]);
    assert_eq!(batch.answer(&by_body()).await.unwrap(), failed(["id-1", "id-2"]));
}

#[tokio::test]
async fn a_fifo_batch_stops_at_the_first_failure_and_returns_the_rest() {
    let batch = Batch::new(QueueName::Imports).of(["1", "panic", "3", "4"]);
    assert_eq!(batch.answer(&by_body()).await.unwrap(), failed(["id-1", "id-2", "id-3"]));
}

#[tokio::test]
async fn a_message_that_can_never_succeed_is_a_dead_letter_and_stops_nothing() {
    let queue = Arc::new(Moto::get().queue_port());
    let message = Outgoing {
        body: "discard".into(),
        group: Some("a".into()),
        dedupe: Some("1".into()),
        ..Outgoing::default()
    };
    queue.send(QueueName::Imports, &[message]).await.unwrap();
    let received = queue.receive(QueueName::Imports, 1, MINUTE).await.unwrap().remove(0);
    let mut batch = Batch { queue, ..Batch::new(QueueName::Imports).of(["discard", "2"]) };
    batch.event["Records"][0]["receiptHandle"] = received.receipt.into();
    assert_eq!(batch.answer(&by_body()).await.unwrap(), failed::<0>([]));
    assert_eq!(batch.queue.dead_letters(QueueName::Imports).await.unwrap(), 1);
    assert_eq!(batch.queue.receive(QueueName::Imports, 1, MINUTE).await.unwrap(), []);
}

#[tokio::test]
async fn a_message_that_shall_come_again_later_is_hidden_until_then() {
    let queue = Arc::new(Moto::get().queue_port());
    queue
        .send(QueueName::Reports, &[Outgoing { body: "1".into(), ..Outgoing::default() }])
        .await
        .unwrap();
    let received = queue.receive(QueueName::Reports, 1, MINUTE).await.unwrap().remove(0);
    let mut batch = Batch { queue, ..Batch::new(QueueName::Reports).of(["1"]) };
    batch.event["Records"][0]["receiptHandle"] = received.receipt.into();
    for (later, visible) in [(MINUTE, 0), (Duration::ZERO, 1)] {
        let consumer = consumer(move |_| Err(Failure::later(later, "not yet")));
        assert_eq!(batch.answer(&consumer).await.unwrap(), failed(["id-0"]));
        let again = batch.queue.receive(QueueName::Reports, 1, MINUTE).await.unwrap();
        assert_eq!(again.len(), visible);
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_put_with_the_dead_letters_is_left_to_the_queue() {
    let queue = SqsQueue::new(
        aws::client::Client::new(&Moto::get().config()).unwrap(),
        Default::default(),
        Duration::ZERO,
    );
    let batch = Batch::new(QueueName::Forecasts).of(["discard", "2"]);
    let batch = Batch { queue: Arc::new(queue), ..batch };
    assert_eq!(batch.answer(&by_body()).await.unwrap(), failed(["id-0"]));
}

#[tokio::test]
async fn a_message_without_id_refuses_the_whole_event_before_anything_is_done() {
    for id in [Value::Null, "".into()] {
        let never = consumer(|_| panic!("nothing is handed over"));
        let mut batch = Batch::new(QueueName::Forecasts).of(["1", "2"]);
        batch.event["Records"][1]["messageId"] = id;
        let answer = batch.answer(&never).await;
        assert!(matches!(answer, Err(aws::Refused::MessageWithoutId)), "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_not_begun_or_not_done_before_the_deadline_comes_again() {
    let slow = Trigger::queue(QueueName::Forecasts, |_, delivery: Delivery| async move {
        let work = if delivery.body == "1" { Duration::ZERO } else { MINUTE };
        tokio::time::sleep(work).await;
        Ok(())
    });
    let Trigger::Queue(_, slow) = slow else { unreachable!() };
    let within = Duration::from_millis(300);
    let batch = Batch { within, ..Batch::new(QueueName::Forecasts).of(["1", "2", "3"]) };
    assert_eq!(batch.answer(&slow).await.unwrap(), failed(["id-1", "id-2"]));
}

#[tokio::test]
async fn what_a_consumer_sends_belongs_to_the_trace_of_its_message() {
    let seen = Arc::new(Mutex::new(None));
    let remember = seen.clone();
    let consumer = consumer(move |_| {
        *remember.lock().unwrap() = TraceParent::current();
        Ok(())
    });
    let mut batch = Batch::new(QueueName::Forecasts).of(["1"]);
    batch.event["Records"][0]["messageAttributes"]["traceparent"] =
        json!({"stringValue": TRACE, "dataType": "String"});
    batch.answer(&consumer).await.unwrap();
    let current = seen.lock().unwrap().unwrap();
    let sent = TraceParent::parse(TRACE).unwrap();
    assert_eq!(current.trace_id, sent.trace_id);
    assert_ne!(current.parent_id, sent.parent_id);
}

struct Batch {
    name: QueueName,
    queue: Arc<SqsQueue>,
    event: Value,
    within: Duration,
}

impl Batch {
    fn new(name: QueueName) -> Self {
        let queue = Arc::new(Moto::get().queue_port());
        Self { name, queue, event: Value::Null, within: MINUTE }
    }

    /// Messages with these bodies, `id-0`, `id-1` …, delivered once, twice ….
    fn of<const N: usize>(mut self, bodies: [&str; N]) -> Self {
        let suffix = if self.name.is_fifo() { ".fifo" } else { "" };
        let arn = moto::arn(&format!("http://127.0.0.1/1/{}{suffix}", self.name.as_str()));
        let records = bodies.iter().enumerate().map(|(number, body)| {
            json!({
                "messageId": format!("id-{number}"),
                "receiptHandle": format!("receipt-{number}"),
                "body": body,
                "attributes": {"ApproximateReceiveCount": (number + 1).to_string()},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": "eu-central-1"
            })
        });
        self.event = json!({ "Records": records.collect::<Vec<_>>() });
        self
    }

    async fn answer(&self, consumer: &Consumer) -> Result<Value, aws::Refused> {
        let worker = Worker { name: "worker", queue: self.name, consumer };
        let app = Moto::get().app(self.queue.clone());
        let deadline = Deadline::within(self.within);
        aws::sqs::answer(&worker, &app, self.event.clone(), deadline).await
    }
}

fn failed<const N: usize>(ids: [&str; N]) -> Value {
    json!({ "batchItemFailures": ids.map(|id| json!({ "itemIdentifier": id })).to_vec() })
}

fn consumer(handle: impl Fn(Delivery) -> Result<(), Failure> + Send + Sync + 'static) -> Consumer {
    Arc::new(move |_app, delivery| {
        let answer = handle(delivery);
        Box::pin(async move { answer })
    })
}

fn by_body() -> Consumer {
    consumer(|delivery| match delivery.body.as_str() {
        "retry" => Err(Failure::retry("later")),
        "discard" => Err(Failure::discard("never")),
        "panic" => panic!("on purpose"),
        _ => Ok(()),
    })
}
