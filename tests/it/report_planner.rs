use serde_json::json;

use crate::reports::shop::{MONDAY, Shop, before_monday, weekly};

async fn scheduled(recipients: &[&str]) -> (Shop, String) {
    let shop = Shop::open().await.at(&before_monday(24));
    let report = shop.report(&weekly(recipients)).await;
    (shop, report)
}

/// What was planned, by local date.
async fn planned(shop: &Shop) -> Vec<(String, bool, i64)> {
    let rows = shop
        .world
        .sql(
            "select o.local_date::text, o.late, count(d.id)
             from occurrence o left join delivery d on d.occurrence = o.id
             group by o.id order by o.local_date",
        )
        .await;
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

#[tokio::test]
async fn a_due_report_is_planned_once_for_everybody_who_wants_it() {
    let (shop, report) =
        scheduled(&["ann@shop.example", "bob@shop.example", "eve@shop.example"]).await;
    let ended = format!(
        "insert into unsubscribe (tenant, report, recipient, at)
         values (1, '{report}', 'eve@shop.example', now())"
    );
    shop.world.sql(&ended).await;
    shop.world.tick("report-planner").await;
    assert!(planned(&shop).await.is_empty(), "it was planned before it was due");
    let shop = shop.at(MONDAY);
    for _ in 0..3 {
        shop.world.tick("report-planner").await;
    }
    assert_eq!(planned(&shop).await, [("2026-11-23".to_owned(), false, 2)]);
    assert_eq!(shop.messages().await.len(), 2);
    assert_eq!(shop.states(&report).await, ["planned", "planned"]);
    assert_eq!(shop.world.count("select count(*) from outbox").await, 0);
}

#[tokio::test]
async fn planners_that_run_at_once_plan_each_report_once() {
    let (shop, _report) = scheduled(&["ann@shop.example"]).await;
    for number in 0..9 {
        shop.report(&weekly(&[&format!("r{number}@shop.example")])).await;
    }
    let shop = shop.at(MONDAY);
    let world = &shop.world;
    tokio::join!(
        world.tick("report-planner"),
        world.tick("report-planner"),
        world.tick("report-planner"),
    );
    assert_eq!(planned(&shop).await, vec![("2026-11-23".to_owned(), false, 1); 10]);
    assert_eq!(shop.messages().await.len(), 10);
}

#[tokio::test]
async fn after_an_outage_only_the_newest_occurrence_leaves_and_says_that_it_is_late() {
    let (shop, _report) = scheduled(&["ann@shop.example"]).await;
    let shop = shop.at("2026-12-09T15:00:00Z");
    shop.world.tick("report-planner").await;
    assert_eq!(planned(&shop).await, [("2026-12-07".to_owned(), true, 1)]);
    shop.world.drain_queues().await;
    let [letter] = &shop.post.letters()[..] else { panic!("not one letter") };
    assert!(letter.text.contains("This report is late"), "{}", letter.text);
    assert!(letter.text.contains("30 November – 6 December 2026"), "{}", letter.text);
    let next = shop.world.sql("select next_due_at::text from report").await[0].get::<_, String>(0);
    assert!(next.starts_with("2026-12-14 07:00"), "{next}");
}

#[tokio::test]
async fn while_nothing_is_due_postgres_is_left_alone() {
    let (shop, _report) = scheduled(&["ann@shop.example"]).await;
    shop.world.tick("report-planner").await;
    let record = "select value from key_value where key = 'due:reports'";
    let due_at: String = shop.world.sql(record).await[0].get(0);
    assert_eq!(due_at, "2026-11-23T07:00:00Z");
    // The planner's own address leads nowhere: a look would fail.
    let nowhere = "postgres://takings@127.0.0.1:1/nowhere?sslmode=disable";
    let asleep = shop.world.with_setup(|setup| setup.addresses.system = nowhere.to_owned());
    asleep.tick("report-planner").await;
    let due = asleep.with_setup(|setup| {
        setup.addresses.system = nowhere.to_owned();
        setup.clock = app::Clock::Fixed(MONDAY.parse().unwrap());
    });
    assert!(due.host().tick("report-planner", MONDAY.parse().unwrap()).await.is_err());
}

#[tokio::test]
async fn a_changed_schedule_is_seen_at_the_next_tick() {
    let (shop, report) = scheduled(&["ann@shop.example"]).await;
    shop.world.tick("report-planner").await;
    let mut sooner = weekly(&["ann@shop.example"]);
    sooner["schedule"] = json!({ "frequency": "daily", "wall_time": "09:00" });
    let path = format!("/v1/reports/{report}");
    shop.world.put(&path, &shop.key, &sooner).await.expect(200);
    // Sunday, 09:05 in Berlin.
    let shop = shop.at("2026-11-22T08:05:00Z");
    shop.world.tick("report-planner").await;
    assert_eq!(planned(&shop).await, [("2026-11-22".to_owned(), false, 1)]);
}

#[tokio::test]
async fn a_change_that_keeps_the_time_keeps_what_is_due() {
    let (shop, report) = scheduled(&["ann@shop.example"]).await;
    let shop = shop.at(MONDAY);
    let mut renamed = weekly(&["ann@shop.example"]);
    renamed["name"] = json!("Takings of the week");
    let path = format!("/v1/reports/{report}");
    shop.world.put(&path, &shop.key, &renamed).await.expect(200);
    shop.world.tick("report-planner").await;
    assert_eq!(planned(&shop).await, [("2026-11-23".to_owned(), false, 1)]);
}

#[tokio::test]
async fn a_paused_report_is_not_planned() {
    let (shop, report) = scheduled(&["ann@shop.example"]).await;
    let mut paused = weekly(&["ann@shop.example"]);
    paused["paused"] = json!(true);
    let path = format!("/v1/reports/{report}");
    shop.world.put(&path, &shop.key, &paused).await.expect(200);
    let shop = shop.at(MONDAY);
    shop.world.tick("report-planner").await;
    assert!(planned(&shop).await.is_empty());
    // It goes on with the next occurrence, not with those of the pause.
    shop.world.put(&path, &shop.key, &weekly(&["ann@shop.example"])).await.expect(200);
    shop.world.tick("report-planner").await;
    assert!(planned(&shop).await.is_empty());
}

#[tokio::test]
async fn an_hour_that_comes_twice_has_one_letter_and_one_that_never_comes_has_one_too() {
    let mut shop = Shop::open().await.at("2027-03-27T12:00:00Z");
    let mut nightly = weekly(&["ann@shop.example"]);
    nightly["schedule"] = json!({ "frequency": "daily", "wall_time": "02:30" });
    shop.report(&nightly).await;
    // 02:30 in Berlin is skipped on 28 March 2027, and comes twice on 31 October.
    for (tick, days) in [
        ("2027-03-28T00:59:00Z", 0),
        ("2027-03-28T01:00:00Z", 1),
        ("2027-03-28T01:45:00Z", 1),
        ("2027-10-31T00:29:00Z", 2),
        ("2027-10-31T00:30:00Z", 3),
        ("2027-10-31T01:30:00Z", 3),
        ("2027-11-01T01:29:00Z", 3),
        ("2027-11-01T01:30:00Z", 4),
    ] {
        shop = shop.at(tick);
        shop.world.tick("report-planner").await;
        assert_eq!(planned(&shop).await.len(), days, "{tick}");
    }
}

#[tokio::test]
async fn what_the_relay_could_not_send_the_sweeper_sends() {
    let (shop, report) = scheduled(&["ann@shop.example"]).await;
    let shop = shop.at(MONDAY);
    shop.world.tick("report-planner").await;
    // As if the process had died between its commit and its relay.
    shop.world
        .sql(
            "with back as (delete from job where queue = 'reports' returning body)
             insert into outbox (tenant, queue, body) select 1, 'reports', body from back",
        )
        .await;
    shop.world.tick("sweeper").await;
    shop.world.drain_queues().await;
    assert_eq!(shop.states(&report).await, ["accepted"]);
    assert_eq!(shop.post.letters().len(), 1);
}

#[tokio::test]
async fn a_planner_that_finds_no_record_looks_while_its_clock_runs() {
    let (shop, _report) = scheduled(&["ann@shop.example"]).await;
    shop.world.sql("update report set next_due_at = now() - interval '1 minute'").await;
    shop.world.sql("delete from key_value where key = 'due:reports'").await;
    let world = shop.world.with_setup(|setup| setup.clock = app::Clock::System);
    world.tick("report-planner").await;
    assert_eq!(world.count("select count(*) from occurrence").await, 1);
}
