//! The second host: what it mounts, delivers, counts and lets end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use app::port::Outgoing;
use app::{App, Every, Failure, Function, Problem, Role, Trigger, Uses};
use domain::calendar::{Weekday, Zone};
use domain::message::QueueName;
use jiff::civil;
use local::command_line::{RunOptions, TenantOptions};
use local::host::{Drained, Host};
use local::postgres::options_of;
use local::shop;
use serde_json::json;
use tests::{World, client};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, timeout};
use utoipa_axum::router::OpenApiRouter;

/// Objects behind signed addresses.
mod objects;
/// Servers that start, stop and are taken over.
mod servers;

const QUEUE: QueueName = QueueName::Reports;

fn on_queue<F, A>(handler: F) -> Function
where
    F: Fn(u32) -> A + Send + Sync + 'static,
    A: Future<Output = Result<(), Failure>> + Send + 'static,
{
    Function {
        name: "on-queue",
        trigger: Trigger::queue(QUEUE, move |_app, delivery| handler(delivery.attempt)),
        uses: Uses { postgres: Some(Role::App), ..Uses::default() },
    }
}

async fn send(world: &World, group: &str) {
    let message = Outgoing {
        body: "{}".to_owned(),
        group: Some(group.to_owned()),
        dedupe: Some(group.to_owned()),
        ..Outgoing::default()
    };
    world.app(Role::App).queue.send(QUEUE, &[message]).await.unwrap();
}

/// Serves until the sender is dropped or used.
async fn serve_until(host: Host, stop: oneshot::Receiver<()>) -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let stopped = async {
        let _either_way = stop.await;
    };
    host.serve(listener, stopped).await
}

#[tokio::test]
async fn a_message_that_keeps_failing_becomes_a_dead_letter_and_can_be_revived() {
    let world = World::new().await;
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = attempts.clone();
    let host = world.host_of(vec![on_queue(move |attempt| {
        seen.lock().unwrap().push(attempt);
        async { Err(Failure::retry("not yet")) }
    })]);
    send(&world, "a").await;
    let drained = host.drain_queues().await.unwrap();
    assert_eq!(drained, Drained { done: 0, retried: 5, discarded: 0 });
    assert_eq!(*attempts.lock().unwrap(), [1, 2, 3, 4, 5]);
    let queue = &world.app(Role::App).queue;
    assert_eq!(queue.dead_letters(QUEUE).await.unwrap(), 1);
    queue.redrive(QUEUE).await.unwrap();
    let host = world.host_of(vec![on_queue(|_attempt| async { Ok(()) })]);
    assert_eq!(host.drain_queues().await.unwrap().done, 1);
    assert_eq!(queue.dead_letters(QUEUE).await.unwrap(), 0);
}

#[tokio::test]
async fn a_message_that_can_never_succeed_is_not_tried_again() {
    let world = World::new().await;
    let host = world.host_of(vec![on_queue(|_| async { Err(Failure::discard("nonsense")) })]);
    send(&world, "a").await;
    let drained = host.drain_queues().await.unwrap();
    assert_eq!(drained, Drained { done: 0, retried: 0, discarded: 1 });
    assert_eq!(world.app(Role::App).queue.dead_letters(QUEUE).await.unwrap(), 1);
}

#[tokio::test]
async fn a_panic_costs_one_delivery_and_no_more() {
    let world = World::new().await;
    let host = world.host_of(vec![on_queue(|attempt| async move {
        assert!(attempt > 1, "the first delivery panics");
        Ok(())
    })]);
    send(&world, "a").await;
    send(&world, "b").await;
    let drained = host.drain_queues().await.unwrap();
    assert_eq!(drained, Drained { done: 2, retried: 2, discarded: 0 });
}

#[tokio::test]
async fn a_function_has_no_port_that_it_does_not_declare() {
    let world = World::new().await;
    let refused = Arc::new(Mutex::new(Vec::new()));
    let seen = refused.clone();
    let trigger = Trigger::command(move |app: App, _tick| {
        let seen = seen.clone();
        async move {
            let message = Outgoing { body: "{}".to_owned(), ..Outgoing::default() };
            app.queue.send(QUEUE, std::slice::from_ref(&message)).await?;
            let sent = app.queue.send(QueueName::Forecasts, &[message]).await;
            let read = app.key_value.get("key").await;
            let errors = [sent.err(), read.err(), app.objects().err()];
            seen.lock().unwrap().extend(errors.map(|error| error.map(|it| it.to_string())));
            Ok(())
        }
    });
    let uses = Uses { sends: &[QUEUE], ..Uses::default() };
    let host = world.host_of(vec![Function { name: "frugal", trigger, uses }]);
    host.command("frugal").await.unwrap();
    let undeclared = |what: &str| Some(format!("the function does not declare that it {what}"));
    let expected = ["sends to `forecasts`", "uses key-value records", "uses objects"];
    assert_eq!(*refused.lock().unwrap(), expected.map(undeclared));
}

#[tokio::test]
async fn a_tenant_is_made_as_the_command_line_describes_it() {
    let world = World::new().await;
    let tenant = TenantOptions {
        name: "Corner".to_owned(),
        week_start: Weekday(civil::Weekday::Sunday),
        fiscal_year_start_month: 7,
        points_per_minute: 100,
    };
    let first = RunOptions {
        zone: Some(Zone::parse("Asia/Kathmandu").unwrap()),
        currency: "NPR".to_owned().try_into().unwrap(),
        new_key: false,
    };
    let owner = store::connect(&options_of(world.database_url(Role::Owner))).await.unwrap();
    let wanted = shop::wanted(&tenant, &first);
    let (made, key) = shop::key(&owner, wanted, tenant.points_per_minute).await.unwrap();
    assert_eq!((made.name.as_str(), made.currency.code()), ("Corner", "NPR"));
    let point = json!([{ "metric": "visits", "value": 1 }]);
    let taken = world.post("/v1/points", key.reveal(), &point).await.expect(200);
    assert_eq!(taken.header("ratelimit-limit"), "100");
    let question = json!({ "queries": { "q": {
        "metric": "visits", "range": { "preset": "wtd" }, "grain": "week" } } });
    let asked = world.post("/v1/query", key.reveal(), &question).await.expect(200);
    let from = asked.json["answers"]["q"]["from"].as_str().unwrap_or_default();
    let from: jiff::Timestamp = from.parse().unwrap();
    let from = from.in_tz("Asia/Kathmandu").unwrap();
    assert_eq!((from.weekday(), from.hour()), (civil::Weekday::Sunday, 0));
}

#[tokio::test]
async fn a_failed_message_waits_longer_than_a_fresh_one() {
    let world = World::new().await;
    let deliveries = Arc::new(Mutex::new(Vec::new()));
    let seen = deliveries.clone();
    let done = Arc::new(Notify::new());
    let finished = done.clone();
    let host = world.host_of(vec![on_queue(move |attempt| {
        seen.lock().unwrap().push(Instant::now());
        let finished = finished.clone();
        async move {
            if attempt == 1 {
                return Err(Failure::retry("not yet"));
            }
            finished.notify_one();
            Ok(())
        }
    })]);
    let (stop, stopped) = oneshot::channel();
    let work = async {
        // By now the workers rest; the message wakes them.
        sleep(Duration::from_millis(400)).await;
        let sent = Instant::now();
        send(&world, "a").await;
        timeout(Duration::from_secs(10), done.notified()).await.unwrap();
        stop.send(()).unwrap();
        sent
    };
    let (served, sent) = tokio::join!(serve_until(host, stopped), work);
    served.unwrap();
    let deliveries = deliveries.lock().unwrap();
    let [first, second] = deliveries[..] else { panic!("{} deliveries", deliveries.len()) };
    assert!(first - sent < Duration::from_millis(300), "woken after {:?}", first - sent);
    assert!(second - first >= Duration::from_secs(1), "again after {:?}", second - first);
}

#[tokio::test]
async fn what_is_in_flight_ends_before_the_host_does() {
    let world = World::new().await;
    let ended = Arc::new(AtomicU32::new(0));
    let (handled, begun) = (ended.clone(), Arc::new(Notify::new()));
    let started = begun.clone();
    let host = world.host_of(vec![on_queue(move |_| {
        let (handled, started) = (handled.clone(), started.clone());
        async move {
            started.notify_one();
            sleep(Duration::from_millis(700)).await;
            handled.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    })]);
    let (stop, stopped) = oneshot::channel();
    send(&world, "a").await;
    let work = async {
        begun.notified().await;
        stop.send(()).unwrap();
    };
    let (served, ()) = tokio::join!(serve_until(host, stopped), work);
    served.unwrap();
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    assert_eq!(world.count("select count(*) from job").await, 0, "it was not acknowledged");
}

#[tokio::test]
async fn a_daily_schedule_runs_once_however_often_the_host_starts() {
    let world = World::new().await;
    let runs = Arc::new(AtomicU32::new(0));
    for start in 0..2 {
        let (seen, ran) = (runs.clone(), Arc::new(Notify::new()));
        let told = ran.clone();
        let trigger = Trigger::schedule(Every::Day { hour: 2, minute: 10 }, move |_app, _tick| {
            seen.fetch_add(1, Ordering::SeqCst);
            told.notify_one();
            async { Ok(()) }
        });
        let daily = Function { name: "daily", trigger, uses: Uses::default() };
        let host = world.host_of(vec![daily]);
        let (stop, stopped) = oneshot::channel();
        let work = async {
            let it_runs =
                timeout(Duration::from_secs(if start == 0 { 30 } else { 5 }), ran.notified());
            assert_eq!(it_runs.await.is_ok(), start == 0, "start {start}");
            sleep(Duration::from_millis(300)).await;
            stop.send(()).unwrap();
        };
        let (served, ()) = tokio::join!(serve_until(host, stopped), work);
        served.unwrap();
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

async fn fails() -> Problem {
    Problem::internal("a private cause")
}

fn over_http() -> Function {
    Function {
        name: "over-http",
        // A path that needs no credential: others are not served.
        trigger: Trigger::Http(
            OpenApiRouter::new().route("/.well-known/jwks.json", axum::routing::get(fails)),
        ),
        uses: Uses::default(),
    }
}

#[tokio::test]
async fn prometheus_reads_requests_messages_and_queues() {
    let world = World::new().await;
    let queued = on_queue(|_| async { Err(Failure::discard("nonsense")) });
    let host = world.host_of(vec![over_http(), queued]);
    send(&world, "a").await;
    host.drain_queues().await.unwrap();
    let get = |path: &str| {
        let request = client::request(http::Method::GET, path, "");
        client::send(host.router(), request.body(axum::body::Body::empty()).unwrap())
    };
    let broken = get("/.well-known/jwks.json").await.expect(500);
    assert!(!broken.text().contains("private"), "{}", broken.text());
    assert_eq!(get("/health").await.expect(200).text(), "ready\n");
    assert_eq!(get("/v1/nowhere").await.expect(404).json["code"], "not_found");
    let page = get("/metrics").await.expect(200);
    assert!(page.header("content-type").starts_with("text/plain; version=0.0.4"));
    let page = page.text();
    for line in [
        r#"takings_requests_total{function="over-http",status="5xx"} 1"#,
        r#"takings_request_seconds_bucket{function="over-http",le="+Inf"} 1"#,
        r#"takings_request_seconds_count{function="over-http"} 1"#,
        r#"takings_messages_total{function="on-queue",outcome="discard"} 1"#,
        r#"takings_queue_messages{queue="reports"} 0"#,
        r#"takings_queue_dead_letters{queue="reports"} 1"#,
    ] {
        assert!(page.lines().any(|written| written == line), "no `{line}` in\n{page}");
    }
    for line in page.lines().filter(|line| !line.starts_with("# ")) {
        let (name, value) = line.rsplit_once(' ').unwrap_or_default();
        let (metric, labels) = name.split_once('{').unwrap_or_default();
        assert!(metric.starts_with("takings_") && labels.ends_with('}'), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}
