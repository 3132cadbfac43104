//! Points that arrive while Postgres is away are written later, once, with true verdicts.

use std::sync::Arc;

use app::{App, Role};
use axum::Router;
use axum::body::Body;
use domain::access::Scope;
use http::Method;
use serde_json::{Value, json};
use tests::cutter::Cutter;
use tests::lambda::{ForeignQueue, deliver, router, with_database, with_queue, without_postgres};
use tests::{Answer, World, client};

use crate::rollups::assert_rollups_equal_points;

const NOW: &str = "2026-11-21T07:00:00Z";

/// A shop whose key is known where it is looked up while Postgres is away.
async fn shop() -> (World, String) {
    let world = World::at(NOW).await.with_tenant("Europe/Berlin").await;
    let scopes = [Scope::PointsWrite, Scope::MetricsRead, Scope::MetricsWrite];
    let key = world.key(&scopes).await;
    let revenue = json!({ "kind": "counter", "unit": "EUR" });
    world.put("/v1/metrics/revenue", &key, &revenue).await.expect(200);
    world.put("/v1/metrics/stock", &key, &json!({ "kind": "gauge" })).await.expect(200);
    (world, key)
}

fn on_sqs(world: &World) -> App {
    let app = world.app(Role::App);
    with_queue(&app, Arc::new(ForeignQueue::around(app.queue.clone())))
}

/// `ingest` on Lambda, while Postgres is away and the queue is not.
fn away(world: &World) -> Router {
    router(&without_postgres(&on_sqs(world)), "ingest")
}

async fn post(router: &Router, key: &str, idempotency_key: Option<&str>, rows: &Value) -> Answer {
    let mut request = client::request(Method::POST, "/v1/points", key);
    if let Some(idempotency_key) = idempotency_key {
        request = request.header("idempotency-key", idempotency_key);
    }
    let request = request.body(Body::from(rows.to_string())).unwrap();
    client::send(router.clone(), request).await
}

async fn receipt(world: &World, key: &str, posted: &Answer) -> Answer {
    let receipt = posted.json["receipt"].as_str().expect("a receipt");
    world.get(&format!("/v1/receipts/{receipt}"), key).await
}

/// Rows of every fate.
fn rows() -> Value {
    let sale = |value: Value| json!({ "metric": "revenue", "value": value, "at": NOW });
    let with_id = |value: i64| json!({ "metric": "revenue", "value": value, "at": NOW, "id": "a" });
    json!([
        sale(json!(1299)),
        sale(json!("7.01")),
        sale(json!(12.5)),
        sale(json!("a lot")),
        with_id(100),
        with_id(100),
        with_id(200),
        { "metric": "stock", "value": 5, "at": NOW, "id": "level" },
        { "metric": "stock", "value": 6, "at": NOW, "id": "level" },
        { "metric": "revenue", "value": 1, "unit": "USD" },
        { "metric": "visits", "value": 1, "tags": { "page": "home" } },
        { "metric": "Visits", "value": 1 },
    ])
}

/// What chance decides taken out.
fn verdicts(answer: &Answer) -> Value {
    let mut verdicts = answer.json.clone();
    verdicts["receipt"].take();
    for result in verdicts["results"].as_array_mut().expect("results") {
        result.as_object_mut().unwrap().remove("quarantine_id");
    }
    verdicts
}

#[tokio::test]
async fn a_batch_waits_in_the_queue_and_its_receipt_says_later_what_a_direct_call_would_have_said()
{
    let (direct, direct_key) = shop().await;
    let expected = direct.post("/v1/points", &direct_key, &rows()).await.expect(200);

    let (world, key) = shop().await;
    let posted = post(&away(&world), &key, None, &rows()).await.expect(202);
    assert_eq!(posted.json["status"], "queued");
    assert_eq!((&posted.json["parts"], &posted.json["parts_written"]), (&json!(1), &json!(0)));
    assert_eq!(receipt(&world, &key, &posted).await.expect(202).json, posted.json);
    assert_eq!(world.count("select count(*) from point").await, 0);

    assert_eq!(world.drain_queues().await, 1);
    let drained = receipt(&world, &key, &posted).await.expect(200);
    assert_eq!(verdicts(&drained), verdicts(&expected));
    for count in [
        "select count(*) from point",
        "select count(*) from quarantine",
        "select sum(sum)::bigint from roll_day",
    ] {
        assert_eq!(world.count(count).await, direct.count(count).await, "{count}");
    }
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn every_part_of_a_large_batch_is_written_once_however_often_it_is_delivered() {
    let (world, key) = shop().await;
    let note = "x".repeat(50);
    let rows: Vec<Value> = (0..10_000)
        .map(|n| json!({ "metric": "visits", "value": 1, "at": NOW, "id": format!("{note}{n}") }))
        .collect();
    let posted = post(&away(&world), &key, None, &json!(rows)).await.expect(202);
    let parts = posted.json["parts"].as_u64().unwrap();
    assert!(parts > 1, "one part only");
    assert_eq!(world.count("select max(length(body))::bigint from job").await / 700_000, 0);
    world
        .sql(
            "insert into job (queue, group_key, visible_at, body)
         select queue, group_key, visible_at, body from job order by id desc",
        )
        .await;
    assert_eq!(world.drain_queues().await as u64, 2 * parts);
    let drained = receipt(&world, &key, &posted).await.expect(200);
    assert_eq!(
        (&drained.json["accepted"], &drained.json["duplicate"]),
        (&json!(10_000), &json!(0))
    );
    assert_eq!(world.count("select count(*) from point").await, 10_000);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn a_receipt_is_open_until_its_last_part_is_written() {
    let (world, key) = shop().await;
    let note = "x".repeat(50);
    let rows: Vec<Value> = (0..6_000)
        .map(|n| json!({ "metric": "visits", "value": 1, "at": NOW, "id": format!("{note}{n}") }))
        .collect();
    let posted = post(&away(&world), &key, None, &json!(rows)).await.expect(202);
    let last = "update job set visible_at = now() + interval '1 hour'
                where id = (select max(id) from job)";
    world.sql(last).await;
    world.drain_queues().await;
    let open = receipt(&world, &key, &posted).await.expect(202);
    let parts = posted.json["parts"].as_u64().unwrap();
    assert_eq!(open.json["parts_written"], parts - 1);
    world.sql("update job set visible_at = now()").await;
    world.drain_queues().await;
    assert_eq!(receipt(&world, &key, &posted).await.expect(200).json["accepted"], 6_000);
}

#[tokio::test]
async fn a_batch_whose_answer_was_lost_on_the_way_is_not_counted_twice() {
    let (world, key) = shop().await;
    let point = json!([{ "metric": "revenue", "value": 1299, "at": NOW }]);
    // So that nothing but the batch itself is committed under the cut.
    world.post("/v1/points", &key, &point).await.expect(200);
    let cutter = Cutter::before(world.database_url(Role::App)).await;
    let ingest = router(&with_database(&on_sqs(&world), cutter.url()), "ingest");
    post(&ingest, &key, None, &point).await.expect(200);
    assert_eq!(world.count("select count(*) from point").await, 2);

    cutter.cut_at_commit();
    let posted = post(&ingest, &key, None, &point).await.expect(202);
    assert_eq!(world.count("select count(*) from point").await, 3, "it was committed");
    assert_eq!(world.drain_queues().await, 1);
    assert_eq!(world.count("select count(*) from point").await, 3);
    assert_eq!(receipt(&world, &key, &posted).await.expect(200).json["accepted"], 1);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn the_same_idempotency_key_counts_once_whether_postgres_is_there_or_away() {
    let (world, key) = shop().await;
    let first = post(&world.host().router(), &key, Some("batch-1"), &rows()).await.expect(200);
    let again = post(&away(&world), &key, Some("batch-1"), &rows()).await.expect(202);
    assert_eq!(first.json["receipt"], again.json["receipt"]);
    let count = world.count("select count(*) from point").await;
    world.drain_queues().await;
    assert_eq!(world.count("select count(*) from point").await, count);
    assert_eq!(receipt(&world, &key, &again).await.expect(200).json, first.json);

    let parked = post(&away(&world), &key, Some("batch-2"), &rows()).await.expect(202);
    let meanwhile = post(&world.host().router(), &key, Some("batch-2"), &rows()).await.expect(200);
    assert_eq!(parked.json["receipt"], meanwhile.json["receipt"]);
    let count = world.count("select count(*) from point").await;
    world.drain_queues().await;
    assert_eq!(world.count("select count(*) from point").await, count);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn a_part_stays_in_the_queue_while_postgres_stays_away() {
    let (world, key) = shop().await;
    post(&away(&world), &key, None, &rows()).await.expect(202);
    let body: String = world.sql("select body from job").await[0].get(0);
    let arn = "arn:aws:sqs:eu-central-1:123456789012:takings-ingest.fifo";
    let record = json!({ "messageId": "m-1", "body": body, "eventSourceARN": arn });
    let event = json!({ "Records": [record] });
    let app = on_sqs(&world);
    let answer = deliver(&without_postgres(&app), "ingest-drain", event.clone()).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "m-1" }] }));
    let answer = deliver(&app, "ingest-drain", event).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
}

#[tokio::test]
async fn where_the_queue_is_postgres_itself_the_client_is_asked_to_come_again() {
    let (world, key) = shop().await;
    let ingest = router(&without_postgres(&world.app(Role::App)), "ingest");
    let answer = post(&ingest, &key, None, &rows()).await.expect(503);
    assert_eq!((answer.header("retry-after"), &answer.json["code"]), ("2", &json!("unavailable")));
}

#[tokio::test]
async fn a_key_of_a_waiting_batch_is_refused_with_another_body() {
    let (world, key) = shop().await;
    let away = away(&world);
    let sale = |value: i64| json!([{ "metric": "revenue", "value": value, "at": NOW }]);
    post(&away, &key, Some("k"), &sale(1)).await.expect(202);
    post(&away, &key, Some("k"), &sale(1)).await.expect(202);
    let refused = post(&away, &key, Some("k"), &sale(2)).await.expect(422);
    assert_eq!(refused.json["code"], "idempotency_mismatch");
    world.drain_queues().await;
    assert_eq!(world.count("select sum(value)::bigint from point").await, 1);
}

#[tokio::test]
async fn a_waiting_batch_whose_key_came_with_another_body_meanwhile_is_kept_with_the_dead_letters()
{
    let (world, key) = shop().await;
    let sale = |value: i64| json!([{ "metric": "revenue", "value": value, "at": NOW }]);
    post(&away(&world), &key, Some("k"), &sale(1)).await.expect(202);
    let back = router(&on_sqs(&world), "ingest");
    post(&back, &key, Some("k"), &sale(2)).await.expect(200);
    let drained = world.drain_queues_despite_failures().await;
    assert_eq!(drained.discarded, 1);
    assert_eq!(world.count("select count(*) from job_dead").await, 1);
    assert_eq!(world.count("select sum(value)::bigint from point").await, 2);
}

#[tokio::test]
async fn a_repair_waits_for_postgres_because_it_must_count_once() {
    let (world, key) = shop().await;
    let bad = json!([{ "metric": "revenue", "value": "a lot" }]);
    let answer = world.post("/v1/points", &key, &bad).await.expect(422);
    let id = answer.json["results"][0]["quarantine_id"].as_str().unwrap().to_owned();
    let request = client::request(Method::POST, &format!("/v1/quarantine/{id}"), &key);
    let fixed = json!({ "metric": "revenue", "value": 1 }).to_string();
    let answer = client::send(away(&world), request.body(Body::from(fixed)).unwrap()).await;
    assert!(!answer.expect(503).header("retry-after").is_empty());
    assert_eq!(world.count("select count(*) from job").await, 0);
}
