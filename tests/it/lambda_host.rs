//! The Lambda host: events in, answers out, and the real loop against a runtime API.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::port::Queue as _;
use app::{App, Consumer, Deadline, Delivery, Every, Failure, Function, Tick, Trigger, Uses};
use aws::queue::SqsQueue;
use aws::sqs::Worker;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::{Extension, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::message::QueueName;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tests::moto::{self, Moto};
use tests::runtime_api::{self, Step, What};

const MINUTE: Duration = Duration::from_secs(60);
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

mod requests {
    use super::*;

    #[tokio::test]
    async fn method_path_query_headers_and_text_arrive() {
        let mut event = request("POST", "/v1/echo/a%20b");
        event["rawQueryString"] = "tag=a&tag=b%26c".into();
        event["headers"]["content-type"] = "application/json".into();
        event["headers"]["accept"] = "text/csv,application/json".into();
        event["body"] = "{\"text\":\"ä\"}".into();
        let echo = echoed(event).await;
        assert_eq!(echo["method"], "POST");
        assert_eq!(echo["path"], "/v1/echo/a%20b");
        assert_eq!(echo["query"], "tag=a&tag=b%26c");
        assert_eq!(echo["headers"]["accept"], "text/csv,application/json");
        assert_eq!(echo["body"], STANDARD.encode("{\"text\":\"ä\"}"));
    }

    #[tokio::test]
    async fn bytes_arrive_and_leave_as_base64() {
        let bytes = [0x1f, 0x8b, 0, 255];
        let mut event = request("POST", "/v1/bytes");
        event["isBase64Encoded"] = true.into();
        event["body"] = STANDARD.encode(bytes).into();
        let answer = answer(event).await;
        assert_eq!(answer["isBase64Encoded"], true);
        assert_eq!(answer["body"], STANDARD.encode(bytes));
    }

    #[tokio::test]
    async fn cookies_arrive_in_one_header_and_leave_in_a_list() {
        let mut event = request("GET", "/v1/cookies");
        event["cookies"] = json!(["a=1", "b=2"]);
        let answer = answer(event).await;
        assert_eq!(answer["cookies"], json!(["c=3; Secure", "d=4"]));
        assert_eq!(answer["body"], "a=1; b=2");
    }

    #[tokio::test]
    async fn no_value_of_a_repeated_header_is_lost_on_the_way_out() {
        let answer = answer(request("GET", "/v1/repeated")).await;
        assert_eq!(answer["statusCode"], 202);
        assert_eq!(answer["headers"]["link"], "<a>, <b>");
        assert_eq!(answer["headers"]["x-other"], "once");
        assert_eq!(answer["cookies"], json!(["c=3"]));
    }

    #[tokio::test]
    async fn a_function_url_is_served_like_an_api() {
        let mut event = request("GET", "/v1/echo");
        event["requestContext"]["domainName"] = "abc.lambda-url.eu-central-1.on.aws".into();
        event["headers"] = json!({"host": "abc.lambda-url.eu-central-1.on.aws"});
        event["routeKey"] = "$default".into();
        assert_eq!(echoed(event).await["path"], "/v1/echo");
    }

    #[tokio::test]
    async fn the_request_id_is_the_clients_or_else_the_events() {
        assert_eq!(echoed(request("GET", "/v1/echo")).await["headers"]["x-request-id"], "JKJaXmPL");
        let mut event = request("GET", "/v1/echo");
        event["headers"]["x-request-id"] = "mine".into();
        assert_eq!(echoed(event).await["headers"]["x-request-id"], "mine");
    }

    #[tokio::test]
    async fn the_trace_is_the_clients_or_else_that_of_x_ray() {
        let traced = async |name: &str, value: &str| {
            let mut event = request("GET", "/v1/echo");
            event["headers"]["x-amzn-trace-id"] = "Root=1-5759e988-bd862e3fe1be46a994272793".into();
            event["headers"][name] = value.into();
            echoed(event).await["headers"]["traceparent"].clone()
        };
        assert_eq!(traced("traceparent", TRACE).await, TRACE);
        assert_eq!(
            traced("accept", "*/*").await,
            "00-5759e988bd862e3fe1be46a994272793-e1be46a994272793-01"
        );
        let xray = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";
        assert_eq!(
            traced("x-amzn-trace-id", xray).await,
            "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-00"
        );
    }

    #[tokio::test]
    async fn the_deadline_is_handed_on() {
        let left = echoed(request("GET", "/v1/echo")).await["remaining_ms"].as_u64().unwrap();
        assert!((59_000..=60_000).contains(&left), "{left}");
    }

    #[tokio::test]
    async fn an_event_of_another_kind_is_refused() {
        let event = json!({ "Records": [] });
        let answer = aws::http::answer(&router(), event, Deadline::within(MINUTE)).await;
        assert!(matches!(answer, Err(aws::Refused::Event(_))), "{answer:?}");
    }

    async fn answer(event: Value) -> Value {
        aws::http::answer(&router(), event, Deadline::within(MINUTE)).await.unwrap()
    }

    async fn echoed(event: Value) -> Value {
        let answer = answer(event).await;
        assert_eq!(
            (&answer["statusCode"], &answer["isBase64Encoded"]),
            (&200.into(), &false.into())
        );
        serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
    }

    fn request(method: &str, path: &str) -> Value {
        json!({
            "version": "2.0",
            "routeKey": format!("{method} {path}"),
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"host": "api.example.com", "x-forwarded-proto": "https"},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "api",
                "domainName": "api.example.com",
                "requestId": "JKJaXmPL",
                "stage": "$default",
                "timeEpoch": 1_770_000_000_000_u64,
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1",
                    "userAgent": "test"
                }
            },
            "isBase64Encoded": false
        })
    }

    fn router() -> Router {
        Router::new().fallback(
            |Extension(deadline): Extension<Deadline>, request: Request| async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let text = |name: &str| parts.headers[name].to_str().unwrap().to_owned();
                match parts.uri.path() {
                    "/v1/bytes" => body.into_response(),
                    "/v1/cookies" => {
                        let set =
                            AppendHeaders([("set-cookie", "c=3; Secure"), ("set-cookie", "d=4")]);
                        (set, text("cookie")).into_response()
                    }
                    "/v1/repeated" => repeated(),
                    path => {
                        let names = parts.headers.keys().map(|name| name.as_str());
                        let headers: Value =
                            names.map(|name| (name.to_owned(), text(name))).collect();
                        Json(json!({
                        "method": parts.method.as_str(),
                        "path": path,
                        "query": parts.uri.query(),
                        "headers": headers,
                        "body": STANDARD.encode(&body),
                        "remaining_ms": u64::try_from(deadline.remaining().as_millis()).unwrap(),
                    }))
                    .into_response()
                    }
                }
            },
        )
    }

    fn repeated() -> Response {
        let headers =
            [("link", "<a>"), ("set-cookie", "c=3"), ("x-other", "once"), ("link", "<b>")];
        (StatusCode::ACCEPTED, AppendHeaders(headers)).into_response()
    }
}

mod batches {
    use super::*;

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
        let message = app::port::Outgoing {
            body: "discard".into(),
            group: Some("a".into()),
            dedupe: Some("1".into()),
            ..Default::default()
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
            *remember.lock().unwrap() = app::trace::TraceParent::current();
            Ok(())
        });
        let mut batch = Batch::new(QueueName::Forecasts).of(["1"]);
        batch.event["Records"][0]["messageAttributes"]["traceparent"] =
            json!({"stringValue": TRACE, "dataType": "String"});
        batch.answer(&consumer).await.unwrap();
        let current = seen.lock().unwrap().unwrap();
        let sent = app::trace::TraceParent::parse(TRACE).unwrap();
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

    fn consumer(
        handle: impl Fn(Delivery) -> Result<(), Failure> + Send + Sync + 'static,
    ) -> Consumer {
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
}

mod schedules {
    use super::*;

    #[tokio::test]
    async fn a_firing_says_when_it_was_planned() {
        let planned = "2026-03-01T02:30:00Z";
        let scheduler = json!({
            "version": "0",
            "id": "24618d29",
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "time": planned,
            "detail": "{}"
        });
        for event in [scheduler, json!({ "scheduledTime": planned })] {
            assert_eq!(planned_at(&event).await, planned);
        }
        let now = planned_at(&json!({})).await;
        assert!(now.as_str() > "2026-", "{now}");
    }

    #[tokio::test]
    async fn a_failure_a_panic_and_a_passed_deadline_are_errors_of_the_function() {
        let jobs = [
            Trigger::command(|_, _| async { Err(Failure::retry("later")) }),
            Trigger::command(|_, _| async { panic!("on purpose") }),
            Trigger::command(|_, _| async {
                tokio::time::sleep(MINUTE).await;
                Ok(())
            }),
        ];
        for (job, words) in jobs.into_iter().zip(["later", "on purpose", "the deadline passed"]) {
            let error = fire(job, &json!({})).await.unwrap_err();
            let text = app::trace::chain(&error);
            assert!(text.contains(words), "{text}");
        }
    }

    async fn planned_at(event: &Value) -> String {
        let seen = Arc::new(Mutex::new(String::new()));
        let remember = seen.clone();
        let job = Trigger::schedule(Every::Minutes(15), move |_, tick: Tick| {
            *remember.lock().unwrap() = tick.planned_at.to_string();
            async { Ok(()) }
        });
        assert_eq!(fire(job, event).await.unwrap(), Value::Null);
        let planned = seen.lock().unwrap().clone();
        planned
    }

    async fn fire(trigger: Trigger, event: &Value) -> Result<Value, aws::Refused> {
        let (Trigger::Schedule(_, job) | Trigger::Command(job)) = trigger else { unreachable!() };
        let moto = Moto::get();
        let app = moto.app(Arc::new(moto.queue_port()));
        let deadline = Deadline::within(Duration::from_millis(300));
        aws::schedule::answer("job", &app, &job, event, deadline).await
    }
}

mod the_loop {
    use super::*;

    /// A function in a process of its own, as Lambda runs it.
    struct Hosted {
        process: Child,
        steps: Receiver<Step>,
    }

    impl Hosted {
        /// Runs `hosted_function` of this very binary.
        fn serve(events: Vec<Value>) -> Self {
            let (address, steps) = runtime_api::serve(events);
            let this = std::env::current_exe().unwrap();
            let process = Command::new(this)
                .args(["lambda_host::the_loop::hosted_function", "--exact", "--ignored"])
                .envs(runtime_api::environment(address))
                .env("AWS_REGION", "eu-central-1")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            Self { process, steps }
        }

        fn next(&self) -> What {
            self.steps.recv_timeout(MINUTE).expect("the function goes on").what
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
        let hosted = Hosted::serve(vec![
            json!({ "Records": [record("a", "good"), record("b", "panic")] }),
            json!({ "Records": [{ "body": "without id" }] }),
            json!({ "Records": [record("c", "another")] }),
            json!({ "Records": [] }),
        ]);
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
    #[ignore = "the process that the test above hosts"]
    fn hosted_function() {
        if app::config::read("AWS_LAMBDA_RUNTIME_API").is_none() {
            return;
        }
        let trigger =
            Trigger::queue(QueueName::Forecasts, |_: App, delivery: Delivery| async move {
                assert_ne!(delivery.body, "panic");
                // 29 seconds as the runtime API says, less our half second.
                let left = delivery.deadline.remaining();
                assert!(left < Duration::from_millis(28_500) && left > Duration::from_secs(20));
                Ok(())
            });
        let function = Function { name: "hosted", trigger, uses: Uses::default() };
        let _exit = aws::run(function);
    }
}
