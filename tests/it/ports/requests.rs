use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::Clock;
use app::port::{KeyValue as _, Outgoing, Queue as _, Received};
use aws::client::Client;
use aws::key_value::DynamoKeyValue;
use aws::queue::SqsQueue;
use domain::message::QueueName;
use http::Method;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use serde_json::{Value, json};
use tests::moto::{Moto, config_at};
use tests::peer::{self, Answer, Asked};

/// Plays SQS: every operation answers as `script` says, and is remembered.
struct Scripted {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    fn new(script: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = asked.clone();
        let address = peer::listen(move |asked| {
            let body = serde_json::from_slice(&asked.body).unwrap_or_default();
            let answer = script(operation(&asked), &body);
            remembered.lock().unwrap().push(asked);
            answer
        });
        Self { url: format!("http://{address}"), asked }
    }

    fn queue(&self, wait: Duration) -> SqsQueue {
        let urls = [QueueName::Imports, QueueName::Forecasts]
            .map(|queue| (queue, format!("{}/1/{}", self.url, queue.as_str())));
        SqsQueue::new(self.client(), BTreeMap::from(urls), wait)
    }

    fn client(&self) -> Client {
        Client::new(&config_at(&self.url)).unwrap()
    }

    /// Operations and bodies, in order.
    fn heard(&self) -> Vec<(String, Value)> {
        let asked = self.asked.lock().unwrap();
        let body = |asked: &Asked| serde_json::from_slice(&asked.body).unwrap_or_default();
        asked.iter().map(|asked| (operation(asked).to_owned(), body(asked))).collect()
    }
}

#[tokio::test]
async fn dead_letters_are_sent_back_by_a_move_task_on_the_queue_that_the_policy_names() {
    let sqs = Scripted::new(|operation, _| match operation {
        "GetQueueAttributes" => redrive_policy(),
        _ => Answer::new(200, json!({"TaskHandle": "task"}).to_string()),
    });
    sqs.queue(Duration::ZERO).redrive(QueueName::Forecasts).await.unwrap();
    let (operation, body) = sqs.heard().remove(1);
    assert_eq!(operation, "StartMessageMoveTask");
    assert_eq!(body, json!({ "SourceArn": DEAD_ARN }));
}

#[tokio::test]
async fn a_message_lies_with_the_dead_letters_before_it_is_deleted() {
    let sqs = Scripted::new(|operation, _| match operation {
        "GetQueueAttributes" => redrive_policy(),
        "SendMessage" => Answer::new(200, json!({"MessageId": "new"}).to_string()),
        _ => Answer::new(200, "{}"),
    });
    let message = Received {
        id: "message".into(),
        receipt: "receipt".into(),
        attempt: 3,
        body: "{}".into(),
        group: Some("group".into()),
        trace: None,
    };
    let queue = SqsQueue::new(sqs.client(), BTreeMap::new(), Duration::ZERO);
    assert!(queue.bury(QueueName::Imports, &message).await.is_err(), "where it comes from?");
    queue.comes_from(QueueName::Imports, "arn:aws:sqs:eu-central-1:1:imports.fifo");
    queue.bury(QueueName::Imports, &message).await.unwrap();
    let heard = sqs.heard();
    let operations: Vec<&str> = heard.iter().map(|(operation, _)| operation.as_str()).collect();
    assert_eq!(operations, ["GetQueueAttributes", "SendMessage", "DeleteMessage"]);
    let (sent, deleted) = (&heard[1].1, &heard[2].1);
    assert_eq!(sent["QueueUrl"], format!("{}/1/dead", sqs.url));
    assert_eq!(sent["MessageGroupId"], "group");
    assert_eq!(sent["MessageDeduplicationId"], "message");
    assert_eq!(deleted["QueueUrl"], format!("{}/1/imports.fifo", sqs.url));
    assert_eq!(deleted["ReceiptHandle"], "receipt");
}

#[tokio::test]
async fn a_receipt_that_sqs_refuses_is_held_by_another_delivery_and_other_errors_are_errors() {
    let sqs = Scripted::new(|_, body| {
        let kind = match body["ReceiptHandle"].as_str() {
            Some("expired") => "com.amazonaws.sqs#InvalidParameterValue",
            Some("visible") => "com.amazonaws.sqs#MessageNotInflight",
            Some("invalid") => "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            _ => "com.amazonaws.sqs#AccessDenied",
        };
        Answer::new(400, json!({"__type": kind, "message": "no"}).to_string())
    });
    let queue = sqs.queue(Duration::ZERO);
    for receipt in ["expired", "visible", "invalid"] {
        assert!(!queue.acknowledge(QueueName::Imports, receipt).await.unwrap());
        assert!(!queue.release(QueueName::Imports, receipt, Duration::ZERO).await.unwrap());
    }
    assert!(queue.acknowledge(QueueName::Imports, "another").await.is_err());
}

#[tokio::test]
async fn messages_go_in_batches_that_sqs_takes() {
    let sqs = Scripted::new(|_, body| {
        let entries = body["Entries"].as_array().unwrap();
        let sent: Vec<Value> =
            entries.iter().map(|entry| json!({"Id": entry["Id"], "MessageId": "m"})).collect();
        Answer::new(200, json!({"Successful": sent, "Failed": []}).to_string())
    });
    let queue = sqs.queue(Duration::ZERO);
    let small = Outgoing { body: "{}".into(), ..Outgoing::default() };
    queue.send(QueueName::Forecasts, &vec![small; 25]).await.unwrap();
    let large = Outgoing { body: "x".repeat(500_000), ..Outgoing::default() };
    queue.send(QueueName::Forecasts, &vec![large; 5]).await.unwrap();
    queue.send(QueueName::Forecasts, &[]).await.unwrap();
    let sizes: Vec<usize> =
        sqs.heard().iter().map(|(_, body)| body["Entries"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [10, 10, 5, 2, 2, 1]);
}

#[tokio::test]
async fn a_batch_of_which_a_message_was_refused_is_an_error_that_names_the_reason() {
    let sqs = Scripted::new(|_, _| {
        let failed = json!({"Id": "1", "Code": "InternalError", "SenderFault": false});
        let answer = json!({"Successful": [{"Id": "0", "MessageId": "m"}], "Failed": [failed]});
        Answer::new(200, answer.to_string())
    });
    let message = Outgoing { body: "{}".into(), ..Outgoing::default() };
    let queue = sqs.queue(Duration::ZERO);
    let sent = queue.send(QueueName::Forecasts, &[message.clone(), message]).await;
    let error = sent.unwrap_err().to_string();
    assert!(error.contains("refused 1") && error.contains("InternalError"), "{error}");
}

#[tokio::test]
async fn a_fifo_message_without_group_or_dedupe_id_is_not_sent() {
    let sqs = Scripted::new(|_, _| Answer::new(200, "{}"));
    let message = Outgoing { body: "{}".into(), group: Some("a".into()), ..Outgoing::default() };
    let sent = sqs.queue(Duration::ZERO).send(QueueName::Imports, &[message]).await;
    assert!(sent.unwrap_err().to_string().contains("imports"));
    assert_eq!(sqs.heard(), []);
}

#[tokio::test]
async fn a_fifo_message_goes_with_group_and_dedupe_id_and_others_with_their_delay() {
    let sqs = Scripted::new(|_, _| {
        let answer = json!({"Successful": [{"Id": "0", "MessageId": "m"}], "Failed": []});
        Answer::new(200, answer.to_string())
    });
    let message = Outgoing {
        body: "{}".into(),
        group: Some("a".into()),
        dedupe: Some("1".into()),
        ..Outgoing::default()
    };
    let queue = sqs.queue(Duration::ZERO);
    let later = Outgoing { delay: Duration::from_secs(7), ..message.clone() };
    queue.send(QueueName::Imports, &[message]).await.unwrap();
    queue.send(QueueName::Forecasts, &[later]).await.unwrap();
    let entries: Vec<Value> =
        sqs.heard().into_iter().map(|(_, mut body)| body["Entries"][0].take()).collect();
    let fifo = json!({
        "Id": "0",
        "MessageBody": "{}",
        "MessageGroupId": "a",
        "MessageDeduplicationId": "1",
    });
    let plain = json!({ "Id": "0", "MessageBody": "{}", "DelaySeconds": 7 });
    assert_eq!(entries, [fifo, plain]);
}

#[tokio::test]
async fn to_receive_waits_and_hides_for_whole_seconds() {
    let sqs = Scripted::new(|_, _| Answer::new(200, "{}"));
    let queue = sqs.queue(Duration::from_secs(20));
    let visibility = Duration::from_millis(1_500);
    assert_eq!(queue.receive(QueueName::Forecasts, 3, visibility).await.unwrap(), []);
    let (_, body) = sqs.heard().remove(0);
    assert_eq!(body["WaitTimeSeconds"], 20);
    assert_eq!(body["VisibilityTimeout"], 2);
    assert_eq!(body["MaxNumberOfMessages"], 3);
}

#[tokio::test]
async fn the_first_request_finds_the_connection_open() {
    let dynamo = Scripted::new(|_, _| Answer::new(200, "{}"));
    let client = dynamo.client();
    client.warm("dynamodb").await.unwrap();
    let records = DynamoKeyValue::new(client, "table".into(), Clock::System);
    assert_eq!(records.get("key").await.unwrap(), None);
    let asked = dynamo.asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].from, asked[1].from);
}

#[tokio::test]
async fn an_object_is_left_and_found_at_signed_addresses() {
    let moto = Moto::get();
    let config = app::Config { objects_bucket: moto.bucket(), ..moto.config() };
    let client = Client::new(&config).unwrap();
    let objects = aws::objects::objects(&client, &config).unwrap();
    let path = Path::from("imports/sales ä.csv");
    let lifetime = Duration::from_secs(60);
    let signed = objects.signer.sign(Method::PUT, &path, lifetime).await.unwrap();
    assert!(signed.contains("X-Amz-Signature="), "{signed}");
    let _empty = moto.exchange("PUT", &signed, b"by the client");
    let found = objects.store.get(&path).await.unwrap().bytes().await.unwrap();
    assert_eq!(&found[..], b"by the client");
    objects.store.put(&path, "by the function".into()).await.unwrap();
    let signed = objects.signer.sign(Method::GET, &path, lifetime).await.unwrap();
    assert_eq!(moto.exchange("GET", &signed, b""), b"by the function");
    let missing = objects.store.get(&Path::from("imports/none")).await;
    assert!(matches!(missing, Err(object_store::Error::NotFound { .. })), "{missing:?}");
}

const DEAD_ARN: &str = "arn:aws:sqs:eu-central-1:1:dead";

fn redrive_policy() -> Answer {
    let policy = json!({ "deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": 5 }).to_string();
    Answer::new(200, json!({"Attributes": {"RedrivePolicy": policy}}).to_string())
}

/// `SendMessage` of `AmazonSQS.SendMessage`.
fn operation(asked: &Asked) -> &str {
    let target = asked.headers.get("x-amz-target").map_or("", String::as_str);
    target.rsplit_once('.').map_or(target, |(_, operation)| operation)
}
