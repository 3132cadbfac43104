use app::Failure;
use app::port::MailError;
use domain::metric::limit;
use jiff::civil::date;
use serde_json::{Value, json};

use crate::reports::shop::{MONDAY, Shop, before_monday, day_span, point, weekly};

/// A shop whose report is planned for these recipients, and the report's id.
async fn planned(report: &Value) -> (Shop, String) {
    let shop = Shop::open().await.at(&before_monday(24));
    let id = shop.report(report).await;
    let shop = shop.at(MONDAY);
    shop.world.tick("report-planner").await;
    (shop, id)
}

async fn planned_weekly() -> (Shop, String) {
    planned(&weekly(&["ann@shop.example"])).await
}

#[tokio::test]
async fn a_weekly_letter_tells_the_figures_that_a_count_by_hand_tells() {
    let (shop, report) = planned_weekly().await;
    shop.world.drain_queues().await;
    let [letter] = &shop.post.letters()[..] else { panic!("not one letter") };
    assert_eq!(letter.to, "ann@shop.example");
    assert_eq!(letter.subject, "Shop 1: Revenue €2,800.00, +100% (16–22 November 2026)");
    // Revenue: 28 × €100 after 28 × €50. Orders: 35 after 14. So €80 an order after €100.
    for said in [
        "Week 47, 16–22 November 2026",
        "Revenue came to €2,800.00, up 100% (€1,400.00) on the week before.",
        "Orders moved most: up 150% (21) to 35.",
        "Average order",
        "€80.00",
        "−20.0%",
        "from €100.00",
        "Revenue by day",
        "Mon 16",
        "€100.00",
        "week before €50.00",
        "Sun 22",
        "€700.00",
        "Monday, 23 November 2026, 08:10",
        "Europe/Berlin",
        "You get this because Shop 1 added your address.",
    ] {
        assert!(letter.text.contains(said), "`{said}` is not in\n{}", letter.text);
    }
    assert_eq!(letter.inline.len(), 1, "the chart");
    assert_eq!(shop.states(&report).await, ["accepted"]);
}

#[tokio::test]
async fn the_letter_of_the_folder_can_be_ended_with_one_click() {
    let (shop, _report) = planned_weekly().await;
    // The usual mailer of a world writes files.
    let world = shop.world.with_setup(|_setup| {});
    world.drain_queues().await;
    let [letter] = &world.letters()[..] else { panic!("not one letter") };
    for line in [
        "To: ann@shop.example",
        "List-Unsubscribe: <http://localhost:8080/v1/unsubscribe/",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Content-Type: image/png",
    ] {
        assert!(letter.contains(line), "`{line}` is not in\n{}", &letter[..2000.min(letter.len())]);
    }
    let id: String = world.sql("select id::text from delivery").await[0].get(0);
    assert!(letter.contains(&format!("Message-ID: <{id}@takings.example>")));
}

#[tokio::test]
async fn a_message_that_is_delivered_five_times_at_once_is_one_letter() {
    let (shop, report) = planned_weekly().await;
    let message = &shop.messages().await[0];
    let deliver = || shop.deliver(message);
    let answers = tokio::join!(deliver(), deliver(), deliver(), deliver(), deliver());
    drop(answers);
    assert_eq!(shop.post.letters().len(), 1);
    assert_eq!(shop.states(&report).await, ["accepted"]);
    for _ in 0..3 {
        deliver().await.unwrap();
    }
    shop.world.drain_queues().await;
    assert_eq!(shop.post.letters().len(), 1);
    assert_eq!(shop.states(&report).await, ["accepted"]);
}

#[tokio::test]
async fn letters_that_waited_for_their_sender_leave_with_the_newest_alone() {
    let (shop, report) = planned_weekly().await;
    // Nobody takes messages for a week and two hours, while the planner goes on.
    let shop = shop.at("2026-11-30T07:10:00Z");
    shop.world.tick("report-planner").await;
    let shop = shop.at("2026-11-30T09:10:00Z");
    shop.world.drain_queues().await;
    let [letter] = &shop.post.letters()[..] else { panic!("not one letter") };
    assert!(letter.text.contains("Week 48, 23–29 November 2026"), "{}", letter.text);
    assert!(letter.text.contains("This report is late"), "{}", letter.text);
    assert_eq!(shop.states(&report).await, ["accepted", "overtaken"]);
    let told = shop.world.sql("select late from occurrence order by due_at").await;
    assert_eq!(told.iter().map(|row| row.get(0)).collect::<Vec<bool>>(), [false, true]);
}

#[tokio::test]
async fn the_claim_of_a_worker_that_died_is_taken_over() {
    let (shop, report) = planned_weekly().await;
    shop.world.sql("update delivery set state = 'claimed'").await;
    shop.world.drain_queues().await;
    assert_eq!(shop.post.letters().len(), 1);
    assert_eq!(shop.states(&report).await, ["accepted"]);
}

#[tokio::test]
async fn a_letter_whose_worker_died_at_the_mail_server_is_never_sent_again() {
    let (shop, report) = planned_weekly().await;
    shop.world.sql("update delivery set state = 'handed_over'").await;
    let message = &shop.messages().await[0];
    for _ in 0..3 {
        shop.deliver(message).await.unwrap();
        assert_eq!(shop.states(&report).await, ["unknown"]);
    }
    assert!(shop.post.letters().is_empty());
}

#[tokio::test]
async fn a_letter_that_the_mail_server_did_not_take_is_tried_again() {
    let (shop, report) = planned_weekly().await;
    for minutes in [5, 25] {
        shop.post.answer_with(MailError::NotAccepted);
        comes_again_after(&shop, minutes).await;
        assert_eq!(shop.states(&report).await, ["planned"]);
    }
    shop.world.drain_queues().await;
    assert_eq!(shop.post.letters().len(), 1);
    assert_eq!(shop.states(&report).await, ["accepted"]);
    let detail: Option<String> = shop.world.sql("select detail from delivery").await[0].get(0);
    assert_eq!(detail, None);
}

#[tokio::test]
async fn a_letter_that_the_mail_server_does_not_take_for_six_hours_has_failed() {
    let (shop, report) = planned_weekly().await;
    for minutes in [5, 25, 90, 240] {
        shop.post.answer_with(MailError::NotAccepted);
        comes_again_after(&shop, minutes).await;
    }
    shop.post.answer_with(MailError::NotAccepted);
    let drained = shop.world.drain_queues_despite_failures().await;
    assert_eq!((drained.done, drained.retried, drained.discarded), (0, 0, 1));
    assert_eq!(shop.states(&report).await, ["failed"]);
    let detail: Option<String> = shop.world.sql("select detail from delivery").await[0].get(0);
    assert!(detail.is_some(), "the owner is told what the mail server said");
}

/// Delivers the message, which fails, and lets the minutes pass after which it comes again.
async fn comes_again_after(shop: &Shop, minutes: i64) {
    let drained = shop.world.drain_queues_despite_failures().await;
    assert_eq!((drained.done, drained.retried, drained.discarded), (0, 1, 0));
    let left_s = "select extract(epoch from visible_at - now())::bigint from job";
    let left_s = shop.world.count(left_s).await;
    assert!((minutes * 60 - 30..=minutes * 60).contains(&left_s), "{left_s} s, not {minutes} min");
    shop.world.sql("update job set visible_at = now()").await;
}

#[tokio::test]
async fn a_letter_that_is_refused_or_of_unknown_fate_is_not_tried_again() {
    for (answer, state) in [
        (MailError::Refused as fn(_) -> _, "failed"),
        (MailError::Unknown as fn(_) -> _, "unknown"),
    ] {
        let (shop, report) = planned_weekly().await;
        let message = &shop.messages().await[0];
        shop.post.answer_with(answer);
        shop.world.drain_queues().await;
        shop.deliver(message).await.unwrap();
        assert!(shop.post.letters().is_empty());
        assert_eq!(shop.states(&report).await, [state]);
        let detail: String = shop.world.sql("select detail from delivery").await[0].get(0);
        assert!(detail.ends_with("told so"), "{detail}");
    }
}

#[tokio::test]
async fn who_ends_the_report_between_planning_and_sending_gets_no_letter() {
    let (shop, report) = planned_weekly().await;
    shop.world
        .sql(
            "insert into unsubscribe (tenant, report, recipient, at)
             select 1, id, 'ann@shop.example', now() from report",
        )
        .await;
    shop.world.drain_queues().await;
    assert!(shop.post.letters().is_empty());
    assert_eq!(shop.states(&report).await, ["unsubscribed"]);
}

#[tokio::test]
async fn a_message_of_a_report_that_is_gone_is_done_and_nonsense_is_given_up() {
    let (shop, report) = planned_weekly().await;
    let message = &shop.messages().await[0];
    assert_eq!(shop.world.delete(&format!("/v1/reports/{report}"), &shop.key).await.status, 204);
    shop.deliver(message).await.unwrap();
    for nonsense in ["", "{}", r#"{"type":"report.send.v2","tenant":1}"#] {
        let failure = shop.deliver(nonsense).await.unwrap_err();
        assert!(matches!(failure, Failure::Discard(_)), "{failure}");
    }
    assert!(shop.post.letters().is_empty());
}

#[tokio::test]
async fn a_letter_says_what_is_missing() {
    let mut wanted = weekly(&["ann@shop.example"]);
    wanted["metrics"] = json!(["revenue", "orders", "visits"]);
    let shop = Shop::empty(&before_monday(24)).await;
    let (world, key) = (&shop.world, &shop.key);
    world.put("/v1/metrics/visits", key, &json!({ "kind": "counter" })).await.expect(200);
    shop.record(&[
        point("revenue", 10_000, date(2026, 11, 18), "DE"),
        point("orders", 1, date(2026, 11, 21), "DE"),
    ])
    .await;
    let refused = json!([{ "metric": "revenue", "value": "a lot" }]);
    world.post("/v1/points", key, &refused).await.expect(422);
    shop.report(&wanted).await;
    let shop = shop.at(MONDAY);
    shop.world.tick("report-planner").await;
    shop.world.drain_queues().await;
    let [letter] = &shop.post.letters()[..] else { panic!("not one letter") };
    for said in [
        "there is no week before to compare with",
        "Revenue: nothing was recorded after Wednesday, 18 November.",
        "Visits: nothing was recorded in this week.",
        "One refused row waits for repair and is not counted.",
    ] {
        assert!(letter.text.contains(said), "`{said}` is not in\n{}", letter.text);
    }
    assert!(!letter.text.contains("Orders: nothing"), "one quiet day is no gap");
}

#[tokio::test]
async fn a_daily_letter_tells_the_hours_of_yesterday() {
    let mut daily = weekly(&["ann@shop.example"]);
    daily["schedule"] = json!({ "frequency": "daily", "wall_time": "08:00" });
    let (shop, _report) = planned(&daily).await;
    shop.world.drain_queues().await;
    let [letter] = &shop.post.letters()[..] else { panic!("not one letter") };
    for said in [
        "Sunday, 22 November 2026",
        "Revenue came to €700.00, up 16.7% (€100.00) on the day before.",
        "Revenue by hour",
        "12:00",
        "day before €600.00",
    ] {
        assert!(letter.text.contains(said), "`{said}` is not in\n{}", letter.text);
    }
}

#[tokio::test]
async fn a_monthly_letter_compares_months_of_different_length() {
    let shop = Shop::empty("2026-10-31T12:00:00Z").await;
    let days = |month: i8, days: i64, value: i64| {
        (0..days)
            .map(move |day| point("revenue", value, date(2026, month, 1) + day_span(day), "DE"))
    };
    let points: Vec<Value> = days(9, 30, 10_000).chain(days(10, 31, 20_000)).collect();
    let shop = shop.at("2026-11-01T06:00:00Z");
    shop.record(&points).await;
    let mut monthly = weekly(&["ann@shop.example"]);
    monthly["schedule"] = json!({ "frequency": "monthly", "day": 1, "wall_time": "08:00" });
    shop.report(&monthly).await;
    let shop = shop.at("2026-11-01T07:00:00Z");
    shop.world.tick("forecast-planner").await;
    shop.world.tick("report-planner").await;
    shop.world.drain_queues().await;
    let [letter] = &shop.post.letters()[..] else { panic!("not one letter") };
    for said in [
        "October 2026",
        "Revenue came to €6,200.00, up 107% (€3,200.00) on the month before.",
        "Thu 1",
        "Sat 31",
        "Expected for November 2026",
    ] {
        assert!(letter.text.contains(said), "`{said}` is not in\n{}", letter.text);
    }
}

#[tokio::test]
async fn a_letter_tells_what_the_stored_forecast_expects_of_the_next_week() {
    let shop = Shop::empty("2026-11-22T12:00:00Z").await;
    // Ten weeks that repeat themselves: the forecast is exact.
    let points: Vec<Value> = (0..70)
        .map(|day| {
            let at = date(2026, 11, 22) - day_span(69 - day);
            point("revenue", 10_000 * (1 + day % 7), at, "DE")
        })
        .collect();
    let shop = shop.at("2026-11-22T23:00:00Z");
    shop.record(&points).await;
    shop.report(&weekly(&["ann@shop.example"])).await;
    // Made on Monday, sent on Tuesday after an outage: Monday is known by now, but the forecast
    // was made before.
    let shop = shop.at("2026-11-23T02:30:00Z");
    shop.world.tick("forecast-planner").await;
    shop.world.drain_queues().await;
    let kept = shop.world.get("/v1/forecasts?metric=revenue", &shop.key).await.expect(200).json;
    let forecast = &kept["forecasts"][0];
    assert_eq!(forecast["origin"], "2026-11-23");
    let shop = shop.at(MONDAY);
    shop.world.tick("report-planner").await;
    shop.world.drain_queues().await;
    let [letter] = &shop.post.letters()[..] else { panic!("not one letter") };
    let sum: f64 = (0..7).map(|day| forecast["days"][day]["value"].as_f64().unwrap()).sum();
    assert!((sum - 280_000.0).abs() < 1.0, "{sum}");
    let model = forecast["model"].as_str().unwrap();
    for said in ["Expected for 23–29 November 2026", "€2,800", "in at least 80% of cases", model]
    {
        assert!(letter.text.contains(said), "`{said}` is not in\n{}", letter.text);
    }
    assert!(limit::POINTS >= points.len());
}
