//! API keys: made by people who may, shown once, rotated with an overlap, revoked.

use domain::access::Role;
use serde_json::{Value, json};
use tests::World;
use tests::people::member;

const NOW: &str = "2026-11-21T07:00:00Z";

async fn shop() -> World {
    World::at(NOW).await.with_tenant("Europe/Berlin").await
}

fn later(world: World, seconds: i64) -> World {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let later = now + jiff::SignedDuration::from_secs(seconds);
    world.with_setup(|setup| setup.clock = app::Clock::Fixed(later))
}

fn wanted(scopes: &[&str]) -> Value {
    json!({ "name": "till", "scopes": scopes })
}

#[tokio::test]
async fn a_key_is_shown_once_and_does_what_its_scopes_say() {
    let world = shop().await;
    let admin = member(&world, world.tenant(), Role::Admin).await;
    let made = world.post("/v1/api-keys", &admin.token, &wanted(&["metrics:read"])).await;
    let made = made.expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let secret = made.json["secret"].as_str().unwrap();
    assert!(secret.starts_with("tk_live_"));
    world.get("/v1/metrics", secret).await.expect(200);
    world.put("/v1/metrics/visits", secret, &json!({ "kind": "counter" })).await.expect(403);
    let id = made.json["id"].as_str().unwrap();
    for path in ["/v1/api-keys".to_owned(), format!("/v1/api-keys/{id}")] {
        let read = world.get(&path, &admin.token).await.expect(200);
        assert!(!read.text().contains(secret) && read.text().contains(&secret[..12]));
    }
    let read = world.get(&format!("/v1/api-keys/{id}"), &admin.token).await.expect(200);
    assert_eq!(read.json["last_used_on"], "2026-11-21");
}

#[tokio::test]
async fn a_key_holds_nothing_that_is_for_people_and_makes_no_other() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    for scope in ["team:write", "keys:write", "audit:read", "everything", ""] {
        let refused = world.post("/v1/api-keys", &owner.token, &wanted(&[scope])).await.expect(422);
        assert_eq!(refused.json["field"], "scopes", "{scope}");
    }
    let all: Vec<&str> = domain::access::Scope::of_keys().map(|scope| scope.as_str()).collect();
    let made = world.post("/v1/api-keys", &owner.token, &wanted(&all)).await.expect(201);
    let secret = made.json["secret"].as_str().unwrap();
    world.post("/v1/api-keys", secret, &wanted(&["metrics:read"])).await.expect(403);
    for path in ["/v1/team", "/v1/audit", "/v1/api-keys", "/v1/account", "/v1/sessions"] {
        world.get(path, secret).await.expect(403);
    }
    // Not even one that somebody wrote into the database.
    world.sql("update api_key set scopes = scopes || '{keys:write,team:write}'").await;
    let world = later(world, 120);
    world.post("/v1/api-keys", secret, &wanted(&["metrics:read"])).await.expect(403);
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_told_by_its_field() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let browser = json!(["https://shop.example"]);
    for (field, change) in [
        ("name", json!({ "name": "" })),
        ("name", json!({ "name": "a\nb" })),
        ("scopes", json!({ "scopes": [] })),
        ("origins", json!({ "origins": ["shop.example"] })),
        ("scopes", json!({ "origins": browser, "scopes": ["orders:read"] })),
        ("points_per_minute", json!({ "points_per_minute": 0 })),
        ("points_per_minute", json!({ "points_per_minute": 1_000_001 })),
        ("expires_at", json!({ "expires_at": NOW })),
        ("expires_at", json!({ "expires_at": "soon" })),
    ] {
        let mut body = wanted(&["metrics:read"]);
        let changes = change.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(changes);
        let refused = world.post("/v1/api-keys", &owner.token, &body).await.expect(422);
        assert_eq!(refused.json["field"], field, "{change}");
    }
    for outsider in ["tenant", "role", "hash", "id"] {
        let mut body = wanted(&["metrics:read"]);
        body[outsider] = json!("x");
        world.post("/v1/api-keys", &owner.token, &body).await.expect(422);
    }
}

#[tokio::test]
async fn a_key_for_pages_sends_events_from_those_pages_and_reads_nothing() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let mut body = wanted(&["points:write"]);
    body["origins"] = json!(["https://shop.example"]);
    let made = world.post("/v1/api-keys", &owner.token, &body).await.expect(201);
    let secret = made.json["secret"].as_str().unwrap();
    let send = async |origin: &str| {
        let request = tests::client::request(http::Method::POST, "/v1/points", secret)
            .header("content-type", "application/json")
            .header("origin", origin);
        let point = json!([{ "metric": "visits", "value": 1 }]).to_string();
        world.send(request.body(point.into()).unwrap()).await
    };
    send("https://shop.example").await.expect(200);
    send("https://evil.example").await.expect(403);
    world.get("/v1/metrics", secret).await.expect(403);
    world.post("/v1/query", secret, &json!({ "queries": {} })).await.expect(403);
}

#[tokio::test]
async fn a_key_expires() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let mut body = wanted(&["metrics:read"]);
    body["expires_at"] = json!("2026-11-21T07:01:00Z");
    let made = world.post("/v1/api-keys", &owner.token, &body).await.expect(201);
    let secret = made.json["secret"].as_str().unwrap();
    world.get("/v1/metrics", secret).await.expect(200);
    let world = later(world, 59);
    world.get("/v1/metrics", secret).await.expect(200);
    let world = later(world, 60);
    world.get("/v1/metrics", secret).await.expect(401);
}

#[tokio::test]
async fn a_key_is_rotated_and_both_are_good_for_a_while() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let made = world.post("/v1/api-keys", &owner.token, &wanted(&["metrics:read"])).await;
    let made = made.expect(201).json;
    let (id, old) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let path = format!("/v1/api-keys/{id}/rotate");
    world.post(&path, &owner.token, &json!({ "overlap_s": -1 })).await.expect(422);
    let rotated = world.post(&path, &owner.token, &json!({ "overlap_s": 600 })).await.expect(201);
    let new = rotated.json["secret"].as_str().unwrap();
    assert_ne!(old, new);
    assert_eq!(rotated.json["scopes"], json!(["metrics:read"]));
    let world = later(world, 599);
    for key in [old, new] {
        world.get("/v1/metrics", key).await.expect(200);
    }
    let world = later(world, 700);
    world.get("/v1/metrics", old).await.expect(401);
    world.get("/v1/metrics", new).await.expect(200);
    let owner = tests::people::log_in(&world, &owner.email).await;
    world.post(&path, &owner.token, &json!({})).await.expect(409);
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_its_tokens_with_it() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let made = world.post("/v1/api-keys", &owner.token, &wanted(&["metrics:read"])).await;
    let made = made.expect(201).json;
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let token = world.post("/v1/tokens", secret, &json!({})).await.expect(200);
    let token = token.json["access_token"].as_str().unwrap().to_owned();
    world.get("/v1/metrics", &token).await.expect(200);
    let path = format!("/v1/api-keys/{id}");
    world.delete(&path, &owner.token).await.expect(204);
    world.delete(&path, &owner.token).await.expect(404);
    world.get("/v1/metrics", &token).await.expect(401);
    assert_eq!(world.count("select count(*) from key_value where key like 'api_key:%'").await, 0);
    // Another process than the one that revoked it remembers for some seconds.
    let world = later(world, 1);
    world.get("/v1/metrics", secret).await.expect(401);
    let log = world.get("/v1/audit", &owner.token).await.expect(200);
    let actions: Vec<&Value> =
        log.json["entries"].as_array().unwrap().iter().map(|it| &it["entry"]["action"]).collect();
    assert_eq!(actions, ["key.revoked", "key.created"]);
    assert!(!log.text().contains(secret));
}

#[tokio::test]
async fn keys_of_another_tenant_are_not_there() {
    let world = shop().await.with_tenant("Asia/Tokyo").await;
    let [berlin, tokyo] = world.tenants() else { panic!("two tenants") };
    let owner = member(&world, berlin, Role::Owner).await;
    let other = member(&world, tokyo, Role::Owner).await;
    let made = world.post("/v1/api-keys", &owner.token, &wanted(&["metrics:read"])).await;
    let made = made.expect(201).json;
    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    world.get(&path, &other.token).await.expect(404);
    world.delete(&path, &other.token).await.expect(404);
    let rotate = format!("{path}/rotate");
    world.post(&rotate, &other.token, &json!({})).await.expect(404);
    let listed = world.get("/v1/api-keys", &other.token).await.expect(200);
    assert_eq!(listed.json["api_keys"], json!([]));
    world.get("/v1/metrics", made["secret"].as_str().unwrap()).await.expect(200);
}
