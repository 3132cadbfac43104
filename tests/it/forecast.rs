use domain::access::Scope;
use serde_json::{Value, json};
use tests::World;

use crate::reports::shop::Shop;

async fn keep(world: &World, metric: &str, origin: &str, body: &Value) {
    world
        .sql(&format!(
            "insert into forecast (tenant, id, metric, origin, made_at, model, horizon_days, body)
             select tenant, gen_random_uuid(), id, '{origin}', '{origin}T02:30:00Z', null, 35,
                 '{body}'
             from metric where name = '{metric}'"
        ))
        .await;
}

fn ready(value: f64) -> Value {
    let error =
        json!({ "mase": 0.8, "wape": 0.06, "mae": 5.0, "bias": 0.1, "origins": 4, "steps": 140 });
    json!({
        "status": "ready", "model": "Theta", "seasons": [7], "known_days": 70, "error": error,
        "days": [{ "date": "2026-11-21", "value": value,
                   "intervals": [{ "level": 0.8, "lower": 1.0, "upper": 99.0 }] }],
        "candidates": [{ "model": "MSTL", "error": null, "left_out": "too short" }],
        "fallback": null,
    })
}

async fn kept() -> Shop {
    let shop = Shop::empty("2026-11-21T07:00:00Z").await;
    keep(&shop.world, "revenue", "2026-11-20", &ready(40.0)).await;
    keep(&shop.world, "revenue", "2026-11-21", &ready(50.0)).await;
    let refused = json!({ "status": "refused", "reason": "too little data" });
    keep(&shop.world, "orders", "2026-11-21", &refused).await;
    shop
}

#[tokio::test]
async fn the_newest_forecast_of_each_metric_is_listed_without_its_days() {
    let Shop { world, key, .. } = &kept().await;
    let listed = world.get("/v1/forecasts", key).await.expect(200).json;
    let [orders, revenue] = [0, 1].map(|index| &listed["forecasts"][index]);
    assert_eq!(listed["forecasts"].as_array().unwrap().len(), 2);
    assert_eq!((&orders["metric"], &orders["status"]), (&json!("orders"), &json!("refused")));
    assert_eq!((&orders["refusal"], &orders["model"]), (&json!("too little data"), &Value::Null));
    assert_eq!((&revenue["metric"], &revenue["origin"]), (&json!("revenue"), &json!("2026-11-21")));
    assert_eq!((&revenue["model"], &revenue["error"]["mase"]), (&json!("Theta"), &json!(0.8)));
    assert_eq!((&revenue["days"], &revenue["horizon_days"]), (&Value::Null, &json!(1)));
}

#[tokio::test]
async fn the_forecast_of_a_metric_is_told_in_full_from_any_kept_day() {
    let Shop { world, key, .. } = &kept().await;
    for (query, value) in [("", 50.0), ("&origin=2026-11-21", 50.0), ("&origin=2026-11-20", 40.0)] {
        let path = format!("/v1/forecasts?metric=revenue{query}");
        let told = world.get(&path, key).await.expect(200).json["forecasts"][0].take();
        assert_eq!(told["days"][0]["value"], value);
        assert_eq!(told["days"][0]["intervals"][0]["upper"], 99.0);
        assert_eq!(told["candidates"], json!([{ "model": "MSTL", "left_out": "too short" }]));
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_a_problem() {
    let shop = kept().await;
    let world = shop.world.with_tenant("Asia/Tokyo").await;
    let other = world.key(&[Scope::ReportsRead]).await;
    let stranger = world.key_of(&world.tenants()[1], &[Scope::ForecastsRead], 1).await;
    for (path, key, status) in [
        ("/v1/forecasts?metric=visits", &shop.key, 404),
        ("/v1/forecasts?metric=revenue&origin=2026-11-19", &shop.key, 404),
        ("/v1/forecasts?metric=Revenue", &shop.key, 422),
        ("/v1/forecasts?origin=yesterday", &shop.key, 422),
        ("/v1/forecasts", &other, 403),
        ("/v1/forecasts", &String::new(), 401),
        ("/v1/forecasts?metric=revenue", &stranger, 404),
    ] {
        let answer = world.get(path, key).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
    let theirs = world.get("/v1/forecasts", &stranger).await.expect(200);
    assert_eq!(theirs.json, json!({ "forecasts": [] }));
}
