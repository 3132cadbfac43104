use app::{Clock, Role};
use axum::body::Body;
use domain::access::Scope;
use domain::batch::{Batch, Row, SeriesKey};
use domain::id::ReceiptId;
use domain::metric::{MetricName, Tags};
use http::{Method, Request, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::arrivals::{self, Arrival};
use store::meter::Meter;
use tests::World;
use tests::client::request;
use uuid::Uuid;

use crate::rollups::assert_rollups_equal_points;

/// How many points a key may send in a minute, and how old they may be.
mod allowance;
/// Batches of a tenant that meet share a transaction.
mod company;
/// Rows that nobody sends in good faith.
mod hostile;

const NOW: &str = "2026-03-29T12:00:00Z";

async fn shop() -> (World, String) {
    let world = World::at(NOW).await.with_tenant("Europe/Berlin").await;
    let key = world.key(&[Scope::PointsWrite, Scope::MetricsRead]).await;
    (world, key)
}

fn sale(value: impl Into<Value>, at: &str) -> Value {
    json!({ "metric": "revenue", "value": value.into(), "at": at, "tags": { "country": "DE" } })
}

fn keyed(key: &str, idempotency_key: &str, rows: &Value) -> Request<Body> {
    request(Method::POST, "/v1/points", key)
        .header("idempotency-key", idempotency_key)
        .body(Body::from(rows.to_string()))
        .unwrap()
}

#[tokio::test]
async fn points_are_written_with_their_rollups_and_every_row_has_a_verdict() {
    let (world, key) = shop().await;
    let rows = json!([
        sale(1299, "2026-03-29T00:30:00Z"),
        sale(701, "2026-03-29T01:30:00+01:00"),
        sale(5, "2026-03-29T11:59:59.999Z"),
        { "metric": "Revenue", "value": 1 },
        { "metric": "revenue", "value": "a lot" },
        { "metric": "revenue", "value": 1, "at": "2026-03-29T08:00:00" },
        { "metric": "revenue", "value": 1, "at": "2026-03-29T12:10:01Z" },
        { "metric": "revenue", "value": 1, "at": "2026-03-22T11:59:59Z" },
        { "metric": "revenue", "value": 1, "at": 12_345 },
        { "metric": "revenue", "value": 1, "tags": { "Country": "DE" } },
        { "metric": "revenue", "value": 1, "timestamp": 1 },
        { "value": 1 },
        17,
    ]);
    let answer = world.post("/v1/points", &key, &rows).await.expect(200);
    assert_eq!(answer.json["accepted"], 3);
    assert_eq!(answer.json["rejected"], 10);
    let verdicts: Vec<(u64, &str, &str)> = answer.json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            assert!(result["detail"].is_string() && result["quarantine_id"].is_string());
            let field = result["field"].as_str().unwrap_or_default();
            (result["index"].as_u64().unwrap(), result["code"].as_str().unwrap(), field)
        })
        .collect();
    let expected = [
        (3, "metric_name", "metric"),
        (4, "value", "value"),
        (5, "at", "at"),
        (6, "at_future", "at"),
        (7, "at_late", "at"),
        (8, "at_ambiguous", "at"),
        (9, "tag_key", "tags.Country"),
        (10, "malformed", "timestamp"),
        (11, "malformed", "metric"),
        (12, "malformed", ""),
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(world.count("select count(*) from point").await, 3);
    assert_eq!(world.count("select sum(sum)::bigint from roll_day").await, 2005);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn ndjson_and_gzip_are_read_and_one_broken_line_costs_one_row() {
    let (world, key) = shop().await;
    let visits = |value: i64| json!({ "metric": "visits", "value": value });
    let lines = format!("{}\n\n{{\"metric\":\n{}\n", visits(2), visits(3));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, lines.as_bytes()).unwrap();
    let sent = request(Method::POST, "/v1/points", &key)
        .header(header::CONTENT_TYPE, "application/x-ndjson")
        .header(header::CONTENT_ENCODING, "gzip")
        .body(Body::from(gzip.finish().unwrap()));
    let answer = world.send(sent.unwrap()).await.expect(200);
    assert_eq!((&answer.json["accepted"], &answer.json["rejected"]), (&json!(2), &json!(1)));
    assert_eq!(answer.json["results"][0]["index"], 1);
    assert_eq!(world.count("select sum(value)::bigint from point").await, 5);
}

#[tokio::test]
async fn a_batch_that_is_too_large_too_long_or_unreadable_is_refused_as_a_whole() {
    let (world, key) = shop().await;
    let many: Vec<Value> = (0..10_001).map(|_| sale(1, NOW)).collect();
    let answer = world.post("/v1/points", &key, &json!(many)).await.expect(413);
    assert_eq!(answer.json["code"], "too_large");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let zeros = vec![b' '; 40 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &zeros).unwrap();
    let bomb = request(Method::POST, "/v1/points", &key)
        .header(header::CONTENT_ENCODING, "gzip")
        .body(Body::from(gzip.finish().unwrap()));
    world.send(bomb.unwrap()).await.expect(413);
    let brotli = request(Method::POST, "/v1/points", &key)
        .header(header::CONTENT_ENCODING, "br")
        .body(Body::from("[]"));
    world.send(brotli.unwrap()).await.expect(415);
    for body in ["[", "[]", "", "\u{0}"] {
        let sent = request(Method::POST, "/v1/points", &key).body(Body::from(body));
        let answer = world.send(sent.unwrap()).await;
        assert!([400, 422].contains(&answer.status), "{body:?}: {}", answer.text());
    }
    assert_eq!(world.count("select count(*) from point").await, 0);
}

#[tokio::test]
async fn money_is_whole_minor_units_or_a_decimal_and_kinds_and_units_must_agree() {
    let (world, key) = shop().await;
    let euro = json!({ "metric": "takings", "value": 100, "unit": "EUR" });
    world.post("/v1/points", &key, &json!([euro])).await.expect(200);
    let rows = json!([
        { "metric": "takings", "value": "12.34" },
        { "metric": "takings", "value": 12.34 },
        { "metric": "takings", "value": "12.345" },
        { "metric": "takings", "value": 1, "unit": "USD" },
        { "metric": "takings", "value": 1, "kind": "gauge" },
    ]);
    let answer = world.post("/v1/points", &key, &rows).await.expect(200);
    let codes: Vec<&Value> =
        answer.json["results"].as_array().unwrap().iter().map(|row| &row["code"]).collect();
    assert_eq!(codes, ["minor_units", "minor_units", "unit_conflict", "kind_conflict"]);
    assert_eq!(world.count("select sum(value)::bigint from point").await, 1334);
    let metric = world.get("/v1/metrics/takings", &key).await.expect(200);
    assert_eq!((&metric.json["draft"], &metric.json["unit"]), (&json!(true), &json!("EUR")));
}

#[tokio::test]
async fn an_idempotency_key_counts_a_batch_once_and_answers_the_same_bytes() {
    let (world, key) = shop().await;
    let send = |body: Value| world.send(keyed(&key, "monday-1", &body));
    let body = json!([sale(1, NOW), { "metric": "!" }]);
    let first = send(body.clone()).await.expect(200);
    let again = send(body.clone()).await.expect(200);
    assert_eq!(first.body, again.body);
    assert_eq!(send(json!([sale(2, NOW)])).await.expect(422).json["code"], "idempotency_mismatch");
    let receipt = first.json["receipt"].as_str().unwrap();
    let read = world.get(&format!("/v1/receipts/{receipt}"), &key).await.expect(200);
    assert_eq!(read.body, first.body);
    assert_eq!(world.count("select count(*) from point").await, 1);
    assert_eq!(world.count("select count(*) from quarantine").await, 1);
}

#[tokio::test]
async fn twenty_calls_at_once_with_one_key_count_once() {
    let (world, key) = shop().await;
    let rows = json!([sale(7, NOW)]);
    let sends = (0..20).map(|_| world.send(keyed(&key, "race", &rows)));
    let answers = futures_util::future::join_all(sends).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    assert_eq!(world.count("select sum(sum)::bigint from roll_hour").await, 7);
}

#[tokio::test]
async fn a_point_with_an_id_counts_once_is_replaced_as_a_gauge_and_conflicts_as_a_counter() {
    let (world, key) = shop().await;
    let order = |value: i64| json!({ "metric": "orders", "value": value, "at": NOW, "id": "o:1" });
    let stock = |value: i64| {
        let mut level = order(value);
        level["metric"] = "stock".into();
        level["kind"] = "gauge".into();
        level["id"] = "s:1".into();
        level
    };
    world.post("/v1/points", &key, &json!([order(1), order(1), stock(5)])).await.expect(200);
    let second = json!([order(1), order(2), stock(4), stock(4)]);
    let answer = world.post("/v1/points", &key, &second).await.expect(200);
    let statuses: Vec<&Value> =
        answer.json["results"].as_array().unwrap().iter().map(|row| &row["status"]).collect();
    assert_eq!(statuses, ["duplicate", "rejected", "replaced", "duplicate"]);
    assert_eq!(answer.json["results"][1]["code"], "conflict");
    let stored = world.sql("select value from point order by value").await;
    let stored: Vec<f64> = stored.iter().map(|row| row.get(0)).collect();
    assert_eq!(stored, [1.0, 4.0]);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn ids_race_without_a_double_count() {
    let (world, key) = shop().await;
    let rows: Vec<Value> = (0..50)
        .map(|n| json!({ "metric": "orders", "value": 1, "at": NOW, "id": format!("o:{n}") }))
        .collect();
    let body = json!(rows);
    let sends = (0..10).map(|_| world.post("/v1/points", &key, &body));
    let answers = futures_util::future::join_all(sends).await;
    let accepted: u64 = answers.iter().map(|a| a.json["accepted"].as_u64().unwrap()).sum();
    let duplicate: u64 = answers.iter().map(|a| a.json["duplicate"].as_u64().unwrap()).sum();
    assert_eq!((accepted, duplicate), (50, 450));
    assert_eq!(world.count("select sum(n)::bigint from roll_day").await, 50);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn a_refused_row_is_repaired_once_or_discarded() {
    let (world, key) = shop().await;
    let bad = json!([{ "metric": "revenue", "value": "x" }, { "metric": "Y", "value": 1 }]);
    let answer = world.post("/v1/points", &key, &bad).await.expect(422);
    assert_eq!(answer.json["rejected"], 2);
    let listed = world.get("/v1/quarantine", &key).await.expect(200);
    let rows = listed.json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let path = format!("/v1/quarantine/{}", rows[0]["id"].as_str().unwrap());
    world.post(&path, &key, &json!({ "metric": "revenue", "value": "y" })).await.expect(422);
    let fixed = json!({ "metric": "revenue", "value": 3 });
    let race = (0..5).map(|_| world.post(&path, &key, &fixed));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(race).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404, 404, 404, 404]);
    let other = format!("/v1/quarantine/{}", rows[1]["id"].as_str().unwrap());
    world.delete(&other, &key).await.expect(204);
    world.delete(&other, &key).await.expect(404);
    assert_eq!(world.count("select count(*) from quarantine").await, 0);
    assert_eq!(world.count("select sum(value)::bigint from point").await, 3);
}

#[tokio::test]
async fn a_row_is_as_late_as_it_was_when_it_came_however_long_its_repair_takes() {
    let (world, key) = shop().await;
    world.post("/v1/points", &key, &json!([{ "metric": "revenue", "value": "x" }])).await;
    let days = "interval '20 days'";
    world.sql(&format!("update quarantine set received_at = received_at - {days}")).await;
    let listed = world.get("/v1/quarantine", &key).await.expect(200);
    let row = &listed.json["rows"][0];
    let path = format!("/v1/quarantine/{}", row["id"].as_str().unwrap());
    world.post(&path, &key, &json!({ "metric": "revenue", "value": 3 })).await.expect(200);
    let (at, came): (Timestamp, Timestamp) = {
        let rows = world.sql("select at from point").await;
        (rows[0].get(0), row["received_at"].as_str().unwrap().parse().unwrap())
    };
    assert_eq!(at, came, "a row without `at` counts when it came");
}

#[tokio::test]
async fn a_crowded_metric_folds_its_greatest_tag_and_keeps_the_data() {
    let (world, key) = shop().await;
    let visit = |n: usize| {
        json!({ "metric": "visits", "value": 1, "at": NOW,
                "tags": { "page": format!("/{n}"), "site": "a" } })
    };
    let first: Vec<Value> = (0..9_998).map(visit).collect();
    world.post("/v1/points", &key, &json!(first)).await.expect(200);
    let second: Vec<Value> = (9_998..10_010).map(visit).collect();
    let answer = world.post("/v1/points", &key, &json!(second)).await.expect(200);
    assert_eq!(answer.json["accepted"], 12);
    let folded = answer.json["results"].as_array().unwrap();
    assert_eq!(folded.len(), 10);
    assert!(folded.iter().all(|row| row["status"] == "folded" && row["field"] == "tags.page"));
    assert_eq!(world.count("select sum(n)::bigint from roll_day").await, 10_010);
    let other = "select count(*) from series where tags ->> 'page' = '__other__'";
    assert_eq!(world.count(other).await, 1);
    let tags = world.get("/v1/metrics/visits/tags", &key).await.expect(200);
    assert_eq!(tags.json["tags"][0]["key"], "page");
}

#[tokio::test]
async fn a_point_without_an_instant_that_is_sent_again_later_counts_once() {
    let (world, key) = shop().await;
    let point = |value: i64| json!([{ "metric": "orders", "value": value, "id": "order:1" }]);
    world.post("/v1/points", &key, &point(1)).await.expect(200);
    let later = Clock::Fixed("2026-03-29T12:00:07Z".parse().unwrap());
    let world = world.with_setup(|setup| setup.clock = later);
    let again = world.post("/v1/points", &key, &point(1)).await.expect(200);
    assert_eq!((&again.json["accepted"], &again.json["duplicate"]), (&json!(0), &json!(1)));
    let other = world.post("/v1/points", &key, &point(2)).await.expect(422);
    assert_eq!(other.json["results"][0]["code"], "conflict");
    assert_eq!(world.count("select count(*) from point").await, 1);
}

#[tokio::test]
async fn without_a_good_key_or_the_scope_nothing_is_written() {
    let (world, _key) = shop().await;
    let body = json!([sale(1, NOW)]);
    for key in ["", "nonsense", "tk_live_123", "tk_test_000000000000000000000000000000000000"] {
        let answer = world.post("/v1/points", key, &body).await.expect(401);
        assert_eq!(answer.json["code"], "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let reader = world.key(&[Scope::MetricsRead]).await;
    let answer = world.post("/v1/points", &reader, &body).await.expect(403);
    assert!(answer.json["detail"].as_str().unwrap().contains("points:write"));
    assert_eq!(world.count("select count(*) from point").await, 0);
    let used = "select count(*) from api_key where last_used_on = date '2026-03-29'";
    assert_eq!(world.count(used).await, 1);
}

#[tokio::test]
async fn a_batch_writes_in_one_round_trip_once_its_series_are_known() {
    let (world, _key) = shop().await;
    let at = NOW.parse().unwrap();
    let key = SeriesKey {
        metric: MetricName::parse("revenue").unwrap(),
        tags: Tags::one("country", "DE"),
        kind: None,
        unit: None,
    };
    let row = |index| Row {
        index,
        series: 0,
        at,
        is_undated: false,
        value: domain::batch::Value::Number(1.0),
        id: None,
    };
    let batch = Batch { series: vec![key], rows: (0..100).map(row).collect(), ..Batch::default() };
    let app = world.app(Role::App);
    for round_trips_at_most in [10, 1, 1] {
        let arrival = Arrival {
            tenant: world.tenant(),
            batch: &batch,
            receipt: ReceiptId(Uuid::now_v7()),
            part: None,
            body_hash: Uuid::nil(),
            received_at: at,
            repairs: None,
        };
        let meter = Meter::default();
        meter.measure(arrivals::record(&app.db, &arrival)).await.unwrap();
        assert!(meter.round_trips() <= round_trips_at_most, "{}", meter.round_trips());
    }
    assert_eq!(world.count("select sum(n)::bigint from roll_day").await, 300);
}
