use serde_json::{Value, json};

use self::shop::{Shop, values};

/// Random questions over random points, counted by hand.
mod oracle;
/// What is refused, and how.
mod refusals;
/// A shop to ask about.
mod shop;
/// Tables, tags of answers and what a client may keep.
mod wire;

/// A Saturday; clocks in Berlin show an hour more.
const NOW: &str = "2026-11-21T11:30:00Z";

fn counter() -> Value {
    json!({ "kind": "counter", "unit": "EUR", "label": "Revenue" })
}

fn gauge() -> Value {
    json!({ "kind": "gauge", "unit": "pcs", "label": "Stock" })
}

#[tokio::test]
async fn a_week_by_day_has_every_day_and_marks_the_running_one() {
    let shop = Shop::open(NOW, "Europe/Berlin").await;
    shop.declare("revenue", counter()).await;
    shop.record(&[
        ("revenue", "2026-11-16T22:59:59.999Z", 100.0, ""),
        ("revenue", "2026-11-16T23:00:00Z", 200.0, ""),
        ("revenue", "2026-11-21T09:00:00Z", 40.0, ""),
    ])
    .await;
    let answer = shop
        .ask(json!({ "metric": "revenue", "range": { "preset": "wtd" }, "grain": "day" }))
        .await;
    let zero = Some(0.0);
    assert_eq!(values(&answer), [Some(100.0), Some(200.0), zero, zero, zero, Some(40.0)]);
    assert_eq!(answer["from"], "2026-11-16T00:00:00+01:00");
    assert_eq!(answer["to"], "2026-11-22T00:00:00+01:00");
    assert_eq!(answer["unit"], "EUR");
    assert_eq!(answer["buckets"][4]["complete"], true);
    assert_eq!(answer["buckets"][5]["complete"], false);
    let elapsed = answer["buckets"][5]["elapsed"].as_f64().unwrap();
    assert!((elapsed - 12.5 / 24.0).abs() < 1e-9, "{elapsed}");
    assert_eq!(answer["total"]["value"], 340.0);
    assert_eq!(answer["last_point_at"], "2026-11-21T10:00:00+01:00");
    assert_eq!(answer["first_seen"], "2026-11-16T00:00:00+01:00");
}

#[tokio::test]
async fn the_repeated_hour_is_two_buckets_and_the_day_has_twenty_five() {
    let shop = Shop::open(NOW, "Europe/Berlin").await;
    shop.declare("revenue", counter()).await;
    shop.record(&[
        ("revenue", "2026-10-25T00:30:00Z", 1.0, ""),
        ("revenue", "2026-10-25T01:30:00Z", 2.0, ""),
    ])
    .await;
    let range = json!({ "from": "2026-10-25", "to": "2026-10-26" });
    let answer = shop.ask(json!({ "metric": "revenue", "range": range, "grain": "hour" })).await;
    assert_eq!(values(&answer).len(), 25);
    assert_eq!(answer["buckets"][2]["start"], "2026-10-25T02:00:00+02:00");
    assert_eq!(answer["buckets"][3]["start"], "2026-10-25T02:00:00+01:00");
    assert_eq!(values(&answer)[2..4], [Some(1.0), Some(2.0)]);
}

#[tokio::test]
async fn weeks_and_fiscal_years_begin_where_the_tenant_says() {
    let world = tests::World::at(NOW).await;
    let world = world
        .with_tenant_like("America/New_York", |tenant| {
            tenant.calendar.week_start = domain::calendar::Weekday(jiff::civil::Weekday::Sunday);
            tenant.calendar.fiscal_year_start_month = 4;
        })
        .await;
    let shop = Shop::of(world).await;
    shop.declare("revenue", counter()).await;
    shop.record(&[
        ("revenue", "2026-11-14T12:00:00Z", 1.0, ""),
        ("revenue", "2026-11-15T12:00:00Z", 2.0, ""),
        ("revenue", "2026-04-01T03:59:00Z", 4.0, ""),
        ("revenue", "2026-04-01T04:00:00Z", 8.0, ""),
    ])
    .await;
    let range = json!({ "from": "2026-11-08", "to": "2026-11-22" });
    let weeks = shop.ask(json!({ "metric": "revenue", "range": range, "grain": "week" })).await;
    assert_eq!(values(&weeks), [Some(1.0), Some(2.0)]);
    assert_eq!(weeks["buckets"][1]["start"], "2026-11-15T00:00:00-05:00");
    let question =
        json!({ "metric": "revenue", "range": { "preset": "fytd" }, "grain": "fiscal_year" });
    let year = shop.ask(question).await;
    assert_eq!(values(&year), [Some(11.0)]);
    assert_eq!(year["from"], "2026-04-01T00:00:00-04:00");
}

#[tokio::test]
async fn a_running_month_is_compared_over_as_much_time_of_the_month_before() {
    let shop = Shop::open(NOW, "Europe/Berlin").await;
    shop.declare("revenue", counter()).await;
    shop.record(&[
        ("revenue", "2026-11-03T12:00:00Z", 300.0, ""),
        ("revenue", "2026-11-21T11:00:00Z", 30.0, ""),
        ("revenue", "2026-10-03T12:00:00Z", 200.0, ""),
        // The 21st of October, twelve thirty on the wall, and the moment before.
        ("revenue", "2026-10-21T10:29:59Z", 20.0, ""),
        ("revenue", "2026-10-21T10:30:00Z", 1_000.0, ""),
    ])
    .await;
    let question = json!({
        "metric": "revenue", "range": { "preset": "mtd" }, "grain": "day", "compare": "previous",
    });
    let answer = shop.ask(question).await;
    let past = &answer["comparison"];
    assert_eq!(past["cut"], "2026-10-21T12:30:00+02:00");
    assert_eq!(past["total"]["value"], 220.0);
    assert_eq!(past["total"]["delta_abs"], 110.0);
    assert_eq!(past["total"]["delta_pct"], 50.0);
    assert_eq!(past["buckets"][20]["value"], 20.0);
    assert_eq!(past["buckets"][20]["delta_abs"], 10.0);
    assert_eq!(past["buckets"][0]["delta_pct"], Value::Null);
    assert_eq!(past["buckets"][0]["reason"], "base_is_zero");
}

#[tokio::test]
async fn a_year_ago_is_52_weeks_ago_at_week_grain() {
    let shop = Shop::open(NOW, "Europe/Berlin").await;
    shop.declare("revenue", counter()).await;
    shop.record(&[("revenue", "2025-11-12T12:00:00Z", 5.0, "")]).await;
    let question = json!({
        "metric": "revenue", "range": { "preset": "last_week" }, "grain": "week",
        "compare": "year",
    });
    let answer = shop.ask(question).await;
    assert_eq!(answer["comparison"]["buckets"][0]["start"], "2025-11-10T00:00:00+01:00");
    assert_eq!(answer["comparison"]["total"]["value"], 5.0);
}

#[tokio::test]
async fn top_others_and_those_without_the_tag_add_up() {
    let shop = Shop::open(NOW, "UTC").await;
    shop.declare("revenue", counter()).await;
    let day = "2026-11-20T12:00:00Z";
    shop.record(&[
        ("revenue", day, 10.0, "DE"),
        ("revenue", day, 9.0, "FR"),
        ("revenue", day, 3.0, "US"),
        ("revenue", day, 2.0, "IT"),
        ("revenue", day, 1.0, ""),
        // Great last week, gone now: it stays among the greatest of both.
        ("revenue", "2026-11-13T12:00:00Z", 50.0, "ES"),
    ])
    .await;
    let question = json!({
        "metric": "revenue", "range": { "from": "2026-11-15", "to": "2026-11-21" },
        "group_by": { "tag": "country", "top": 2 }, "compare": "previous",
    });
    let answer = shop.ask(question).await;
    let groups: Vec<(&str, Value, Value)> = answer["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            let name = group["name"].as_str().or(group["group"].as_str()).unwrap();
            let then = group["compared_total"]["value"].clone();
            (name, group["total"]["value"].clone(), then)
        })
        .collect();
    let expected = [
        ("ES", json!(0.0), json!(50.0)),
        ("DE", json!(10.0), json!(0.0)),
        ("other", json!(14.0), json!(0.0)),
        ("none", json!(1.0), json!(0.0)),
    ];
    assert_eq!(groups, expected);
    assert_eq!(answer["total"]["value"], 25.0);
    assert_eq!(answer["note"], Value::Null);
    let average = json!({
        "metric": "revenue", "range": { "preset": "7d" }, "aggregation": "avg",
        "group_by": { "tag": "country", "other": false, "top": 1 },
    });
    let answer = shop.ask(average).await;
    assert!(answer["note"].as_str().unwrap().contains("do not add up"));
    let shown = answer["groups"].as_array().unwrap().len();
    assert_eq!(shown, 2, "the greatest, and those without the tag");
}

#[tokio::test]
async fn a_ratio_divides_sums_at_every_level() {
    let shop = Shop::open(NOW, "UTC").await;
    shop.declare("revenue", counter()).await;
    shop.declare("orders", json!({ "kind": "counter", "unit": "" })).await;
    shop.record(&[
        ("revenue", "2026-11-16T12:00:00Z", 100.0, "DE"),
        ("orders", "2026-11-16T12:00:00Z", 1.0, "DE"),
        ("revenue", "2026-11-17T12:00:00Z", 10.0, "FR"),
        ("orders", "2026-11-17T12:00:00Z", 10.0, "FR"),
    ])
    .await;
    let question = json!({
        "ratio": { "of": "revenue", "by": "orders" }, "grain": "day",
        "range": { "from": "2026-11-16", "to": "2026-11-19" },
        "group_by": { "tag": "country" },
    });
    let answer = shop.ask(question).await;
    assert_eq!(values(&answer), [Some(100.0), Some(1.0), None]);
    assert_eq!(answer["total"], json!({ "value": 10.0, "of": 110.0, "by": 11.0 }));
    assert_eq!(answer["unit"], "EUR");
    assert_eq!(answer["groups"][0]["name"], "DE");
    assert_eq!(answer["groups"][0]["total"]["value"], 100.0);
    assert_eq!(answer["groups"][1]["total"]["value"], 1.0);
}

#[tokio::test]
async fn a_level_is_carried_into_the_range_and_over_its_gaps() {
    let shop = Shop::open(NOW, "Europe/Berlin").await;
    shop.declare("stock", gauge()).await;
    shop.record(&[
        ("stock", "2026-09-01T12:00:00Z", 7.0, ""),
        ("stock", "2026-11-18T12:00:00Z", 4.0, ""),
    ])
    .await;
    let range = json!({ "from": "2026-11-16T12:30:00+01:00", "to": "2026-11-23" });
    let answer = shop.ask(json!({ "metric": "stock", "range": range, "grain": "day" })).await;
    let (seven, four) = (Some(7.0), Some(4.0));
    assert_eq!(values(&answer), [seven, seven, four, four, four, four, None]);
    assert_eq!(answer["buckets"][0]["filled"], true);
    assert_eq!(answer["buckets"][2]["filled"], Value::Null);
    let question = json!({ "metric": "stock", "range": range, "grain": "day", "gap": "null" });
    let bare = shop.ask(question).await;
    assert_eq!(values(&bare), [None, None, four, None, None, None, None]);
}

#[tokio::test]
async fn only_complete_buckets_are_compared_with_their_like() {
    let shop = Shop::open(NOW, "UTC").await;
    shop.declare("revenue", counter()).await;
    shop.record(&[
        ("revenue", "2026-11-20T12:00:00Z", 3.0, ""),
        ("revenue", "2026-11-21T09:00:00Z", 100.0, ""),
        ("revenue", "2026-11-13T12:00:00Z", 2.0, ""),
        ("revenue", "2026-11-14T09:00:00Z", 100.0, ""),
    ])
    .await;
    let question = json!({
        "metric": "revenue", "range": { "preset": "wtd" }, "grain": "day", "compare": "previous",
        "only_complete": true,
    });
    let answer = shop.ask(question).await;
    assert_eq!(values(&answer).len(), 5);
    assert_eq!(answer["total"]["value"], 3.0);
    assert_eq!(answer["comparison"]["total"]["value"], 2.0);
}

#[tokio::test]
async fn filters_share_out_all_series() {
    let shop = Shop::open(NOW, "UTC").await;
    shop.declare("revenue", counter()).await;
    let day = "2026-11-20T12:00:00Z";
    shop.record(&[
        ("revenue", day, 1.0, "DE"),
        ("revenue", day, 2.0, "FR"),
        ("revenue", day, 4.0, "a \"b\" \\ .* ü"),
        ("revenue", day, 8.0, ""),
    ])
    .await;
    let cases = [
        (json!({ "tag": "country", "eq": "DE" }), 1.0),
        (json!({ "tag": "country", "ne": "DE" }), 14.0),
        (json!({ "tag": "country", "in": ["DE", "FR"] }), 3.0),
        (json!({ "tag": "country", "not_in": ["DE", "FR"] }), 12.0),
        (json!({ "tag": "country", "exists": true }), 7.0),
        (json!({ "tag": "country", "exists": false }), 8.0),
        (json!({ "tag": "country", "contains": "E" }), 1.0),
        (json!({ "tag": "country", "contains": ".*" }), 4.0),
        (json!({ "tag": "country", "contains": "\"b\" \\" }), 4.0),
        (json!({ "tag": "country", "eq": "a \"b\" \\ .* ü" }), 4.0),
        (
            json!({ "or": [
                { "tag": "country", "eq": "FR" },
                { "and": [
                    { "tag": "country", "ne": "DE" }, { "tag": "country", "exists": false },
                ] },
            ] }),
            10.0,
        ),
    ];
    for (filter, expected) in cases {
        let question =
            json!({ "metric": "revenue", "range": { "preset": "7d" }, "filter": filter });
        assert_eq!(shop.ask(question).await["total"]["value"], expected, "{filter}");
    }
}
