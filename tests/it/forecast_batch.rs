use app::Role;
use app::port::Outgoing;
use domain::message::QueueName;
use jiff::civil::date;
use serde_json::{Value, json};

use crate::reports::shop::{Shop, day_span, point};

const NOW: &str = "2026-11-21T02:30:00Z";

async fn ask(shop: &Shop, metric: &str) {
    let message = json!({
        "type": "forecast.metric.v1", "tenant": shop.world.tenant().number, "metric": metric,
        "now": NOW,
    });
    let message = Outgoing { body: message.to_string(), ..Outgoing::default() };
    let queue = shop.world.app(Role::App).queue.clone();
    queue.send(QueueName::Forecasts, &[message]).await.unwrap();
}

async fn forecast(shop: &Shop, metric: &str) -> Value {
    ask(shop, metric).await;
    shop.world.drain_queues().await;
    let path = format!("/v1/forecasts?metric={metric}");
    shop.world.get(&path, &shop.key).await.expect(200).json["forecasts"][0].take()
}

/// Revenue of ten weeks up to yesterday: €100 to €600, and nothing at all on Sundays.
fn ten_weeks() -> Vec<Value> {
    let first = date(2026, 11, 20) - day_span(69);
    (0..70)
        .map(|day| first + day_span(day))
        .map(|day| (day, i64::from(day.weekday().to_monday_one_offset())))
        .filter(|(_, weekday)| *weekday < 7)
        .map(|(day, weekday)| point("revenue", 10_000 * weekday, day, "DE"))
        .collect()
}

#[tokio::test]
async fn complete_days_are_forecast_with_intervals_and_measured_error() {
    let shop = Shop::empty(NOW).await;
    shop.record(&ten_weeks()).await;
    // Today is not over: what came in does not count.
    shop.record(&[json!({ "metric": "revenue", "value": 99_999_999 })]).await;
    let made = forecast(&shop, "revenue").await;
    assert_eq!((&made["status"], &made["origin"]), (&json!("ready"), &json!("2026-11-21")));
    assert_eq!((&made["horizon_days"], &made["known_days"]), (&json!(35), &json!(70)));
    let days = made["days"].as_array().unwrap();
    assert_eq!(days.len(), 35);
    for (index, day) in days.iter().enumerate() {
        let date = date(2026, 11, 21) + day_span(i64::try_from(index).unwrap());
        assert_eq!(day["date"], date.to_string());
        // Sundays had no points: no takings, not an unknown day.
        let weekday = i32::from(date.weekday().to_monday_one_offset()) % 7;
        let value = day["value"].as_f64().unwrap();
        assert!((value - 10_000.0 * f64::from(weekday)).abs() < 1.0, "{date}: {value}");
        let levels: Vec<f64> = day["intervals"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["level"].as_f64().unwrap())
            .collect();
        assert_eq!(levels, [0.8, 0.95]);
    }
    assert!(made["error"]["origins"].as_u64().unwrap() >= 1, "{}", made["error"]);
    assert!(made["error"]["wape"].as_f64().unwrap() < 0.001, "{}", made["error"]);
    assert!(made["candidates"].as_array().unwrap().len() > 1);
}

#[tokio::test]
async fn too_little_data_is_refused_politely() {
    let shop = Shop::empty(NOW).await;
    shop.record(&ten_weeks()[50..]).await;
    let refused = forecast(&shop, "revenue").await;
    assert_eq!(refused["status"], "refused");
    let reason = refused["refusal"].as_str().unwrap();
    assert!(reason.starts_with("too little data: "), "{reason}");
    assert_eq!(forecast(&shop, "orders").await["status"], "refused", "no data at all");
}

#[tokio::test]
async fn the_days_of_an_average_are_not_forecast() {
    let shop = Shop::empty(NOW).await;
    let wanted = json!({ "kind": "gauge", "aggregation": "avg" });
    shop.world.put("/v1/metrics/temperature", &shop.key, &wanted).await.expect(200);
    let refused = forecast(&shop, "temperature").await;
    assert_eq!(refused["refusal"], "its days do not add up, so their forecast would say little");
}

#[tokio::test]
async fn a_message_that_comes_again_replaces_its_forecast() {
    let shop = Shop::empty(NOW).await;
    shop.record(&ten_weeks()).await;
    let first = forecast(&shop, "revenue").await;
    let mut again = forecast(&shop, "revenue").await;
    assert_eq!(shop.world.count("select count(*) from forecast").await, 1);
    again["id"] = first["id"].clone();
    assert_eq!(again, first);
}

#[tokio::test]
async fn old_forecasts_are_forgotten() {
    let shop = Shop::empty(NOW).await;
    shop.record(&ten_weeks()).await;
    for (origin, kept) in [("2026-08-20", 0), ("2026-08-22", 1)] {
        shop.world
            .sql(&format!(
                "insert into forecast (tenant, id, metric, origin, made_at, horizon_days, body)
                 select 1, gen_random_uuid(), id, '{origin}', now(), 35,
                     '{{\"status\": \"refused\", \"reason\": \"old\"}}'
                 from metric where name = 'revenue'"
            ))
            .await;
        forecast(&shop, "revenue").await;
        let old = format!("select count(*) from forecast where origin = '{origin}'");
        assert_eq!(shop.world.count(&old).await, kept, "{origin}");
    }
}

#[tokio::test]
async fn a_level_is_carried_over_the_days_without_a_reading() {
    let shop = Shop::empty(NOW).await;
    shop.world.put("/v1/metrics/stock", &shop.key, &json!({ "kind": "gauge" })).await.expect(200);
    let first = date(2026, 11, 20) - day_span(69);
    let readings: Vec<Value> =
        (0..24).map(|index| point("stock", 400, first + day_span(3 * index), "DE")).collect();
    shop.record(&readings).await;
    let made = forecast(&shop, "stock").await;
    assert_eq!(made["known_days"], 70);
    assert_eq!(
        (&made["days"][34]["value"], &made["fallback"]),
        (&json!(400.0), &json!("every known day has the same value"))
    );
}

#[tokio::test]
async fn what_is_not_there_is_given_up() {
    let shop = Shop::empty(NOW).await;
    ask(&shop, "reveneu").await;
    let drained = shop.world.drain_queues_despite_failures().await;
    assert_eq!((drained.done, drained.discarded), (0, 1));
    assert_eq!(shop.world.count("select count(*) from job_dead").await, 1);
}
