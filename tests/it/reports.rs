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
    let made =
        world.post("/v1/reports", key, &weekly(&["Ann@Shop.Example"])).await.expect(201).json;
    assert_eq!(
        made["recipients"],
        json!([{ "address": "Ann@shop.example", "unsubscribed": false }])
    );
    assert_eq!(made["zone"], "Europe/Berlin");
    let runs: Vec<&str> = made["next_runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["local"].as_str().unwrap())
        .collect();
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
        (
            json!({ "metrics": [{ "ratio": { "of": "stock", "by": "orders" }, "label": "S" }] }),
            "metrics[0]",
        ),
        (json!({ "metrics": [{ "metric": "revenue", "label": "" }] }), "metrics[0].label"),
        (json!({ "metrics": [17] }), "metrics[0]"),
        (json!({ "recipients": [] }), "recipients"),
        (json!({ "recipients": many }), "recipients"),
        (json!({ "recipients": ["ann@shop.example", "ann"] }), "recipients[1]"),
        (json!({ "recipients": ["ann@shop.example", "ANN@shop.example"] }), "recipients[1]"),
        (json!({ "zone": "Europe/Bielefeld" }), "zone"),
        (
            schedule(json!({ "frequency": "daily", "weekday": "monday", "wall_time": "08:00" })),
            "schedule",
        ),
        (schedule(json!({ "frequency": "weekly", "wall_time": "08:00" })), "schedule"),
        (
            schedule(json!({ "frequency": "weekly", "weekday": "freeday", "wall_time": "08:00" })),
            "schedule.weekday",
        ),
        (
            schedule(json!({ "frequency": "monthly", "day": 32, "wall_time": "08:00" })),
            "schedule.day",
        ),
        (
            schedule(json!({ "frequency": "monthly", "day": "first", "wall_time": "08:00" })),
            "schedule.day",
        ),
        (schedule(json!({ "frequency": "daily", "wall_time": "25:00" })), "schedule.wall_time"),
        (schedule(json!({ "frequency": "daily", "wall_time": "08:00:30" })), "schedule.wall_time"),
    ] {
        let mut wanted = weekly(&["ann@shop.example"]);
        wanted.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = world.post("/v1/reports", key, &wanted).await;
        assert_eq!(
            (answer.status, &answer.json["field"]),
            (422, &json!(field)),
            "{}",
            answer.text()
        );
    }
    assert_eq!(world.count("select count(*) from report").await, 0);
}

#[tokio::test]
async fn the_next_runs_follow_the_wall_through_a_change_of_the_clocks() {
    let mut shop = Shop::open().await;
    let mut nightly = weekly(&["ann@shop.example"]);
    nightly["schedule"] = json!({ "frequency": "daily", "wall_time": "02:30" });
    for (now, expected) in [
        // The wall jumps from 02:00 to 03:00 on the 29th of March.
        (
            "2027-03-26T12:00:00Z",
            ["2027-03-27T02:30:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"],
        ),
        // It shows 02:30 twice on the 31st of October: the first counts.
        (
            "2027-10-29T12:00:00Z",
            ["2027-10-30T02:30:00+02:00", "2027-10-31T02:30:00+02:00", "2027-11-01T02:30:00+01:00"],
        ),
    ] {
        shop = shop.at(now);
        let made = shop.world.post("/v1/reports", &shop.key, &nightly).await.expect(201).json;
        let runs: Vec<&str> = made["next_runs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["local"].as_str().unwrap())
            .collect();
        assert_eq!(runs, expected);
    }
}

#[tokio::test]
async fn reports_need_their_scopes_and_are_no_other_tenants() {
    let mut shop = Shop::open().await;
    let report = shop.report(&weekly(&["ann@shop.example"])).await;
    shop.world = shop.world.with_tenant("Asia/Tokyo").await;
    let world = &shop.world;
    let reader = world.key(&[Scope::ReportsRead]).await;
    let writer = world.key(&[Scope::ReportsWrite]).await;
    let stranger = world.key_of(&world.tenants()[1], &Scope::ALL, 1_000).await;
    let path = format!("/v1/reports/{report}");
    for (answer, status) in [
        (world.get(&path, "").await, 401),
        (world.get(&path, &writer).await, 403),
        (world.delete(&path, &reader).await, 403),
        (world.post("/v1/reports", &reader, &weekly(&["a@b.de"])).await, 403),
        (world.get(&path, &stranger).await, 404),
        (world.put(&path, &stranger, &weekly(&["a@b.de"])).await, 404),
        (world.delete(&path, &stranger).await, 404),
        (world.get(&format!("{path}/deliveries"), &stranger).await, 404),
        (world.get(&path, &reader).await, 200),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let theirs = world.get("/v1/reports", &stranger).await.expect(200);
    assert_eq!(theirs.json, json!({ "reports": [] }));
}

#[tokio::test]
async fn a_tenant_has_at_most_a_hundred_reports() {
    let Shop { world, key, .. } = &Shop::open().await;
    world
        .sql(
            "insert into report (tenant, id, name, items, recipients, schedule, zone, created_at,
                 changed_at)
             select 1, gen_random_uuid(), 'Report', '[]', '{}',
                 '{\"frequency\": \"daily\", \"wall_time\": \"08:00:00\"}', 'UTC', now(), now()
             from generate_series(1, 100)",
        )
        .await;
    let answer = world.post("/v1/reports", key, &weekly(&["ann@shop.example"])).await;
    assert_eq!((answer.status, &answer.json["code"]), (409, &json!("conflict")));
}

/// The shop after its report has gone to two recipients, and the links of both letters.
async fn sent() -> (Shop, String, Vec<String>) {
    let shop = Shop::open().await.at(&before_monday(1));
    let report = shop.report(&weekly(&["ann@shop.example", "bob@shop.example"])).await;
    let shop = shop.at(shop::MONDAY);
    shop.world.tick("report-planner").await;
    shop.world.drain_queues().await;
    let mut letters = shop.post.letters();
    letters.sort_by(|one, other| one.to.cmp(&other.to));
    let path = |letter: app::port::Letter| {
        let url = letter.unsubscribe_url.unwrap();
        assert!(letter.text.contains(&url) && letter.html.contains(&url));
        url.strip_prefix(tests::world::PUBLIC_URL).unwrap().to_owned()
    };
    let links = letters.into_iter().map(path).collect();
    (shop, report, links)
}

#[tokio::test]
async fn opening_a_link_changes_nothing_and_one_click_ends_the_report() {
    let (shop, report, links) = sent().await;
    let world = &shop.world;
    let page = world.get(&links[0], "").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.text().contains("Weekly takings") && page.text().contains("<button>"));
    assert!(!page.text().contains("ann") && !links[0].contains("ann"), "an address is told");
    assert_eq!(world.count("select count(*) from unsubscribe").await, 0);

    for _ in 0..2 {
        let one_click = request(Method::POST, &links[0], "")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body("List-Unsubscribe=One-Click".into());
        let done = world.send(one_click.unwrap()).await.expect(200);
        assert!(done.text().contains("no more letters"), "{}", done.text());
        assert_eq!(world.count("select count(*) from unsubscribe").await, 1);
    }
    let told = world.get(&format!("/v1/reports/{report}"), &shop.key).await.expect(200).json;
    let ended = json!([
        { "address": "ann@shop.example", "unsubscribed": true },
        { "address": "bob@shop.example", "unsubscribed": false },
    ]);
    assert_eq!(told["recipients"], ended);

    let shop = shop.at("2026-11-30T07:10:00Z");
    shop.world.tick("report-planner").await;
    shop.world.drain_queues().await;
    let to: Vec<String> = shop.post.letters().into_iter().skip(2).map(|letter| letter.to).collect();
    assert_eq!(to, ["bob@shop.example"]);
}

#[tokio::test]
async fn links_outlive_new_keys_and_no_other_link_opens() {
    let (shop, _report, links) = sent().await;
    let rotate = |old: &str| format!("2:{},{old}", "QUJD".repeat(8));
    let world = shop.world.with_setup(|setup| {
        setup.config.unsubscribe_keys = rotate(&setup.config.unsubscribe_keys);
    });
    world.get(&links[0], "").await.expect(200);
    world.send(request(Method::POST, &links[0], "").body("".into()).unwrap()).await.expect(200);
    let world =
        world.with_setup(|setup| setup.config.unsubscribe_keys = format!("2:{}", "QUJD".repeat(8)));
    let changed =
        links[1].replace(&links[1][30..31], if &links[1][30..31] == "A" { "B" } else { "A" });
    for forged in [links[1].as_str(), &changed, "/v1/unsubscribe/x", "/v1/unsubscribe/%00"] {
        for method in [Method::GET, Method::POST] {
            let answer = world.send(request(method, forged, "").body("".into()).unwrap()).await;
            assert_eq!(answer.status, 404, "{forged}: {}", answer.text());
        }
    }
    assert_eq!(world.count("select count(*) from unsubscribe").await, 1);
}

#[tokio::test]
async fn a_link_of_a_report_that_is_gone_says_so() {
    let (shop, report, links) = sent().await;
    assert_eq!(shop.world.delete(&format!("/v1/reports/{report}"), &shop.key).await.status, 204);
    for method in [Method::GET, Method::POST] {
        let asked = request(method, &links[0], "").body("".into()).unwrap();
        let page = shop.world.send(asked).await.expect(200);
        assert!(page.text().contains("no longer sent"), "{}", page.text());
    }
}

#[tokio::test]
async fn a_letter_belongs_to_the_trace_of_whoever_asked_for_it() {
    let Shop { world, key, .. } = &Shop::open().await;
    let report = world.post("/v1/reports", key, &weekly(&["ann@shop.example"])).await.expect(201);
    let path = format!("/v1/reports/{}/test", report.json["id"].as_str().unwrap());
    let asked = request(Method::POST, &path, key)
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .header(header::CONTENT_TYPE, "application/json")
        .body(json!({ "recipient": "ann@shop.example" }).to_string().into());
    world.send(asked.unwrap()).await.expect(202);
    // Through the outbox, whose rows are gone once they are sent.
    let trace: String = world.sql("select trace from job where queue = 'reports'").await[0].get(0);
    assert!(trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{trace}");
    assert_eq!(world.count("select count(*) from outbox").await, 0);
}

#[tokio::test]
async fn a_test_letter_is_marked_and_has_no_link_to_unsubscribe() {
    let shop = Shop::open().await;
    let report = shop.report(&weekly(&["ann@shop.example", "bob@shop.example"])).await;
    let path = format!("/v1/reports/{report}/test");
    let ask = |recipient: &str| json!({ "recipient": recipient });
    let (world, key) = (&shop.world, &shop.key);
    let stranger = world.post(&path, key, &ask("eve@shop.example")).await.expect(422);
    assert_eq!(stranger.json["field"], "recipient");
    world.post(&path, key, &ask("ann@shop.example")).await.expect(202);
    world.post(&path, key, &ask("ANN@shop.example")).await.expect(202);
    world.drain_queues().await;
    let letters = shop.post.letters();
    assert_eq!(letters.len(), 2);
    assert_ne!(letters[0].message_id, letters[1].message_id);
    let letter = &letters[0];
    assert_eq!(letter.to, "ann@shop.example");
    assert!(letter.subject.starts_with("Test: Shop 1: Revenue €2,800.00"), "{}", letter.subject);
    assert_eq!(letter.unsubscribe_url, None);
    assert!(
        letter.text.contains("This is a test letter that Shop 1 asked for."),
        "{}",
        letter.text
    );
    for words in [&letter.text, &letter.html] {
        assert!(!words.to_lowercase().contains("unsubscribe from"), "{words}");
    }
    let told = world.get(&format!("/v1/reports/{report}/deliveries"), key).await.expect(200).json;
    let [first, second] = [0, 1].map(|index| &told["deliveries"][index]);
    assert_eq!((&first["test"], &first["state"]), (&json!(true), &json!("accepted")));
    assert_eq!(second["recipient"], "ann@shop.example");
}

#[tokio::test]
async fn test_letters_have_a_daily_limit() {
    let shop = Shop::open().await;
    let report = shop.report(&weekly(&["ann@shop.example"])).await;
    let path = format!("/v1/reports/{report}/test");
    let sent = "insert into key_value (key, value) values ('report_tests:1:2026-11-23', '50')";
    shop.world.sql(sent).await;
    let ask = json!({ "recipient": "ann@shop.example" });
    assert_eq!(shop.world.post(&path, &shop.key, &ask).await.status, 429);
    assert_eq!(shop.world.count("select count(*) from delivery").await, 0);
}
