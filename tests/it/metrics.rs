//! Metrics are declared, found and explored.

use domain::access::Scope;
use domain::metric::limit;
use serde_json::{Value, json};
use tests::World;

const NOW: &str = "2026-11-21T07:00:00Z";

async fn shop() -> (World, String) {
    let world = World::at(NOW).await.with_tenant("Europe/Berlin").await;
    let scopes = [Scope::PointsWrite, Scope::MetricsRead, Scope::MetricsWrite];
    let key = world.key(&scopes).await;
    (world, key)
}

async fn points(world: &World, key: &str, tags: &[Value]) {
    let row =
        |tags: &Value| json!({ "metric": "revenue", "value": 100, "unit": "EUR", "tags": tags });
    let rows: Vec<Value> = tags.iter().map(row).collect();
    let answer = world.post("/v1/points", key, &json!(rows)).await.expect(200);
    assert_eq!(answer.json["rejected"], 0);
}

#[tokio::test]
async fn a_declaration_is_completed_by_what_is_usual_for_its_kind() {
    let (world, key) = shop().await;
    let usual = |kind: &str, aggregation: &str, gap: &str| {
        json!({
            "name": "m", "kind": kind, "unit": "", "aggregation": aggregation, "gap": gap,
            "direction": "neutral", "finest": "hour", "label": "", "draft": false,
        })
    };
    for (kind, aggregation, gap) in
        [("counter", "sum", "zero"), ("gauge", "last", "carry"), ("event", "count", "zero")]
    {
        let answer = world.put("/v1/metrics/m", &key, &json!({ "kind": kind })).await.expect(200);
        assert_eq!(answer.json, usual(kind, aggregation, gap));
    }
    let whole = json!({
        "name": "stock", "kind": "gauge", "unit": "EUR", "aggregation": "min", "gap": "null",
        "direction": "down", "finest": "day", "label": "Stock value",
    });
    let mut wanted = whole.clone();
    wanted.as_object_mut().unwrap().remove("name");
    let answer = world.put("/v1/metrics/stock", &key, &wanted).await.expect(200);
    let described = world.get("/v1/metrics/stock", &key).await.expect(200);
    assert_eq!(answer.json, described.json);
    for (field, value) in whole.as_object().unwrap() {
        assert_eq!(described.json[field], *value, "{field}");
    }
}

#[tokio::test]
async fn a_declaration_that_means_nothing_is_refused_at_its_field() {
    let (world, key) = shop().await;
    for (wanted, field) in [
        (json!({ "kind": "sum" }), "kind"),
        (json!({ "kind": "gauge", "aggregation": "sum" }), "aggregation"),
        (json!({ "kind": "counter", "aggregation": "last" }), "aggregation"),
        (json!({ "kind": "counter", "aggregation": "cumulative" }), "aggregation"),
        (json!({ "kind": "gauge", "unit": "per cent" }), "unit"),
        (json!({ "kind": "gauge", "label": "a\nb" }), "label"),
        (json!({ "kind": "gauge", "label": "a".repeat(101) }), "label"),
        (json!({ "kind": "gauge", "finest": "minute" }), "finest"),
    ] {
        let answer = world.put("/v1/metrics/m", &key, &wanted).await.expect(422);
        assert_eq!(
            (&answer.json["code"], &answer.json["field"]),
            (&json!("invalid"), &json!(field))
        );
    }
    for name in ["M", "1m", "a-b", "a%20b", &"a".repeat(65)] {
        let path = format!("/v1/metrics/{name}");
        let answer = world.put(&path, &key, &json!({ "kind": "gauge" })).await.expect(422);
        assert_eq!(answer.json["field"], "name", "{name}");
        world.get(&path, &key).await.expect(404);
    }
    assert_eq!(world.count("select count(*) from metric").await, 0);
}

#[tokio::test]
async fn a_metric_that_was_never_declared_is_a_draft_until_somebody_confirms_it() {
    let (world, key) = shop().await;
    points(&world, &key, &[json!({})]).await;
    let drafted = world.get("/v1/metrics/revenue", &key).await.expect(200).json;
    assert_eq!((&drafted["draft"], &drafted["unit"]), (&json!(true), &json!("EUR")));
    let wanted = json!({ "kind": drafted["kind"], "unit": "EUR", "label": "Revenue" });
    let confirmed = world.put("/v1/metrics/revenue", &key, &wanted).await.expect(200).json;
    assert_eq!((&confirmed["draft"], &confirmed["label"]), (&json!(false), &json!("Revenue")));
}

#[tokio::test]
async fn kind_unit_and_finest_rollup_stay_once_there_are_points() {
    let (world, key) = shop().await;
    let declared = json!({ "kind": "counter", "unit": "EUR" });
    world.put("/v1/metrics/revenue", &key, &json!({ "kind": "gauge" })).await.expect(200);
    world.put("/v1/metrics/revenue", &key, &declared).await.expect(200);
    points(&world, &key, &[json!({})]).await;
    for other in [
        json!({ "kind": "event", "unit": "EUR" }),
        json!({ "kind": "counter", "unit": "USD" }),
        json!({ "kind": "counter", "unit": "EUR", "finest": "day" }),
    ] {
        let answer = world.put("/v1/metrics/revenue", &key, &other).await.expect(409);
        assert_eq!(answer.json["code"], "conflict");
    }
    let softer = json!({ "kind": "counter", "unit": "EUR", "aggregation": "avg", "label": "Sum" });
    let changed = world.put("/v1/metrics/revenue", &key, &softer).await.expect(200).json;
    assert_eq!((&changed["aggregation"], &changed["label"]), (&json!("avg"), &json!("Sum")));
}

#[tokio::test]
async fn metrics_are_listed_by_name_page_by_page() {
    let (world, key) = shop().await;
    for name in ["c", "a", "e", "b", "d"] {
        let path = format!("/v1/metrics/{name}");
        world.put(&path, &key, &json!({ "kind": "counter" })).await.expect(200);
    }
    let (mut names, mut pages, mut after) = (Vec::new(), 0, String::new());
    loop {
        let page = world.get(&format!("/v1/metrics?limit=2&after={after}"), &key).await.expect(200);
        let metrics = page.json["metrics"].as_array().unwrap();
        names.extend(metrics.iter().map(|metric| metric["name"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = page.json["next"].as_str() else { break };
        next.clone_into(&mut after);
    }
    assert_eq!((names, pages), (["a", "b", "c", "d", "e"].map(str::to_owned).to_vec(), 3));
    let all = world.get("/v1/metrics?limit=1000000", &key).await.expect(200);
    assert_eq!(all.json["metrics"].as_array().unwrap().len(), 5);
    world.get("/v1/metrics?limit=all", &key).await.expect(422);
}

#[tokio::test]
async fn series_tags_and_values_can_be_explored() {
    let (world, key) = shop().await;
    let tags = [
        json!({ "country": "DE", "channel": "web" }),
        json!({ "country": "FR", "channel": "web" }),
        json!({ "country": "FR" }),
        json!({ "country": "AT", "channel": "till" }),
        json!({}),
    ];
    points(&world, &key, &tags).await;
    let first = world.get("/v1/metrics/revenue/series?limit=3", &key).await.expect(200).json;
    let rest = format!("/v1/metrics/revenue/series?limit=3&after={}", first["next"]);
    let rest = world.get(&rest, &key).await.expect(200).json;
    assert_eq!(rest.get("next"), None);
    let pages = [&first["series"], &rest["series"]].map(|page| page.as_array().unwrap().clone());
    let mut found: Vec<String> = pages.concat().iter().map(|one| one["tags"].to_string()).collect();
    let mut expected = tags.map(|tags| tags.to_string());
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let listed = world.get("/v1/metrics/revenue/tags", &key).await.expect(200).json;
    let country = json!({ "key": "country", "values": 3, "series": 4 });
    let channel = json!({ "key": "channel", "values": 2, "series": 3 });
    assert_eq!(listed, json!({ "tags": [country, channel] }));
    let values = world.get("/v1/metrics/revenue/tags/country", &key).await.expect(200).json;
    let value = |value: &str, series: i64| json!({ "value": value, "series": series });
    assert_eq!(values, json!({ "values": [value("AT", 1), value("DE", 1), value("FR", 2)] }));
    let none = world.get("/v1/metrics/revenue/tags/size", &key).await.expect(200).json;
    assert_eq!(none, json!({ "values": [] }));
    for path in ["", "/series", "/tags", "/tags/country"] {
        world.get(&format!("/v1/metrics/profit{path}"), &key).await.expect(404);
    }
}

#[tokio::test]
async fn a_tenant_has_so_many_metrics_and_no_more() {
    let (world, key) = shop().await;
    world.put("/v1/metrics/first", &key, &json!({ "kind": "gauge" })).await.expect(200);
    let more = limit::METRICS - 1;
    let copy = format!(
        "insert into metric
             (tenant, name, kind, unit, aggregation, gap, direction, finest, label, draft)
         select tenant, 'm' || n, kind, unit, aggregation, gap, direction, finest, label, draft
         from metric, generate_series(1, {more}) n"
    );
    world.sql(&copy).await;
    let answer = world.put("/v1/metrics/one_more", &key, &json!({ "kind": "gauge" })).await;
    assert_eq!(answer.expect(409).json["code"], "conflict");
    world.put("/v1/metrics/m1", &key, &json!({ "kind": "counter" })).await.expect(200);
    let point = json!([{ "metric": "one_more", "value": 1 }]);
    let refused = world.post("/v1/points", &key, &point).await.expect(422);
    assert_eq!(refused.json["results"][0]["code"], "metric_limit");
}

#[tokio::test]
async fn a_draft_may_still_become_another_kind() {
    let (world, key) = shop().await;
    let rows = json!([{ "metric": "visitors", "value": 5 }]);
    world.post("/v1/points", &key, &rows).await.expect(200);
    let gauge = json!({ "kind": "gauge", "gap": "carry" });
    let told = world.put("/v1/metrics/visitors", &key, &gauge).await.expect(200).json;
    assert_eq!((&told["kind"], &told["draft"]), (&json!("gauge"), &json!(false)));
    world.put("/v1/metrics/visitors", &key, &json!({ "kind": "counter" })).await.expect(409);
}

#[tokio::test]
async fn the_finest_rollup_may_change_until_the_first_point() {
    let (world, key) = shop().await;
    let with = |finest: &str| json!({ "kind": "counter", "finest": finest });
    for finest in ["hour", "day", "hour", "day"] {
        let told = world.put("/v1/metrics/m", &key, &with(finest)).await.expect(200).json;
        assert_eq!(told["finest"], finest);
    }
    world.post("/v1/points", &key, &json!([{ "metric": "m", "value": 5 }])).await.expect(200);
    world.put("/v1/metrics/m", &key, &with("hour")).await.expect(409);
}
