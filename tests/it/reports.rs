use domain::access::Scope;
use http::{Method, header};
use serde_json::{Value, json};
use tests::client::request;

use self::shop::{Shop, before_monday, weekly};

/// A shop with two weeks of takings.
pub(crate) mod shop;

#[tokio::test]
async fn a_report_is_made_read_changed_and_deleted() {
    let Shop { world, key, .. } = &Shop::open().await;
    let made = world.post("/v1/reports", key, &weekly(&["Ann@Shop.Example"])).await.expect(201).json;
    assert_eq!(made["recipients"], json!([{ "address": "Ann@shop.example", "unsubscribed": false }]));
    assert_eq!(made["zone"], "Europe/Berlin");
    let runs: Vec<&str> =
        made["next_runs"].as_array().unwrap().iter().map(|run| run["local"].as_str().unwrap()).collect();
    let mondays =
        ["2026-11-30T08:00:00+01:00", "2026-12-07T08:00:00+01:00", "2026-12-14T08:00:00+01:00"];
    assert_eq!(runs, mondays);
    let path = format!("/v1/reports/{}", made["id"].as_str().unwrap());
    assert_eq!(world.get(&path, key).await.expect(200).json, made);
    assert_eq!(world.get("/v1/reports", key).await.expect(200).json, json!({ "reports": [made] }));

    let mut wanted = weekly(&["bob@shop.example"]);
    wanted["paused"] = json!(true);
    wanted["schedule"] = json!({ "frequency": "monthly", "day": "last", "wall_time": "18:30" });
    wanted["zone"] = json!("america/new_york");
    let changed = world.put(&path, key, &wanted).await.expect(200).json;
    assert_eq!(changed["schedule"], wanted["schedule"]);
    assert_eq!((&changed["zone"], &changed["next_runs"]), (&json!("America/New_York"), &json!([])));
    wanted["paused"] = json!(false);
    let changed = world.put(&path, key, &wanted).await.expect(200).json;
    assert_eq!(changed["next_runs"][0]["local"], "2026-11-30T18:30:00-05:00");

    assert_eq!(world.delete(&path, key).await.status, 204);
    for answer in [
        world.get(&path, key).await,
        world.delete(&path, key).await,
        world.put(&path, key, &wanted).await,
        world.get(&format!("{path}/deliveries"), key).await,
        world.post(&format!("{path}/test"), key, &json!({ "recipient": "a@b.de" })).await,
    ] {
        assert_eq!(answer.json["code"], "not_found", "{}", answer.text());
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_its_field() {
    let Shop { world, key, .. } = &Shop::open().await;
    world.put("/v1/metrics/stock", key, &json!({ "kind": "gauge" })).await.expect(200);
    let many: Vec<String> = (0..51).map(|number| format!("r{number}@shop.example")).collect();
    let schedule = |schedule: Value| json!({ "schedule": schedule });
    for (change, field) in [
        (json!({ "name": "  " }), "name"),
        (json!({ "name": "a\nb" }), "name"),
        (json!({ "metrics": [] }), "metrics"),
        (json!({ "metrics": ["revenue", "reveneu"] }), "metrics[1]"),
        (json!({ "metrics": ["Revenue"] }), "metrics[0]"),
        (json!({ "metrics": [{ "ratio": { "of": "stock", "by": "orders" }, "label": "S" }] }),
            "metrics[0]"),
        (json!({ "metrics": [{ "metric": "revenue", "label": "" }] }), "metrics[0].label"),
        (json!({ "metrics": [17] }), "metrics[0]"),
        (json!({ "recipients": [] }), "recipients"),
        (json!({ "recipients": many }), "recipients"),
        (json!({ "recipients": ["ann@shop.example", "ann"] }), "recipients[1]"),
        (json!({ "recipients": ["ann@shop.example", "ANN@shop.example"] }), "recipients[1]"),
        (json!({ "zone": "Europe/Bielefeld" }), "zone"),
        (schedule(json!({ "frequency": "daily", "weekday": "monday", "wall_time": "08:00" })),
            "schedule"),
        (schedule(json!({ "frequency": "weekly", "wall_time": "08:00" })), "schedule"),
        (schedule(json!({ "frequency": "weekly", "weekday": "freeday", "wall_time": "08:00" })),
            "schedule.weekday"),
        (schedule(json!({ "frequency": "monthly", "day": 32, "wall_time": "08:00" })),
            "schedule.day"),
        (schedule(json!({ "frequency": "monthly", "day": "first", "wall_time": "08:00" })),
            "schedule.day"),
        (schedule(json!({ "frequency": "daily", "wall_time": "25:00" })), "schedule.wall_time"),
        (schedule(json!({ "frequency": "daily", "wall_time": "08:00:30" })), "schedule.wall_time"),
    ] {
        let mut wanted = weekly(&["ann@shop.example"]);
        wanted.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = world.post("/v1/reports", key, &wanted).await;
        assert_eq!((answer.status, &answer.json["field"]), (422, &json!(field)), "{}", answer.text());
    }
    assert_eq!(world.count("select count(*) from report").await, 0);
}

#[tokio::test]
async fn the_next_runs_follow_the_wall_through_a_change_of_the_clocks() {
    let shop = Shop::open().await;
    let mut nightly = weekly(&["ann@shop.example"]);
    nightly["schedule"] = json!({ "frequency": "daily", "wall_time": "02:30" });
    for (now, expected) in [
        // The wall jumps from 02:00 to 03:00 on the 29th of March.
        ("2027-03-26T12:00:00Z", [
            "2027-03-27T02:30:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00",
        ]),
        // It shows 02:30 twice on the 31st of October: the first counts.
        ("2027-10-29T12:00:00Z", [
            "2027-10-30T02:30:00+02:00", "2027-10-31T02:30:00+02:00", "2027-11-01T02:30:00+01:00",
        ]),
    ] {
        let world = World::at_with(&shop, now);
        let made = world.host_answer(&nightly).await;
        let runs: Vec<&str> =
            made["next_runs"].as_array().unwrap().iter().map(|it| it["local"].as_str().unwrap()).collect();
        assert_eq!(runs, expected);
    }
}
