use domain::access::Scope;
use serde_json::{Value, json};
use tests::World;

use crate::rollups::assert_rollups_equal_points;

const NOW: &str = "2026-03-29T12:00:00Z";

#[tokio::test]
async fn sealed_days_are_packed_late_points_join_them_and_nothing_is_lost() {
    let world = World::at(NOW).await.with_tenant("America/New_York").await;
    let key = world.key(&[Scope::PointsWrite, Scope::PointsBackfill]).await;
    let at = |n: i64| format!("2026-03-{:02}T{:02}:{:02}:00Z", 1 + n % 28, n % 24, n % 60);
    let rows: Vec<Value> = (0..2_000)
        .map(|n| (n, json!({ "k": (n % 7).to_string() })))
        .map(|(n, tags)| json!({ "metric": "m", "value": n, "at": at(n), "tags": tags }))
        .collect();
    world.post("/v1/points?backfill=true", &key, &json!(rows)).await.expect(200);
    world.tick("keeper").await;
    let sealed = "select count(*) from point_head where day < '2026-03-22'";
    assert_eq!(world.count(sealed).await, 0);
    let packed = world.count("select sum(n)::bigint from point_block").await;
    let open = world.count("select sum(n)::bigint from point_head").await;
    assert!(packed > 0 && open > 0, "{packed} packed, {open} open");
    assert_eq!(packed + open, 2_000);
    assert_rollups_equal_points(&world).await;
    world.post("/v1/points?backfill=true", &key, &json!(rows[..100])).await.expect(200);
    world.tick("keeper").await;
    assert_eq!(world.count(sealed).await, 0);
    assert_eq!(world.count("select count(*) from point").await, 2_100);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn ids_and_receipts_are_forgotten_after_their_horizon_and_not_before() {
    let world = World::at(NOW).await.with_tenant("UTC").await;
    let key = world.key(&[Scope::PointsWrite]).await;
    let row = json!([{ "metric": "orders", "value": 1, "at": NOW, "id": "o:1" }, { "metric": 1 }]);
    world.post("/v1/points", &key, &row).await.expect(200);
    let age = |days: i64| {
        format!("update point_key set created_at = '{NOW}'::timestamptz - interval '{days} days'")
    };
    world.sql(&age(34)).await;
    world.tick("keeper").await;
    assert_eq!(world.count("select count(*) from point_key").await, 1);
    world.sql(&age(36)).await;
    world.tick("keeper").await;
    assert_eq!(world.count("select count(*) from point_key").await, 0);
    assert_eq!(world.count("select count(*) from ingest_batch").await, 1);
    assert_eq!(world.count("select count(*) from quarantine").await, 1);
}

#[tokio::test]
async fn an_import_at_which_nobody_works_any_more_is_given_up() {
    let world = World::at(NOW).await.with_tenant("UTC").await;
    let key = world.key(&[Scope::ImportsWrite]).await;
    let wanted = json!({ "kind": "sales", "file_name": "year.csv" });
    let [old, young] =
        [25, 23].map(|hours| (hours, &world, &key, &wanted)).map(|made| async move {
            let (hours, world, key, wanted) = made;
            let import = world.post("/v1/imports", key, wanted).await.expect(201).json;
            let id = import["id"].as_str().unwrap().to_owned();
            let sql = format!(
                "update import set status = 'running',
                changed_at = '{NOW}'::timestamptz - interval '{hours} hours'
             where id = '{id}'"
            );
            world.sql(&sql).await;
            id
        });
    let (old, young) = (old.await, young.await);
    world.tick("keeper").await;
    let told = world.get(&format!("/v1/imports/{old}"), &key).await.expect(200).json;
    assert_eq!(told["status"], "failed");
    assert!(told["problem"].as_str().unwrap().contains("run the import again"), "{told}");
    let told = world.get(&format!("/v1/imports/{young}"), &key).await.expect(200).json;
    assert_eq!(told["status"], "running");
}

#[tokio::test]
async fn sessions_codes_and_who_never_verified_are_forgotten_and_nobody_else() {
    let world = World::at(NOW).await;
    let ann = tests::people::sign_up(&world, "ann@people.example").await;
    let new = json!({ "email": "bob@people.example", "password": tests::people::PASSWORD });
    world.post("/v1/account", "", &new).await.expect(202);
    world.tick("keeper").await;
    let count = async |table: &str| world.count(&format!("select count(*) from {table}")).await;
    assert_eq!((count("person").await, count("session").await), (2, 1));
    assert_eq!(count("person_code").await, 2);
    let ago = |days: i64| format!("'{NOW}'::timestamptz - interval '{days} days 1 second'");
    world.sql(&format!("update person set created_at = {}", ago(7))).await;
    let person = world.count("select count(*) from person where verified_at is null").await;
    assert_eq!(person, 1);
    world.sql(&format!("update person_code set expires_at = {}", ago(30))).await;
    world.tick("keeper").await;
    assert_eq!((count("person").await, count("person_code").await), (1, 0));
    world.get("/v1/account", &ann.token).await.expect(200);
    world.sql(&format!("update session set created_at = {}", ago(90))).await;
    world.tick("keeper").await;
    assert_eq!((count("person").await, count("session").await), (1, 0));
    world.get("/v1/account", &ann.token).await.expect(401);
}
