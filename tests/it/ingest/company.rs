//! Batches of a tenant that meet share a transaction, and none suffers from the others.

use std::time::Duration;

use futures_util::future::join_all;
use local::postgres::options_of;
use store::Client;

use super::*;

const YESTERDAY: &str = "2026-03-28T12:00:00Z";

/// Holds the rollups of an instant's day, so that what comes meets behind it.
struct Holder(Client);

impl Holder {
    async fn hold(world: &World, at: &str) -> Self {
        let options = options_of(world.database_url(Role::Owner));
        let client = store::connect(&options).await.unwrap();
        client.query_typed("begin", &[]).await.unwrap();
        let rollups = format!(
            "select from roll_day
             where bucket = (select max(bucket) from roll_day where bucket <= '{at}') for update"
        );
        let held = client.query_typed(&rollups, &[]).await.unwrap();
        assert!(!held.is_empty(), "there is nothing to hold");
        Self(client)
    }

    async fn let_go_when_someone_waits(self, world: &World) {
        until_so_many_wait(world, 1).await;
        // Those that come after the first need the time of a few polls to meet.
        tokio::time::sleep(Duration::from_millis(400)).await;
        self.let_go().await;
    }

    async fn let_go(self) {
        self.0.query_typed("commit", &[]).await.unwrap();
    }
}

async fn until_so_many_wait(world: &World, count: i64) {
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock'";
    while world.count(waiting).await < count {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn with_id(mut row: Value, id: &str) -> Value {
    row["id"] = id.into();
    row
}

#[tokio::test]
async fn batches_that_meet_share_a_transaction() {
    let (world, key) = shop().await;
    world.post("/v1/points", &key, &json!([sale(1, NOW)])).await.expect(200);
    let holder = Holder::hold(&world, NOW).await;
    let rows = json!([sale(1, NOW)]);
    let posts = join_all((0..20).map(|_| world.post("/v1/points", &key, &rows)));
    let (answers, ()) = tokio::join!(posts, holder.let_go_when_someone_waits(&world));
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.json["accepted"] == 1));
    let transactions = "select count(distinct xmin::text) from ingest_batch";
    let transactions = world.count(transactions).await;
    assert!(transactions < 10, "{transactions} transactions for 21 batches");
    assert_eq!(world.count("select sum(n)::bigint from roll_day").await, 21);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn a_batch_that_was_sent_before_spoils_none_that_it_meets() {
    let (world, key) = shop().await;
    let before = json!([with_id(sale(5, NOW), "order:1")]);
    world.send(keyed(&key, "first", &before)).await.expect(200);
    let holder = Holder::hold(&world, NOW).await;
    let fresh = json!([with_id(sale(7, NOW), "order:2"), with_id(sale(7, NOW), "order:3")]);
    let crossed = json!([with_id(sale(5, NOW), "order:1"), with_id(sale(9, NOW), "order:4")]);
    let twice = json!([with_id(sale(3, NOW), "order:5"), with_id(sale(3, NOW), "order:5")]);
    let wrong = json!([sale(1, NOW), { "metric": "revenue", "value": "x" }]);
    let posts = join_all([
        world.send(keyed(&key, "1", &json!([sale(1, NOW)]))),
        world.send(keyed(&key, "first", &before)),
        world.send(keyed(&key, "2", &fresh)),
        world.send(keyed(&key, "3", &crossed)),
        world.send(keyed(&key, "4", &twice)),
        world.send(keyed(&key, "2", &fresh)),
        world.send(keyed(&key, "first", &wrong)),
        world.send(keyed(&key, "5", &wrong)),
    ]);
    let (answers, ()) = tokio::join!(posts, holder.let_go_when_someone_waits(&world));
    let told = |answer: &tests::client::Answer| {
        let count = |name: &str| answer.json[name].as_u64().unwrap_or(0);
        (answer.status, count("accepted"), count("duplicate"), count("rejected"))
    };
    assert_eq!(
        answers.iter().map(told).collect::<Vec<_>>(),
        [
            (200, 1, 0, 0),
            (200, 1, 0, 0),
            (200, 2, 0, 0),
            (200, 1, 1, 0),
            (200, 1, 1, 0),
            (200, 2, 0, 0),
            (422, 0, 0, 0),
            (200, 1, 0, 1),
        ]
    );
    assert_eq!(world.count("select sum(value)::bigint from point").await, 5 + 1 + 14 + 9 + 3 + 1);
    assert_eq!(world.count("select count(*) from quarantine").await, 1);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_takes_none_of_the_others_along() {
    let (world, key) = shop().await;
    let [first, second] = [NOW, YESTERDAY].map(|at| json!([sale(1, at)]));
    for rows in [&first, &second] {
        world.post("/v1/points", &key, rows).await.expect(200);
    }
    let holder = Holder::hold(&world, NOW).await;
    let next = Holder::hold(&world, YESTERDAY).await;
    // Behind the first call the others meet. The one that writes for all of them comes to a day
    // that is held on, and is given up there.
    let leader = async {
        until_so_many_wait(&world, 1).await;
        let answer = world.post("/v1/points", &key, &second);
        let answer = tokio::time::timeout(Duration::from_secs(2), answer).await;
        next.let_go().await;
        answer
    };
    let others = async {
        until_so_many_wait(&world, 1).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        join_all((0..5).map(|_| world.post("/v1/points", &key, &second))).await
    };
    let head = world.post("/v1/points", &key, &first);
    let let_go = holder.let_go_when_someone_waits(&world);
    let (head, leader, answers, ()) = tokio::join!(head, leader, others, let_go);
    head.expect(200);
    assert!(leader.is_err(), "it was given up");
    assert!(answers.iter().all(|answer| answer.status == 200), "{:?}", answers[0].json);
    let written = world.count("select sum(n)::bigint from roll_day").await;
    assert!((8..=9).contains(&written), "{written} points");
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn readings_of_a_gauge_that_are_corrected_at_once_are_all_corrected() {
    let (world, key) = shop().await;
    let writer = world.key(&[Scope::MetricsWrite]).await;
    let gauge = json!({ "kind": "gauge", "unit": "pcs" });
    world.put("/v1/metrics/stock", &writer, &gauge).await.expect(200);
    let reading = |n: usize, value: usize| {
        json!([{ "metric": "stock", "value": value, "id": format!("r:{n}"),
                 "at": format!("2026-03-29T10:00:{n:02}Z") }])
    };
    for n in 0..10 {
        world.post("/v1/points", &key, &reading(n, 1)).await.expect(200);
    }
    let corrections: Vec<Value> = (0..10).map(|n| reading(n, 100 + n)).collect();
    let posts = join_all(corrections.iter().map(|rows| world.post("/v1/points", &key, rows)));
    for answer in posts.await {
        assert_eq!(answer.expect(200).json["replaced"], 1);
    }
    assert_eq!(world.count("select count(*) from point").await, 10);
    assert_eq!(world.count("select sum(value)::bigint from point").await, 1_045);
    assert_rollups_equal_points(&world).await;
}
