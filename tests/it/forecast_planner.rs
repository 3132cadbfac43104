use domain::access::Scope;
use serde_json::{Value, json};
use tests::World;

#[tokio::test]
async fn every_metric_that_adds_up_is_asked_for_in_every_tenant() {
    let world = World::at("2026-11-21T02:30:00Z").await;
    let world = world.with_tenant("Europe/Berlin").await.with_tenant("Asia/Tokyo").await;
    for (tenant, name, kind, aggregation) in [
        (0, "revenue", "counter", "sum"),
        (0, "stock", "gauge", "last"),
        (0, "temperature", "gauge", "avg"),
        (0, "visits", "event", "count"),
        (1, "revenue", "counter", "rate"),
        (1, "basket", "event", "max"),
    ] {
        let key = world.key_of(&world.tenants()[tenant], &[Scope::MetricsWrite], 1).await;
        let wanted = json!({ "kind": kind, "aggregation": aggregation });
        world.put(&format!("/v1/metrics/{name}"), &key, &wanted).await.expect(200);
    }
    world.tick("forecast-planner").await;
    let rows = world.sql("select body from job where queue = 'forecasts' order by id").await;
    let messages: Vec<Value> =
        rows.iter().map(|row| serde_json::from_str(&row.get::<_, String>(0)).unwrap()).collect();
    let asked = |tenant: usize, metric: &str| {
        json!({
            "type": "forecast.metric.v1", "tenant": world.tenants()[tenant].number,
            "metric": metric, "now": "2026-11-21T02:30:00Z",
        })
    };
    let expected =
        [asked(0, "revenue"), asked(0, "stock"), asked(0, "visits"), asked(1, "revenue")];
    assert_eq!(messages, expected);
}

#[tokio::test]
async fn without_metrics_nothing_is_asked_for() {
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    world.tick("forecast-planner").await;
    assert_eq!(world.count("select count(*) from job").await, 0);
}
