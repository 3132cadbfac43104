use domain::hook;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::peer;

use super::{Ear, Teller, is_signed};

#[tokio::test]
async fn what_is_not_taken_is_tried_again_on_the_schedule_and_once_more_when_asked() {
    let (mut teller, ear) = (Teller::open().await, Ear::open());
    let hook = teller.hook(&ear, &["order.placed"]).await;
    ear.answer_with(500);
    teller.till.sold(1, "once").await;
    let mut passed = SignedDuration::ZERO;
    for failed in 1..8 {
        assert_eq!(ear.heard().len(), usize::try_from(failed).unwrap());
        let next = hook::next_try(failed, Timestamp::UNIX_EPOCH).unwrap();
        let wait = next.duration_since(Timestamp::UNIX_EPOCH);
        if wait > SignedDuration::from_mins(1) {
            let early = passed + wait - SignedDuration::from_secs(30);
            teller = teller.at(early);
            teller.sweep().await;
            assert_eq!(ear.heard().len(), usize::try_from(failed).unwrap(), "too early");
        }
        let [delivery] = &teller.deliveries(&hook).await[..] else { panic!("not one delivery") };
        assert_eq!(
            (&delivery["state"], &delivery["attempts"]),
            (&json!("pending"), &json!(failed))
        );
        assert_eq!(delivery["last_status"], json!(500));
        passed += wait + SignedDuration::from_secs(5);
        teller = teller.at(passed);
        teller.sweep().await;
    }
    let [delivery] = &teller.deliveries(&hook).await[..] else { panic!("not one delivery") };
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("failed"), &json!(8)));
    assert_eq!(delivery["next_try_at"], Value::Null);
    assert!(teller.read(&hook).await["failing_since"].is_string());
    ear.answer_with(200);
    let replay = format!("/deliveries/{}/replay", delivery["id"].as_str().unwrap());
    teller.act(&hook, &replay).await.expect(202);
    teller.till.shop.world.drain_queues().await;
    let [delivery] = &teller.deliveries(&hook).await[..] else { panic!("not one delivery") };
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("succeeded"), &json!(9)));
    assert_eq!(teller.read(&hook).await["failing_since"], Value::Null);
    let heard = ear.heard();
    assert_eq!(heard.len(), 9);
    for asked in &heard {
        assert_eq!(asked.headers["webhook-id"], heard[0].headers["webhook-id"]);
        assert_eq!(asked.body, heard[0].body);
        assert!(is_signed(asked, &hook));
    }
    assert_ne!(heard[0].headers["webhook-timestamp"], heard[8].headers["webhook-timestamp"]);
}

#[tokio::test]
async fn an_endpoint_that_says_it_is_gone_is_told_nothing_more() {
    let (teller, ear) = (Teller::open().await, Ear::open());
    let hook = teller.hook(&ear, &[]).await;
    ear.answer_with(410);
    teller.act(&hook, "/test").await.expect(202);
    teller.till.shop.world.drain_queues().await;
    let read = teller.read(&hook).await;
    assert_eq!((&read["enabled"], &read["disabled_reason"]), (&json!(false), &json!("gone")));
    let [delivery] = &teller.deliveries(&hook).await[..] else { panic!("not one delivery") };
    assert_eq!((&delivery["state"], &delivery["last_status"]), (&json!("failed"), &json!(410)));
    teller.till.sold(1, "once").await;
    assert_eq!(ear.heard().len(), 1);
    teller.act(&hook, "/test").await.expect(409);
    let replay = format!("/deliveries/{}/replay", delivery["id"].as_str().unwrap());
    teller.act(&hook, &replay).await.expect(409);
    ear.answer_with(200);
    let path = super::path(&hook, "");
    let enabled = json!({ "enabled": true });
    let world = &teller.till.shop.world;
    let back = world.patch(&path, &teller.key, &enabled).await.expect(200).json;
    assert_eq!((&back["enabled"], &back["disabled_reason"]), (&json!(true), &Value::Null));
    teller.act(&hook, &replay).await.expect(202);
    teller.till.sold(1, "again").await;
    assert_eq!(ear.heard().len(), 4, "{:?}", ear.types());
}

#[tokio::test]
async fn an_endpoint_that_takes_nothing_for_five_days_is_disabled_and_says_so() {
    let (teller, ear) = (Teller::open().await, Ear::open());
    let hook = teller.hook(&ear, &[]).await;
    ear.answer_with(503);
    teller.act(&hook, "/test").await.expect(202);
    teller.till.shop.world.drain_queues().await;
    let teller = teller.at(SignedDuration::from_hours(119));
    teller.act(&hook, "/test").await.expect(202);
    teller.sweep().await;
    let read = teller.read(&hook).await;
    assert_eq!((&read["enabled"], &read["disabled_reason"]), (&json!(true), &Value::Null));
    let teller = teller.at(SignedDuration::from_hours(121));
    teller.sweep().await;
    let read = teller.read(&hook).await;
    assert_eq!((&read["enabled"], &read["disabled_reason"]), (&json!(false), &json!("failing")));
    for delivery in teller.deliveries(&hook).await {
        assert_eq!(delivery["state"], json!("failed"), "{delivery}");
    }
    let tried = ear.heard().len();
    let teller = teller.at(SignedDuration::from_hours(150));
    teller.sweep().await;
    assert_eq!(ear.heard().len(), tried);
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_address_inside_is_called() {
    let (teller, beyond) = (Teller::open().await, Ear::open());
    let to = beyond.url.clone();
    let address = peer::listen(move |_asked| peer::Answer {
        headers: vec![("location", to.clone())],
        ..peer::Answer::new(307, "")
    });
    let url = json!({ "url": format!("http://{address}/") });
    let world = &teller.till.shop.world;
    let hook = world.post("/v1/hooks", &teller.key, &url).await.expect(201).json;
    teller.act(&hook, "/test").await.expect(202);
    world.drain_queues().await;
    assert!(beyond.heard().is_empty(), "the redirect was followed");
    let [delivery] = &teller.deliveries(&hook).await[..] else { panic!("not one delivery") };
    assert_eq!((&delivery["state"], &delivery["last_status"]), (&json!("pending"), &json!(307)));
    // Named while such an address was allowed, or found by a name that leads elsewhere now.
    world.sql("update hook set url = 'https://10.0.0.1/'").await;
    teller.act(&hook, "/test").await.expect(202);
    world.drain_queues().await;
    let refused = teller.deliveries(&hook).await[0].clone();
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("not of the public internet"), "{detail}");
    assert_eq!(refused["last_status"], Value::Null);
}
