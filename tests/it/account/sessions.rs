use app::token::{AUDIENCE, Bearer, Claims, Keys, LIFETIME_S};
use domain::access::Role;
use domain::id::SessionId;
use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::people::{Browser, code, letter_to, log_in, member, sign_up};
use uuid::Uuid;

use super::NOW;
use super::people::{ANN, later};

#[tokio::test]
async fn a_refresh_token_is_good_once_and_one_that_comes_back_ends_the_session() {
    let world = World::at(NOW).await;
    let ann = sign_up(&world, ANN).await;
    let refresh = async |world: &World, token: &str| {
        world.post("/v1/sessions/refresh", "", &json!({ "refresh_token": token })).await
    };
    let second = refresh(&world, &ann.refresh).await.expect(200);
    let second = second.json["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(second, ann.refresh);
    // The answer was lost: the same again.
    let again = refresh(&world, &ann.refresh).await.expect(200);
    assert_eq!(again.json["refresh_token"], json!(second));
    let world = later(world, 31);
    let third = refresh(&world, &second).await.expect(200);
    let token = third.json["access_token"].as_str().unwrap().to_owned();
    world.get("/v1/account", &token).await.expect(200);
    // The first is long used up: somebody stole it, or was stolen from.
    refresh(&world, &ann.refresh).await.expect(401);
    refresh(&world, third.json["refresh_token"].as_str().unwrap()).await.expect(401);
    world.get("/v1/account", &token).await.expect(401);
    for forged in ["", "x", &second[1..], &format!("{second}A"), &ann.token] {
        refresh(&world, forged).await.expect(401);
    }
}

#[tokio::test]
async fn twenty_clients_with_one_refresh_token_get_one_next_token() {
    let world = World::at(NOW).await;
    let ann = sign_up(&world, ANN).await;
    let refresh = || async {
        let shown = json!({ "refresh_token": ann.refresh });
        world.post("/v1/sessions/refresh", "", &shown).await.expect(200).json["refresh_token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let mut tokens = futures_util::future::join_all((0..20).map(|_| refresh())).await;
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(world.count("select max(generation)::bigint from session").await, 1);
}

#[tokio::test]
async fn sessions_are_listed_ended_one_by_one_and_all_at_once() {
    let world = World::at(NOW).await;
    let first = sign_up(&world, ANN).await;
    let second = log_in(&world, ANN).await;
    let listed = world.get("/v1/sessions", &second.token).await.expect(200);
    let listed = listed.json["sessions"].as_array().unwrap().clone();
    let current: Vec<bool> = listed.iter().map(|it| it["current"] == true).collect();
    assert_eq!(current.iter().filter(|it| **it).count(), 1);
    assert_eq!(listed.len(), 2);
    let end = format!("/v1/sessions/{}", first.session);
    world.delete(&end, &second.token).await.expect(204);
    world.delete(&end, &second.token).await.expect(404);
    world.get("/v1/account", &first.token).await.expect(401);
    world.delete("/v1/sessions/current", &second.token).await.expect(204);
    world.get("/v1/account", &second.token).await.expect(401);
    let (third, fourth) = (log_in(&world, ANN).await, log_in(&world, ANN).await);
    world.delete("/v1/sessions", &third.token).await.expect(204);
    for token in [&third.token, &fourth.token] {
        world.get("/v1/account", token).await.expect(401);
    }
    // Nobody ends the sessions of others.
    let bob = sign_up(&world, "bob@people.example").await;
    let ann = log_in(&world, ANN).await;
    world.delete(&format!("/v1/sessions/{}", ann.session), &bob.token).await.expect(404);
    world.get("/v1/account", &ann.token).await.expect(200);
}

#[tokio::test]
async fn a_session_ends_by_itself_when_it_rests_or_is_old() {
    let world = World::at(NOW).await;
    let ann = sign_up(&world, ANN).await;
    let browser = Browser::log_in(&world, ANN).await;
    let seen = async |world: &World| {
        browser.send(world, (Method::GET, "/v1/account"), &[], &Value::Null).await.status
    };
    let hour = 3600;
    let world = later(world, 11 * hour);
    assert_eq!(seen(&world).await, 200);
    let world = later(world, 22 * hour);
    assert_eq!(seen(&world).await, 200, "it was seen eleven hours ago");
    let world = later(world, 34 * hour);
    assert_eq!(seen(&world).await, 401, "it rested for twelve hours");
    let world = later(world, 30 * 24 * hour);
    let refresh = json!({ "refresh_token": ann.refresh });
    world.post("/v1/sessions/refresh", "", &refresh).await.expect(401);
}

#[tokio::test]
async fn a_browser_changes_something_from_our_pages_alone() {
    let world = World::at(NOW).await;
    sign_up(&world, ANN).await;
    let browser = Browser::log_in(&world, ANN).await;
    assert!(browser.cookie.starts_with("__Host-session="));
    let rename = json!({ "name": "Ann B." });
    let csrf = ("csrf-token", &*browser.csrf);
    let ours = ("origin", tests::world::PUBLIC_URL);
    let sent = async |headers: &[(&str, &str)]| {
        browser.send(&world, (Method::PATCH, "/v1/account"), headers, &rename).await.status
    };
    assert_eq!(sent(&[csrf, ours]).await, 200);
    assert_eq!(sent(&[csrf, ("sec-fetch-site", "same-origin")]).await, 200);
    for refused in [
        &[][..],
        &[csrf],
        &[ours],
        &[csrf, ("origin", "https://evil.example")],
        &[csrf, ("origin", "null")],
        &[csrf, ours, ("sec-fetch-site", "cross-site")],
        &[csrf, ("sec-fetch-site", "same-site")],
        &[("csrf-token", "guess"), ours],
        &[("csrf-token", ""), ours],
    ] {
        assert_eq!(sent(refused).await, 403, "{refused:?}");
    }
    // Reading needs no more than the cookie.
    let seen = browser.send(&world, (Method::GET, "/v1/account"), &[], &Value::Null).await;
    seen.expect(200);
    let left = browser
        .send(&world, (Method::DELETE, "/v1/sessions/current"), &[csrf, ours], &Value::Null)
        .await
        .expect(204);
    assert!(left.header("set-cookie").contains("Max-Age=0"));
    let seen = browser.send(&world, (Method::GET, "/v1/account"), &[], &Value::Null).await;
    seen.expect(401);
    let stored = world.sql("select secret_hash::text from session where kind = 'browser'").await;
    let stored: String = stored[0].get(0);
    assert!(!browser.cookie.contains(&stored));
}

#[tokio::test]
async fn no_token_of_a_person_opens_more_than_their_session_does() {
    let world = World::at(NOW).await.with_tenant("Europe/Berlin").await.with_tenant("UTC").await;
    let [berlin, other] = world.tenants() else { panic!("two tenants") };
    let ann = member(&world, berlin, Role::Owner).await;
    let eve = member(&world, other, Role::Owner).await;
    let browser = Browser::log_in(&world, &ann.email).await;
    let in_browser = world.sql("select session from session where kind = 'browser'").await;
    let in_browser: Uuid = in_browser[0].get(0);
    let setup = world.setup();
    let keys = Keys::parse(&setup.config.token_keys).unwrap();
    let id = |text: &str| text.parse::<Uuid>().unwrap();
    let now = setup.clock.now().as_second();
    let sound = Claims {
        iss: setup.config.public_url.clone(),
        aud: AUDIENCE.to_owned(),
        sub: id(&ann.id),
        exp: now + LIFETIME_S,
        nbf: now,
        iat: now,
        tenant: Some(berlin.id),
        bearer: Bearer::Person { session: SessionId(id(&ann.session)) },
    };
    let of = |session: Uuid| Bearer::Person { session: SessionId(session) };
    world.get("/v1/metrics", &keys.sign(&sound).unwrap()).await.expect(200);
    // Whoever could sign could be anybody; these are sound signatures over what is not so.
    for (name, status, claims) in [
        ("another's session", 401, Claims { bearer: of(id(&eve.session)), ..sound.clone() }),
        ("a browser's session", 401, Claims { bearer: of(in_browser), ..sound.clone() }),
        ("no session", 401, Claims { bearer: of(Uuid::nil()), ..sound.clone() }),
        ("another person", 401, Claims { sub: id(&eve.id), ..sound.clone() }),
        ("nobody", 401, Claims { sub: Uuid::nil(), ..sound.clone() }),
        ("another tenant", 403, Claims { tenant: Some(other.id), ..sound.clone() }),
        ("no tenant", 403, Claims { tenant: None, ..sound.clone() }),
        ("a key's", 401, Claims { bearer: Bearer::Key { scopes: vec![] }, ..sound.clone() }),
    ] {
        let answer = world.get("/v1/metrics", &keys.sign(&claims).unwrap()).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
    }
    let cookie = browser.cookie.split_once('=').unwrap().1.to_owned();
    for (name, token) in [
        ("a refresh token", &ann.refresh),
        ("a cookie", &cookie),
        ("a csrf token", &browser.csrf),
        ("a session", &ann.session),
        ("a person", &ann.id),
        ("a letter's code", &code_of(&world, &ann.email).await),
    ] {
        let answer = world.get("/v1/account", token).await;
        assert_eq!(answer.status, 401, "{name} as access token");
    }
    // Nor is any of them good as another.
    let refresh = json!({ "refresh_token": code_of(&world, &ann.email).await });
    world.post("/v1/sessions/refresh", "", &refresh).await.expect(401);
    let reset = json!({ "code": ann.refresh, "password": "eleven swans over a lake" });
    world.post("/v1/account/reset", "", &reset).await.expect(422);
    world.post("/v1/team/accept", &ann.token, &json!({ "code": ann.refresh })).await.expect(422);
    for cookie in [&ann.refresh, &ann.token, &ann.session, ""] {
        let request = tests::client::request(Method::GET, "/v1/account", "")
            .header("cookie", format!("__Host-session={cookie}"));
        world.send(request.body("".into()).unwrap()).await.expect(401);
    }
}

/// A code of a letter that asks for another password.
async fn code_of(world: &World, email: &str) -> String {
    world.post("/v1/account/forgot", "", &json!({ "email": email })).await.expect(202);
    world.drain_queues().await;
    code(&letter_to(world, email))
}
