use domain::access::Scope;
use serde_json::{Value, json};
use tests::World;

async fn world() -> (World, String) {
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    let key = world.key(&[Scope::HooksRead, Scope::HooksWrite]).await;
    (world, key)
}

fn path(hook: &Value, rest: &str) -> String {
    format!("/v1/hooks/{}{rest}", hook["id"].as_str().unwrap())
}

const URL: &str = "https://shop.example/hooks";

#[tokio::test]
async fn a_secret_is_shown_when_it_is_made_and_never_again() {
    let (world, key) = world().await;
    let wanted = json!({ "url": URL, "events": ["order.placed", "order.placed"] });
    let made = world.post("/v1/hooks", &key, &wanted).await.expect(201).json;
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"), "{made}");
    assert_eq!(made["events"], json!(["order.placed"]));
    world.post(&path(&made, "/test"), &key, &Value::Null).await.expect(202);
    let changed = world.patch(&path(&made, ""), &key, &json!({ "events": [] })).await.expect(200);
    assert_eq!(changed.json["events"], json!([]));
    let mut shown = vec![changed];
    for rest in ["", "/deliveries"] {
        shown.push(world.get(&path(&made, rest), &key).await.expect(200));
    }
    shown.push(world.get("/v1/hooks", &key).await.expect(200));
    shown.push(world.post("/v1/hooks", &key, &wanted).await.expect(409));
    for answer in shown {
        assert!(!answer.text().contains("whsec_"), "{}", answer.text());
    }
    let rotated = world.post(&path(&made, "/rotate"), &key, &Value::Null).await.expect(200).json;
    assert_ne!(rotated["secret"], made["secret"]);
    world.delete(&path(&made, ""), &key).await.expect(204);
    world.delete(&path(&made, ""), &key).await.expect(404);
    for rest in ["", "/deliveries"] {
        world.get(&path(&made, rest), &key).await.expect(404);
    }
    for rest in ["/rotate", "/test"] {
        world.post(&path(&made, rest), &key, &Value::Null).await.expect(404);
    }
    for table in ["hook", "hook_secret", "hook_delivery"] {
        assert_eq!(world.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn an_endpoint_that_may_not_be_there_is_refused_with_the_reason() {
    let (world, key) = world().await;
    let long = format!("https://shop.example/{}", "a".repeat(2_000));
    for (url, told) in [
        ("http://shop.example/hooks", "https://"),
        ("https://127.0.0.1/", "public internet"),
        ("https://localhost/", "public internet"),
        ("https://[::ffff:169.254.169.254]/", "public internet"),
        ("https://0x7f000001/", "public internet"),
        ("https://shop.example:9001/", "8443"),
        ("https://ann:secret@shop.example/", "password"),
        ("shop.example", "no URL"),
        (long.as_str(), "2000"),
    ] {
        let refused = world.post("/v1/hooks", &key, &json!({ "url": url })).await.expect(422).json;
        assert_eq!(refused["field"], json!("url"), "{url}");
        assert!(refused["detail"].as_str().unwrap().contains(told), "{refused}");
    }
    let unknown = json!({ "url": URL, "events": ["order.lost"] });
    let refused = world.post("/v1/hooks", &key, &unknown).await.expect(422).json;
    assert_eq!(refused["field"], json!("events"));
    assert!(refused["detail"].as_str().unwrap().contains("order.placed"), "{refused}");
    let hook = world.post("/v1/hooks", &key, &json!({ "url": URL })).await.expect(201).json;
    let inside = json!({ "url": "https://10.0.0.1/" });
    world.patch(&path(&hook, ""), &key, &inside).await.expect(422);
}

#[tokio::test]
async fn a_shop_has_twenty_endpoints_and_an_endpoint_ten_secrets() {
    let (world, key) = world().await;
    let named = |number: i32| json!({ "url": format!("{URL}/{number}") });
    for number in 0..20 {
        world.post("/v1/hooks", &key, &named(number)).await.expect(201);
    }
    world.post("/v1/hooks", &key, &named(20)).await.expect(409);
    let hooks = world.get("/v1/hooks", &key).await.expect(200).json["hooks"].clone();
    assert_eq!(hooks.as_array().unwrap().len(), 20);
    let (hook, other) = (&hooks[0], &hooks[1]);
    world.patch(&path(hook, ""), &key, &json!({ "url": other["url"] })).await.expect(409);
    for _ in 1..10 {
        world.post(&path(hook, "/rotate"), &key, &Value::Null).await.expect(200);
    }
    world.post(&path(hook, "/rotate"), &key, &Value::Null).await.expect(409);
    assert_eq!(world.count("select count(*) from hook_secret").await, 29);
}

#[tokio::test]
async fn who_reads_changes_nothing_and_no_other_shop_sees_it() {
    let (world, key) = world().await;
    let world = world.with_tenant("Asia/Tokyo").await;
    let hook = world.post("/v1/hooks", &key, &json!({ "url": URL })).await.expect(201).json;
    let reader = world.key(&[Scope::HooksRead]).await;
    world.get(&path(&hook, ""), &reader).await.expect(200);
    world.post("/v1/hooks", &reader, &json!({ "url": URL })).await.expect(403);
    world.patch(&path(&hook, ""), &reader, &json!({ "enabled": false })).await.expect(403);
    world.post(&path(&hook, "/rotate"), &reader, &Value::Null).await.expect(403);
    let scopes = [Scope::HooksRead, Scope::HooksWrite];
    let stranger = world.key_of(&world.tenants()[1], &scopes, 1_000).await;
    world.get(&path(&hook, ""), &stranger).await.expect(404);
    world.post(&path(&hook, "/test"), &stranger, &Value::Null).await.expect(404);
    assert_eq!(world.get("/v1/hooks", &stranger).await.json["hooks"], json!([]));
}

#[tokio::test]
async fn deliveries_are_listed_page_by_page_and_tests_are_counted() {
    let (world, key) = world().await;
    let hook = world.post("/v1/hooks", &key, &json!({ "url": URL })).await.expect(201).json;
    for _ in 0..5 {
        world.post(&path(&hook, "/test"), &key, &Value::Null).await.expect(202);
    }
    let (mut rest, mut seen) = ("/deliveries?limit=2".to_owned(), vec![]);
    loop {
        let page = world.get(&path(&hook, &rest), &key).await.expect(200).json;
        seen.extend(page["deliveries"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        rest = format!("/deliveries?limit=2&before={next}");
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|newer, older| newer["id"].as_str() > older["id"].as_str()));
    let stopped = world.patch(&path(&hook, ""), &key, &json!({ "enabled": false })).await;
    stopped.expect(200);
    let list = world.get(&path(&hook, "/deliveries"), &key).await.expect(200).json;
    for delivery in list["deliveries"].as_array().unwrap() {
        assert_eq!(delivery["state"], json!("failed"));
        assert_eq!(delivery["detail"], json!("the endpoint is disabled"));
    }
    world.patch(&path(&hook, ""), &key, &json!({ "enabled": true })).await.expect(200);
    world.sql("update key_value set value = '100' where key like 'hook_tests:%'").await;
    world.post(&path(&hook, "/test"), &key, &Value::Null).await.expect(429);
}
