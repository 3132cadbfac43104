//! Access tokens: what they may do, how keys rotate, and what is no token.

use app::Clock;
use app::token::{Bearer, Claims, Key, KeyState, Keys};
use argon2::password_hash::{PasswordHasher as _, SaltString};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::access::Scope;
use local::keys::token_key;
use serde_json::{Value, json};
use tests::World;

/// Forged tokens, each of which is to be refused.
mod forged;
/// People register, and prove who they are.
mod people;
/// They stay in until they leave.
mod sessions;

const NOW: &str = "2026-11-21T07:00:00Z";

fn retired() -> Key {
    token_key(&[1; 32], "a", KeyState::Retired)
}

fn current() -> Key {
    token_key(&[2; 32], "b", KeyState::Current)
}

fn next() -> Key {
    token_key(&[3; 32], "c", KeyState::Next)
}

async fn shop() -> World {
    let world = World::at(NOW).await.with_tenant("Europe/Berlin").await;
    with_keys(world, vec![next(), current(), retired()])
}

fn with_keys(world: World, keys: Vec<Key>) -> World {
    let keys = serde_json::to_string(&Keys::of(keys)).unwrap();
    world.with_setup(|setup| setup.config.token_keys = keys)
}

async fn token(world: &World, key: &str, role: &str) -> String {
    let answer = world.post("/v1/tokens", key, &json!({ "role": role })).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.json["token_type"], "Bearer");
    answer.json["access_token"].as_str().unwrap().to_owned()
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Claims that are sound for a key of the first tenant, which reads metrics.
async fn sound(world: &World) -> Claims {
    world.key(&[Scope::MetricsRead]).await;
    let key = world.sql("select id from api_key order by created_at desc limit 1").await;
    let now = NOW.parse::<jiff::Timestamp>().unwrap().as_second();
    Claims {
        iss: tests::world::PUBLIC_URL.to_owned(),
        aud: app::token::AUDIENCE.to_owned(),
        sub: key[0].get(0),
        exp: now + app::token::LIFETIME_S,
        nbf: now,
        iat: now,
        tenant: Some(world.tenant().id),
        bearer: Bearer::Key { scopes: vec![Scope::MetricsRead] },
    }
}

#[tokio::test]
async fn a_token_may_do_what_both_its_role_and_its_key_may() {
    let world = shop().await;
    let key = world.key(&[Scope::PointsWrite, Scope::MetricsRead]).await;
    let (viewer, editor) =
        (token(&world, &key, "viewer").await, token(&world, &key, "editor").await);
    assert_eq!(claims(&viewer)["scopes"], json!(["metrics:read"]));
    assert_eq!(claims(&editor)["scopes"], json!(["points:write", "metrics:read"]));
    let point = json!([{ "metric": "visits", "value": 1 }]);
    let kind = json!({ "kind": "counter" });
    for (token, points) in [(&viewer, 403), (&editor, 200)] {
        world.get("/v1/metrics", token).await.expect(200);
        world.post("/v1/points", token, &point).await.expect(points);
        world.put("/v1/metrics/visits", token, &kind).await.expect(403);
    }
    let usual = world.post("/v1/tokens", &key, &json!({})).await.expect(200);
    let usual = claims(usual.json["access_token"].as_str().unwrap());
    assert_eq!((&usual["bearer"], &usual["exp"]), (&json!("key"), &json!(1_795_245_300)));
    assert_eq!(usual["scopes"], json!(["metrics:read"]));
    for nonsense in [json!({ "role": "owner" }), json!({ "role": "admin" }), json!({ "scope": 1 })]
    {
        world.post("/v1/tokens", &key, &nonsense).await.expect(422);
    }
}

#[tokio::test]
async fn a_token_is_given_for_a_key_and_not_for_another_token() {
    let world = shop().await;
    let key = world.key(&[Scope::MetricsRead]).await;
    let token = token(&world, &key, "viewer").await;
    world.post("/v1/tokens", &token, &json!({})).await.expect(403);
    world.post("/v1/tokens", "", &json!({})).await.expect(401);
}

#[tokio::test]
async fn a_key_that_was_revoked_or_has_expired_gives_no_token() {
    for column in ["revoked_at", "expires_at"] {
        let world = shop().await;
        let key = world.key(&[Scope::MetricsRead]).await;
        world.sql(&format!("update api_key set {column} = '{NOW}'")).await;
        let answer = world.post("/v1/tokens", &key, &json!({})).await.expect(401);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn a_token_ends_with_its_key_at_once() {
    for column in ["revoked_at", "expires_at"] {
        let world = shop().await;
        let key = world.key(&[Scope::MetricsRead]).await;
        let token = token(&world, &key, "viewer").await;
        world.get("/v1/metrics", &token).await.expect(200);
        world.sql(&format!("update api_key set {column} = '{NOW}'")).await;
        world.get("/v1/metrics", &token).await.expect(401);
    }
}

#[tokio::test]
async fn a_key_that_was_used_and_then_revoked_is_soon_refused() {
    let world = shop().await;
    let key = world.key(&[Scope::MetricsRead]).await;
    world.post("/v1/tokens", &key, &json!({})).await.expect(200);
    world.sql(&format!("update api_key set revoked_at = '{NOW}'")).await;
    let after = |world: World, seconds: i64| {
        let now: jiff::Timestamp = NOW.parse().unwrap();
        let later = now + jiff::SignedDuration::from_secs(seconds);
        world.with_setup(|setup| setup.clock = Clock::Fixed(later))
    };
    let world = after(world, 59);
    world.post("/v1/tokens", &key, &json!({})).await.expect(200);
    let world = after(world, 61);
    world.post("/v1/tokens", &key, &json!({})).await.expect(401);
    assert_eq!(world.count("select count(*) from key_value where key like 'api_key:%'").await, 0);
}

#[tokio::test]
async fn the_public_keys_are_listed_from_the_next_to_the_retired_and_nothing_private_is() {
    let world = shop().await;
    let answer = world.get("/.well-known/jwks.json", "").await.expect(200);
    let keys = answer.json["keys"].as_array().unwrap();
    let names: Vec<&str> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(names, ["c", "b", "a"]);
    for (listed, key) in keys.iter().zip([next(), current(), retired()]) {
        let expected = json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
            "kid": key.kid, "x": key.x,
        });
        assert_eq!(*listed, expected);
    }
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
}

#[tokio::test]
async fn tokens_outlive_the_rotation_of_their_key_but_not_its_removal() {
    let mut world = shop().await;
    let key = world.key(&[Scope::MetricsRead]).await;
    let old = token(&world, &key, "viewer").await;
    let (one, two) =
        (Key { state: KeyState::Retired, ..current() }, Key { state: KeyState::Current, ..next() });
    world = with_keys(world, vec![two.clone(), one]);
    world.get("/v1/metrics", &old).await.expect(200);
    let new = token(&world, &key, "viewer").await;
    assert_ne!(old.split('.').next(), new.split('.').next(), "the new key signs");
    world = with_keys(world, vec![two]);
    world.get("/v1/metrics", &old).await.expect(401);
    world.get("/v1/metrics", &new).await.expect(200);
    world = with_keys(world, vec![]);
    world.get("/v1/metrics", &new).await.expect(401);
    world.post("/v1/tokens", &key, &json!({})).await.expect(503);
}

#[tokio::test]
async fn a_token_reads_its_own_tenant_and_no_other() {
    let world = shop().await.with_tenant("Asia/Tokyo").await;
    let [berlin, tokyo] = world.tenants() else { panic!("two tenants") };
    let everything = &Scope::of_keys().collect::<Vec<_>>();
    let key = world.key_of(berlin, everything, 1_000).await;
    let other = world.key_of(tokyo, everything, 1_000).await;
    let point = json!([{ "metric": "visits", "value": 1 }]);
    world.post("/v1/points", &key, &point).await.expect(200);
    let (own, foreign) =
        (token(&world, &key, "editor").await, token(&world, &other, "editor").await);
    world.get("/v1/metrics/visits", &own).await.expect(200);
    world.get("/v1/metrics/visits", &foreign).await.expect(404);
    world.get("/v1/metrics/visits/series", &foreign).await.expect(404);
    let listed = world.get("/v1/metrics", &foreign).await.expect(200);
    assert_eq!(listed.json["metrics"], json!([]));
}

#[tokio::test]
async fn a_token_is_good_from_thirty_seconds_before_until_thirty_seconds_after_its_time() {
    let world = shop().await;
    let keys = Keys::of(vec![current()]);
    let sound = sound(&world).await;
    let now = sound.nbf;
    let timed = |nbf: i64, exp: i64| keys.sign(&Claims { nbf, exp, ..sound.clone() }).unwrap();
    for (nbf, exp, status) in [
        (now, now + 900, 200),
        (now - 900, now - 29, 200),
        (now - 900, now - 30, 401),
        (now - 900, now - 31, 401),
        (now + 30, now + 900, 200),
        (now + 31, now + 900, 401),
        (now, now + 930, 200),
        (now, now + 931, 401),
    ] {
        let answer = world.get("/v1/metrics", &timed(nbf, exp)).await;
        assert_eq!(answer.status, status, "from {} to {}", nbf - now, exp - now);
    }
}

#[tokio::test]
async fn a_token_draws_on_the_minute_of_its_key_and_ends_with_it() {
    let world = shop().await;
    let key = world.key_of(world.tenant(), &[Scope::PointsWrite], 10).await;
    let editor = token(&world, &key, "editor").await;
    let rows = |count: usize| json!(vec![json!({ "metric": "visits", "value": 1 }); count]);
    world.post("/v1/points", &editor, &rows(11)).await.expect(413);
    world.post("/v1/points", &editor, &rows(6)).await.expect(200);
    world.post("/v1/points", &key, &rows(6)).await.expect(429);
    world.post("/v1/points", &key, &rows(4)).await.expect(200);

    let short = world.key_of(world.tenant(), &[Scope::PointsWrite], 10).await;
    let soon = format!("'{NOW}'::timestamptz + interval '60 s'");
    world.sql(&format!("update api_key set expires_at = {soon} where last_used_on is null")).await;
    let short = token(&world, &short, "editor").await;
    let now: jiff::Timestamp = NOW.parse().unwrap();
    assert_eq!(claims(&short)["exp"], now.as_second() + 60);
}

/// The code that an authenticator app shows for a secret at a second (RFC 6238).
fn totp(secret: &str, second: i64) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = secret
        .chars()
        .map(|letter| format!("{:05b}", alphabet.find(letter).expect("base 32")))
        .collect();
    let byte = |bits: &[u8]| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap();
    let secret: Vec<u8> = bits.as_bytes().chunks_exact(8).map(byte).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let hash = hmac::sign(&key, &(second / 30).to_be_bytes());
    let hash = hash.as_ref();
    let offset = usize::from(hash[19] & 0xf);
    let word: [u8; 4] = hash[offset..offset + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}

/// A hash as it was made with parameters of another time.
fn weak_hash(password: &str) -> String {
    let params = argon2::Params::new(4_096, 1, 1, None).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let salt = SaltString::encode_b64(&[7; 16]).unwrap();
    argon2.hash_password(password.as_bytes(), &salt).unwrap().to_string()
}
