use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tests::World;
use tests::people::{Browser, PASSWORD, code, letter_to, link, log_in, sign_up};

use super::NOW;

pub(super) const ANN: &str = "ann@people.example";

pub(super) fn later(world: World, seconds: i64) -> World {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    world.with_setup(|setup| {
        setup.clock = app::Clock::Fixed(now + SignedDuration::from_secs(seconds));
    })
}

async fn log_in_with(world: &World, email: &str, password: &str) -> tests::Answer {
    world.post("/v1/sessions", "", &json!({ "email": email, "password": password })).await
}

#[tokio::test]
async fn somebody_registers_opens_a_tenant_makes_a_key_and_sends_a_point() {
    let world = World::at(NOW).await;
    let ann = sign_up(&world, ANN).await;
    let me = world.get("/v1/account", &ann.token).await.expect(200);
    assert_eq!((&me.json["email"], &me.json["tenants"]), (&json!(ANN), &json!([])));
    world.get("/v1/metrics", &ann.token).await.expect(403);

    let wanted = json!({ "name": "Honey & Co", "currency": "EUR", "zone": "Europe/Berlin" });
    let opened = world.post("/v1/tenants", &ann.token, &wanted).await.expect(201);
    let token = opened.json["session"]["access_token"].as_str().unwrap();
    let wanted = json!({ "name": "till", "scopes": ["points:write", "query:read"] });
    let made = world.post("/v1/api-keys", token, &wanted).await.expect(201);
    let key = made.json["secret"].as_str().unwrap();
    let point = json!([{ "metric": "orders", "value": 1 }]);
    world.post("/v1/points", key, &point).await.expect(200);

    let me = world.get("/v1/account", token).await.expect(200);
    assert_eq!(me.json["tenants"][0]["role"], "owner");
    assert_eq!(me.json["tenant"], opened.json["id"]);
    let log = world.get("/v1/audit", token).await.expect(200);
    let actions: Vec<&Value> =
        log.json["entries"].as_array().unwrap().iter().map(|it| &it["entry"]["action"]).collect();
    assert_eq!(actions, ["key.created", "tenant.opened"]);
}

#[tokio::test]
async fn a_tenant_is_opened_once_for_a_key() {
    let world = World::at(NOW).await;
    let ann = sign_up(&world, ANN).await;
    let open = async |name: &str, money: &str| {
        let wanted = json!({ "name": name, "currency": money, "zone": "Europe/Berlin" });
        let request = tests::client::request(Method::POST, "/v1/tenants", &ann.token)
            .header("content-type", "application/json")
            .header("idempotency-key", "mine");
        world.send(request.body(wanted.to_string().into()).unwrap()).await
    };
    let first = open("Honey", "EUR").await.expect(201);
    assert_eq!(open("Honey", "EUR").await.expect(201).json["id"], first.json["id"]);
    open("Honey", "USD").await.expect(422);
    assert_eq!(world.count("select count(*) from tenant").await, 1);
    assert_eq!(world.count("select count(*) from audit").await, 1);
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let world = World::at(NOW).await;
    sign_up(&world, ANN).await;
    let again = json!({ "email": "Ann@People.example", "password": "another owl at midnight" });
    let known = world.post("/v1/account", "", &again).await.expect(202);
    let unknown = json!({ "email": "bob@people.example", "password": "another owl at midnight" });
    let unknown = world.post("/v1/account", "", &unknown).await.expect(202);
    assert_eq!(known.body, unknown.body);
    for email in [ANN, "nobody@people.example"] {
        world.post("/v1/account/forgot", "", &json!({ "email": email })).await.expect(202);
    }
    let known = log_in_with(&world, ANN, "wrong wrong wrong").await.expect(401);
    let unknown = log_in_with(&world, "nobody@people.example", "wrong wrong wrong").await;
    assert_eq!(known.body, unknown.expect(401).body);
    // Its owner still has the password, and is told.
    world.drain_queues_despite_failures().await;
    log_in(&world, ANN).await;
    let told = world.letters().iter().any(|letter| letter.contains("You have an account already"));
    assert!(told);
    assert!(!world.letters().iter().any(|letter| letter.contains("nobody@people.example")));
}

#[tokio::test]
async fn who_has_not_verified_the_address_does_not_get_in() {
    let world = World::at(NOW).await;
    let registered = json!({ "email": ANN, "password": PASSWORD });
    world.post("/v1/account", "", &registered).await.expect(202);
    log_in_with(&world, ANN, PASSWORD).await.expect(403);
    log_in_with(&world, ANN, "wrong wrong wrong").await.expect(401);
}

#[tokio::test]
async fn whoever_registers_the_address_of_another_does_not_know_the_password_that_is_verified() {
    let world = World::at(NOW).await;
    let stranger = json!({ "email": ANN, "password": "a stranger knows this one" });
    world.post("/v1/account", "", &stranger).await.expect(202);
    world.drain_queues().await;
    let strangers = link(&letter_to(&world, ANN));
    world.post("/v1/account", "", &json!({ "email": ANN, "password": PASSWORD })).await.expect(202);
    world.drain_queues().await;
    world.post(&strangers, "", &Value::Null).await.expect(422);
    world.post(&link(&letter_to(&world, ANN)), "", &Value::Null).await.expect(200);
    log_in_with(&world, ANN, "a stranger knows this one").await.expect(401);
    log_in_with(&world, ANN, PASSWORD).await.expect(201);
}

#[tokio::test]
async fn a_code_is_good_once_and_for_a_time_and_a_page_that_is_opened_changes_nothing() {
    let world = World::at(NOW).await;
    world.post("/v1/account", "", &json!({ "email": ANN, "password": PASSWORD })).await.expect(202);
    world.drain_queues().await;
    let page = link(&letter_to(&world, ANN));
    let shown = world.get(&page, "").await.expect(200);
    assert!(shown.text().contains(ANN) && shown.text().contains("<button>"));
    log_in_with(&world, ANN, PASSWORD).await.expect(403);
    let world = later(world, 24 * 3600);
    world.post(&page, "", &Value::Null).await.expect(422);
    let world = later(world, 24 * 3600 - 1);
    world.post(&page, "", &Value::Null).await.expect(200);
    world.post(&page, "", &Value::Null).await.expect(422);
    world.get(&page, "").await.expect(422);
    let mut forged = page.clone();
    forged.replace_range(page.len() - 3..page.len() - 2, "_");
    world.post(&forged, "", &Value::Null).await.expect(422);
}

#[tokio::test]
async fn a_forgotten_password_is_chosen_anew_and_every_session_ends() {
    let world = World::at(NOW).await;
    let ann = sign_up(&world, ANN).await;
    let browser = Browser::log_in(&world, ANN).await;
    world
        .post("/v1/account/forgot", "", &json!({ "email": "ANN@people.example" }))
        .await
        .expect(202);
    world.drain_queues().await;
    let code = code(&letter_to(&world, ANN));
    let guessed = json!({ "code": code, "password": "password123" });
    let refused = world.post("/v1/account/reset", "", &guessed).await.expect(422);
    assert_eq!(refused.json["field"], "password");
    let reset = json!({ "code": code, "password": "eleven swans over a lake" });
    world.post("/v1/account/reset", "", &reset).await.expect(204);
    world.post("/v1/account/reset", "", &reset).await.expect(422);
    world.get("/v1/account", &ann.token).await.expect(401);
    let refresh = json!({ "refresh_token": ann.refresh });
    world.post("/v1/sessions/refresh", "", &refresh).await.expect(401);
    let seen = browser.send(&world, (Method::GET, "/v1/account"), &[], &Value::Null).await;
    seen.expect(401);
    log_in_with(&world, ANN, PASSWORD).await.expect(401);
    log_in_with(&world, ANN, "eleven swans over a lake").await.expect(201);
}

#[tokio::test]
async fn log_ins_are_counted_by_account_and_address() {
    let world = World::at(NOW).await;
    sign_up(&world, ANN).await;
    // One log-in was counted.
    for _ in 0..9 {
        log_in_with(&world, ANN, "wrong wrong wrong").await.expect(401);
    }
    let refused = log_in_with(&world, ANN, PASSWORD).await.expect(429);
    assert_eq!(refused.header("retry-after"), "900");
    let world = later(world, 900);
    log_in_with(&world, ANN, PASSWORD).await.expect(201);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_of_its_codes_is_good_once() {
    let world = World::at(NOW).await;
    let ann = sign_up(&world, ANN).await;
    let wrong = json!({ "password": "wrong wrong wrong" });
    world.post("/v1/account/factor", &ann.token, &wrong).await.expect(401);
    let password = json!({ "password": PASSWORD });
    let begun = world.post("/v1/account/factor", &ann.token, &password).await.expect(200);
    let secret = begun.json["secret"].as_str().unwrap();
    assert!(begun.json["uri"].as_str().unwrap().ends_with("&issuer=Takings"));
    // Until it is confirmed, nobody is asked.
    log_in(&world, ANN).await;
    let confirm = json!({ "code": "000000" });
    world.post("/v1/account/factor/confirm", &ann.token, &confirm).await.expect(401);
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let shown = |seconds: i64| super::totp(secret, now.as_second() + seconds);
    let confirm = json!({ "code": shown(0) });
    let confirmed =
        world.post("/v1/account/factor/confirm", &ann.token, &confirm).await.expect(200);
    let recovery = confirmed.json["recovery_codes"].as_array().unwrap().clone();
    assert_eq!(recovery.len(), 10);

    let with = async |world: &World, code: Value| {
        let shown = json!({ "email": ANN, "password": PASSWORD, "code": code });
        world.post("/v1/sessions", "", &shown).await
    };
    let asked = with(&world, Value::Null).await.expect(401);
    assert_eq!(asked.json["code"], "second_factor_required");
    let world = later(world, 60);
    with(&world, json!(shown(0))).await.expect(401);
    with(&world, json!(shown(60))).await.expect(201);
    with(&world, json!(shown(60))).await.expect(401);
    with(&world, json!(shown(30))).await.expect(401);
    with(&world, recovery[3].clone()).await.expect(201);
    with(&world, recovery[3].clone()).await.expect(401);
    let world = later(world, 1_000);
    let remove = json!({ "password": PASSWORD, "code": recovery[4] });
    world.post("/v1/account/factor", &ann.token, &password).await.expect(401);
    let ann = with(&world, recovery[5].clone()).await.expect(201);
    let token = ann.json["access_token"].as_str().unwrap();
    world.post("/v1/account/factor", token, &password).await.expect(409);
    world.post("/v1/account/factor/remove", token, &password).await.expect(401);
    world.post("/v1/account/factor/remove", token, &remove).await.expect(204);
    log_in(&world, ANN).await;
}

#[tokio::test]
async fn an_address_changes_when_its_new_owner_says_so() {
    let world = World::at(NOW).await;
    let ann = sign_up(&world, ANN).await;
    let bob = sign_up(&world, "bob@people.example").await;
    let change = |email: &str| json!({ "email": email, "password": PASSWORD });
    world.post("/v1/account/email", &ann.token, &change("new@people.example")).await.expect(202);
    world.post("/v1/account/email", &bob.token, &change(ANN)).await.expect(202);
    world.drain_queues().await;
    world.post(&link(&letter_to(&world, "new@people.example")), "", &Value::Null).await.expect(200);
    log_in_with(&world, ANN, PASSWORD).await.expect(401);
    let ann = log_in(&world, "new@people.example").await;
    world.post(&link(&letter_to(&world, ANN)), "", &Value::Null).await.expect(200);
    log_in(&world, ANN).await;
    // An address that is another's meanwhile is nobody else's.
    world.post("/v1/account/email", &ann.token, &change(ANN)).await.expect(202);
    world.drain_queues().await;
    world.post(&link(&letter_to(&world, ANN)), "", &Value::Null).await.expect(409);
}

#[tokio::test]
async fn a_password_changes_with_the_old_one_and_every_session_ends() {
    let world = World::at(NOW).await;
    let ann = sign_up(&world, ANN).await;
    let change = |old: &str, new: &str| json!({ "password": old, "new_password": new });
    let path = "/v1/account/password";
    let new = "eleven swans over a lake";
    world.post(path, &ann.token, &change("wrong wrong wrong", new)).await.expect(401);
    for weak in ["short", "aaaaaaaaaaaa", "ann@people.example", "qwertyuiop123"] {
        let refused = world.post(path, &ann.token, &change(PASSWORD, weak)).await.expect(422);
        assert_eq!(refused.json["field"], "new_password", "{weak}");
    }
    world.post(path, &ann.token, &change(PASSWORD, new)).await.expect(204);
    world.get("/v1/account", &ann.token).await.expect(401);
    log_in_with(&world, ANN, PASSWORD).await.expect(401);
    log_in_with(&world, ANN, new).await.expect(201);
}

#[tokio::test]
async fn an_old_hash_is_made_anew_at_the_next_log_in() {
    let world = World::at(NOW).await;
    sign_up(&world, ANN).await;
    // Argon2id with less memory, of the same password.
    let old = super::weak_hash(PASSWORD);
    world.sql(&format!("update person set password_hash = '{old}'")).await;
    log_in(&world, ANN).await;
    let hash = world.sql("select password_hash from person").await;
    let hash: &str = hash[0].get(0);
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    log_in(&world, ANN).await;
}

#[tokio::test]
async fn an_account_is_exported_and_deleted_unless_a_tenant_would_have_no_owner() {
    let world = World::at(NOW).await;
    let ann = sign_up(&world, ANN).await;
    let exported = world.get("/v1/account/export", &ann.token).await.expect(200);
    assert_eq!(exported.json["email"], ANN);
    assert_eq!(exported.json["sessions"].as_array().unwrap().len(), 1);
    let wanted = json!({ "name": "Honey & Co", "currency": "EUR", "zone": "Europe/Berlin" });
    world.post("/v1/tenants", &ann.token, &wanted).await.expect(201);
    let shown = json!({ "password": PASSWORD });
    world.post("/v1/account/delete", &ann.token, &shown).await.expect(409);
    world.get("/v1/account", &ann.token).await.expect(200);
    let bob = sign_up(&world, "bob@people.example").await;
    let wrong = json!({ "password": "wrong wrong wrong" });
    world.post("/v1/account/delete", &bob.token, &wrong).await.expect(401);
    world.post("/v1/account/delete", &bob.token, &shown).await.expect(204);
    world.get("/v1/account", &bob.token).await.expect(401);
    log_in_with(&world, "bob@people.example", PASSWORD).await.expect(401);
    assert_eq!(world.count("select count(*) from person").await, 1);
    assert_eq!(world.count("select count(*) from session").await, 1);
}
