use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use app::port::Outgoing;
use app::{App, Delivery, Function, Role, Trigger, Uses};
use domain::message::QueueName;
use serde_json::{Value, json};
use tests::World;
use tests::runtime_api::{self, Step, What};

use super::MINUTE;

/// A function in a process of its own, as Lambda runs it.
struct Hosted {
    process: Child,
    steps: Receiver<Step>,
}

impl Hosted {
    /// Runs one of the ignored tests of this very binary.
    fn serve(function: &str, environment: &[(&str, &str)], events: Vec<Value>) -> Self {
        let (address, steps) = runtime_api::serve(events);
        let this = std::env::current_exe().unwrap();
        let process = Command::new(this)
            .arg(format!("lambda_host::the_loop::{function}"))
            .args(["--exact", "--ignored"])
            .envs(runtime_api::environment(address))
            .env("AWS_REGION", "eu-central-1")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, steps }
    }

    fn next(&self) -> What {
        self.steps.recv_timeout(MINUTE).expect("the function goes on").what
    }

    /// Ends it. Answers what it wrote of its invocations.
    fn log(mut self) -> Vec<Value> {
        self.process.kill().unwrap();
        let mut written = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut written).unwrap();
        let lines = written.lines().filter_map(|line| serde_json::from_str(line).ok());
        lines.filter(|line: &Value| line["span"]["name"] == "invocation").collect()
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}

#[test]
fn events_are_answered_one_after_the_other_and_a_panic_stops_nothing() {
    let record = |id: &str, body: &str| json!({ "messageId": id, "body": body });
    let events = vec![
        json!({ "Records": [record("a", "good"), record("b", "panic")] }),
        json!({ "Records": [{ "body": "without id" }] }),
        json!({ "Records": [record("c", "another")] }),
        json!({ "Records": [] }),
    ];
    let hosted = Hosted::serve("a_consumer", &[], events);
    let failures = |ids: &[&str]| {
        let items: Vec<_> = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect();
        json!({ "batchItemFailures": items })
    };
    assert_eq!(hosted.next(), What::Asked);
    assert_eq!(hosted.next(), What::Answered(0, failures(&["b"])));
    assert_eq!(hosted.next(), What::Asked);
    let error = json!({
        "errorType": "BadEvent",
        "errorMessage": "a message of the event has no id"
    });
    assert_eq!(hosted.next(), What::Failed(1, error));
    assert_eq!(hosted.next(), What::Asked);
    assert_eq!(hosted.next(), What::Answered(2, failures(&[])));
    assert_eq!(hosted.next(), What::Asked);
    assert_eq!(hosted.next(), What::Answered(3, failures(&[])));
    assert_eq!(hosted.next(), What::Asked);
}

#[test]
fn every_invocation_is_one_wide_line() {
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let attributes = json!({ "traceparent": { "dataType": "String", "stringValue": traceparent } });
    let record = |id: &str, body: &str| {
        json!({ "messageId": id, "body": body, "messageAttributes": attributes,
                "attributes": { "ApproximateReceiveCount": "2" } })
    };
    let events = vec![
        json!({ "Records": [record("a", "good")] }),
        json!({ "Records": [record("b", "panic")] }),
    ];
    let hosted = Hosted::serve("a_consumer", &[], events);
    while hosted.next()
        != What::Answered(1, json!({ "batchItemFailures": [{ "itemIdentifier": "b" }] }))
    {}
    let lines = hosted.log();
    let told = |line: &Value| {
        assert!(line["latency_ms"].is_f64() && line["db_ms"].is_f64(), "{line}");
        assert_eq!(line["db_round_trips"], 0);
        let span = &line["span"];
        assert_eq!(span["function"], "hosted");
        assert_eq!(span["trace_id"], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(span["attempt"], 2);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        [&span["request_id"], &span["message_id"], &line["outcome"]].map(text)
    };
    assert_eq!(
        lines.iter().map(told).collect::<Vec<_>>(),
        [["0", "a", "done"], ["1", "b", "retry"]]
    );
}

#[tokio::test]
async fn queue_and_records_can_be_those_of_a_local_postgres() {
    let world = World::new().await;
    let url = world.database_url(Role::System);
    let environment = [("PORTS", "postgres"), ("DATABASE_URL", url)];
    let hosted = Hosted::serve("a_command", &environment, vec![json!({})]);
    assert_eq!(hosted.next(), What::Asked);
    assert_eq!(hosted.next(), What::Answered(0, Value::Null));
    let app = world.app(Role::System);
    assert_eq!(app.key_value.get("counter").await.unwrap().unwrap().value, "7");
    let sent = app.queue.receive(QueueName::Forecasts, 10, MINUTE).await.unwrap();
    assert_eq!(sent.len(), 1);
}

#[test]
#[ignore = "a function that other tests host"]
fn a_consumer() {
    host(Trigger::queue(QueueName::Forecasts, |_, delivery: Delivery| async move {
        assert_ne!(delivery.body, "panic");
        // 29 seconds as the runtime API says, less our half second.
        let left = delivery.deadline.remaining();
        assert!(left < Duration::from_millis(28_500) && left > Duration::from_secs(20));
        Ok(())
    }));
}

#[test]
#[ignore = "a function that other tests host"]
fn a_command() {
    host(Trigger::command(|app: App, _| async move {
        app.key_value.add("counter", 7, None).await?;
        let transaction = app.db.across().await?;
        let message = Outgoing { body: "{}".to_owned(), ..Outgoing::default() };
        app.queue.send(QueueName::Forecasts, &[message]).await?;
        Ok(transaction.commit().await?)
    }));
}

fn host(trigger: Trigger) {
    if app::config::read("AWS_LAMBDA_RUNTIME_API").is_some() {
        let uses = Uses {
            postgres: Some(Role::System),
            sends: &[QueueName::Forecasts],
            key_value: true,
            ..Uses::default()
        };
        let _exit = aws::run(Function { name: "hosted", trigger, uses });
    }
}
