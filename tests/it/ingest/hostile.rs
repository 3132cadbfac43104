//! Rows that nobody sends in good faith cost themselves and no other row.

use super::*;

#[tokio::test]
async fn a_row_that_postgres_could_not_take_is_refused_alone() {
    let (world, _key) = shop().await;
    let key = world.key(&[Scope::PointsWrite, Scope::PointsBackfill]).await;
    let rows = json!([
        sale(1, "0001-01-01T00:00:00Z"),
        sale(1, "1969-12-31T23:59:59.999Z"),
        sale(1, "1970-01-01T00:00:00Z"),
        { "metric": "revenue", "value": 1, "ze\u{0}ro": 1 },
        { "metric": "revenue", "value": 1, "tags": { "ze\u{0}ro": "x" } },
        { "metric": "revenue", "value": 1, "tags": { "zero": "\u{0}" } },
        sale(1, NOW),
    ]);
    let answer = world.post("/v1/points?backfill=true", &key, &rows).await.expect(200);
    assert_eq!((&answer.json["accepted"], &answer.json["rejected"]), (&json!(2), &json!(5)));
    assert_eq!(answer.json["results"][0]["code"], "at_late");
    assert_eq!(world.count("select count(*) from quarantine").await, 5);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn tags_without_end_do_not_make_series_without_end() {
    let (world, key) = shop().await;
    let visit = |n: usize| {
        json!({ "metric": "visits", "value": 1, "at": NOW,
                "tags": { "page": format!("/{n}"), "session": format!("s{n}") } })
    };
    for batch in 0..3 {
        let rows: Vec<Value> = (batch * 5_000..(batch + 1) * 5_000).map(visit).collect();
        let answer = world.post("/v1/points", &key, &json!(rows)).await.expect(200);
        assert_eq!(answer.json["accepted"], 5_000);
    }
    let series = world.count("select count(*) from series").await;
    assert!(series <= 11_001, "{series} series");
    assert_eq!(world.count("select sum(n)::bigint from roll_day").await, 15_000);
}

#[tokio::test]
async fn a_path_that_names_nothing_is_a_problem_and_no_failure_of_ours() {
    let (world, key) = shop().await;
    for path in ["/v1/receipts/x", "/v1/metrics/%00", "/v1/quarantine?after=%00"] {
        let answer = world.get(path, &key).await.expect(422);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        assert_eq!(answer.json["code"], "invalid", "{path}");
    }
}

#[tokio::test]
async fn numbers_without_measure_do_not_spoil_their_hour() {
    let (world, _key) = shop().await;
    let key = world.key(&[Scope::PointsWrite, Scope::QueryRead]).await;
    for _ in 0..2 {
        let rows = json!([
            { "metric": "load", "value": 1e308, "at": NOW },
            { "metric": "load", "value": "-1e301", "at": NOW },
            { "metric": "load", "value": 1e300, "at": NOW },
        ]);
        let answer = world.post("/v1/points", &key, &rows).await.expect(200);
        assert_eq!((&answer.json["accepted"], &answer.json["rejected"]), (&json!(1), &json!(2)));
        assert_eq!(answer.json["results"][0]["code"], "value");
    }
    let asked = json!({ "queries": { "q": { "metric": "load", "range": { "preset": "today" } } } });
    world.post("/v1/query", &key, &asked).await.expect(200);
}

#[tokio::test]
async fn a_batch_beyond_the_minute_of_its_key_is_told_to_shrink_and_not_to_wait() {
    let (world, _key) = shop().await;
    let key = world.key_of(world.tenant(), &[Scope::PointsWrite], 2).await;
    let rows: Vec<Value> = (0..3).map(|_| sale(1, NOW)).collect();
    let refused = world.post("/v1/points", &key, &json!(rows)).await.expect(413);
    assert_eq!(refused.json["code"], "too_large");
    // Nothing of the minute was taken.
    world.post("/v1/points", &key, &json!(rows[..2])).await.expect(200);
}
