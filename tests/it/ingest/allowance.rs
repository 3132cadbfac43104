//! How many points a key may send in a minute, and how old they may be.

use app::caller::Allowance;
use app::limiter::Limiter;
use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn history_is_asked_for_and_needs_its_scope_and_makes_its_partitions() {
    let (world, key) = shop().await;
    let old = json!([sale(1, "2010-12-01T08:26:00Z")]);
    let refused = world.post("/v1/points", &key, &old).await.expect(422);
    assert_eq!(refused.json["results"][0]["code"], "at_late");
    world.post("/v1/points?backfill=true", &key, &old).await.expect(403);
    let historian = world.key(&[Scope::PointsWrite, Scope::PointsBackfill]).await;
    world.post("/v1/points", &historian, &old).await.expect(422);
    world.post("/v1/points?backfill=perhaps", &historian, &old).await.expect(422);
    let written = world.post("/v1/points?backfill=true", &historian, &old).await.expect(200);
    assert_eq!(written.json["lateness_s"], 483_593_640);
    let unsealed =
        "select count(*) from pg_class where relname like 'point_head_2%' and relkind = 'r'
                    and not (relrowsecurity and relforcerowsecurity)";
    assert_eq!(world.count(unsealed).await, 0);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn history_draws_on_a_smaller_allowance_of_its_own() {
    let world = World::at(NOW).await.with_tenant("UTC").await;
    let scopes = [Scope::PointsWrite, Scope::PointsBackfill];
    let key = world.key_of(world.tenant(), &scopes, 100).await;
    let old = json!((0..25).map(|_| sale(1, "2026-01-01T00:00:00Z")).collect::<Vec<_>>());
    let answer = world.post("/v1/points?backfill=true", &key, &old).await.expect(200);
    assert_eq!(answer.header("ratelimit-limit"), "25");
    world.post("/v1/points?backfill=true", &key, &json!([sale(1, NOW)])).await.expect(429);
    let today = json!((0..100).map(|_| sale(1, NOW)).collect::<Vec<_>>());
    world.post("/v1/points", &key, &today).await.expect(200);
}

#[tokio::test]
async fn a_key_may_send_so_many_points_a_minute_and_what_is_refused_is_not_counted() {
    let world = World::at(NOW).await.with_tenant("UTC").await;
    let key = world.key_of(world.tenant(), &[Scope::PointsWrite], 100).await;
    let rows = |count: usize| json!((0..count).map(|_| sale(1, NOW)).collect::<Vec<_>>());
    let answer = world.post("/v1/points", &key, &rows(60)).await.expect(200);
    assert_eq!(answer.header("ratelimit-limit"), "100");
    let refused = world.post("/v1/points", &key, &rows(60)).await.expect(429);
    assert_eq!(refused.json["code"], "rate_limited");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(refused.header("ratelimit-limit"), "100");
    world.post("/v1/points", &key, &rows(40)).await.expect(200);
    assert_eq!(world.count("select count(*) from point").await, 100);
}

#[tokio::test]
async fn calls_at_once_get_all_of_the_minute_and_no_more() {
    let world = World::at(NOW).await.with_tenant("UTC").await;
    let key = world.key_of(world.tenant(), &[Scope::PointsWrite], 100).await;
    let rows = json!([sale(1, NOW), sale(1, NOW)]);
    let posts = join_all((0..60).map(|_| world.post("/v1/points", &key, &rows))).await;
    let answered = |status: u16| posts.iter().filter(|answer| answer.status == status).count();
    assert_eq!((answered(200), answered(429)), (50, 10));
    assert_eq!(world.count("select count(*) from point").await, 100);
}

#[tokio::test]
async fn processes_share_the_minute() {
    let world = World::at(NOW).await.with_tenant("UTC").await;
    let app = world.app(Role::App);
    let allowance = Allowance { of: Uuid::now_v7(), points_per_minute: 100 };
    let processes = [Limiter::default(), Limiter::default(), Limiter::default()];
    let now = app.clock.now();
    let calls = (0..150).map(|n| {
        let limiter = &processes[n % processes.len()];
        limiter.take(app.key_value.as_ref(), allowance, 1, now)
    });
    let verdicts = join_all(calls).await;
    let granted = verdicts.iter().filter(|verdict| verdict.as_ref().unwrap().granted).count();
    assert_eq!(granted, 100);
}
