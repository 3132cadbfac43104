//! What carriers say is believed when it is signed, and safe when it is answered.

use std::time::Duration;

use app::Role;
use app::hooks::sign;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::access::Scope;
use domain::message::{ParcelMessage, QueueName};
use domain::parcel::Tracking;
use domain::tenant::Tenant;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::client::request;
use tests::connection::Connection;
use tests::{Answer, World};

const NOW: &str = "2026-11-21T07:00:00Z";

/// Somebody who carries parcels of a shop, and knows what the shop told him.
pub(crate) struct Carrier {
    path: String,
    secret: String,
}

impl Carrier {
    /// The shop tells him.
    pub(crate) async fn of(world: &World, tenant: &Tenant) -> Self {
        let key = world.key_of(tenant, &[Scope::HooksWrite], 1).await;
        let told = world.get("/v1/carrier-webhook", &key).await.expect(200);
        assert_eq!(told.header("cache-control"), "no-store");
        Self::told(&told.json)
    }

    /// The same from a server with keys of its own.
    pub(crate) async fn known_to(server: &mut Connection, world: &World) -> Self {
        let key = world.key(&[Scope::HooksWrite]).await;
        let (status, told) = server.get("/v1/carrier-webhook", &key).await.unwrap();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&told));
        Self::told(&serde_json::from_slice(&told).unwrap())
    }

    fn told(json: &Value) -> Self {
        let text = |name: &str| json[name].as_str().unwrap();
        let path = text("url").find("/v1/").unwrap();
        Self { path: text("url")[path..].to_owned(), secret: text("secret").to_owned() }
    }

    /// The head of a request that lacks only the length of its body.
    pub(crate) fn head(&self, id: &str, at: Timestamp, body: &str) -> String {
        let (path, signature) = (&self.path, self.signature(id, at, body));
        let at = at.as_second();
        format!(
            "POST {path} HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n\
             webhook-id: {id}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\n"
        )
    }

    /// He says something now.
    pub(crate) async fn says(&self, world: &World, id: &str, notice: &Value) -> Answer {
        let now = world.app(Role::App).clock.now();
        let (body, at) = (notice.to_string(), now.as_second().to_string());
        let signature = self.signature(id, now, &body);
        self.send(world, [id, &at, &signature], body).await
    }

    fn signature(&self, id: &str, at: Timestamp, body: &str) -> String {
        sign(std::slice::from_ref(&self.secret), id, at, body).unwrap()
    }

    async fn send(
        &self,
        world: &World,
        [id, at, signature]: [&str; 3],
        body: impl Into<Body>,
    ) -> Answer {
        let mut asked = request(Method::POST, &self.path, "");
        for (name, value) in
            [("webhook-id", id), ("Webhook-Timestamp", at), ("webhook-signature", signature)]
        {
            if !value.is_empty() {
                asked = asked.header(name, value);
            }
        }
        world.send(asked.body(body.into()).unwrap()).await
    }
}

/// A notice about a parcel.
pub(crate) fn notice(what: &str, number: &str, at: Timestamp) -> Value {
    json!({ "type": format!("parcel.{what}"), "timestamp": at, "data": {
        "carrier": "DHL", "tracking_number": number, "occurred_at": at, "detail": "To Ann" } })
}

async fn world() -> World {
    World::at(NOW).await.with_tenant("Europe/Berlin").await
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

async fn queued(world: &World) -> Vec<ParcelMessage> {
    let queue = world.app(Role::App).queue.clone();
    let received = queue.receive(QueueName::Parcels, 10, Duration::from_secs(60)).await.unwrap();
    received.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

#[tokio::test]
async fn a_signed_notice_is_in_the_queue_when_it_is_answered() {
    let world = world().await;
    let carrier = Carrier::of(&world, world.tenant()).await;
    carrier.says(&world, "msg_1", &notice("delivered", "00 34", now())).await.expect(200);
    let [ParcelMessage::Notice { tenant, notice: said }] = &queued(&world).await[..] else {
        panic!("not one notice")
    };
    assert_eq!(*tenant, world.tenant().id);
    assert_eq!((said.id.as_str(), said.kind.as_str()), ("msg_1", "parcel.delivered"));
    let tracking = Tracking { carrier: "DHL".to_owned(), number: "00 34".to_owned() };
    assert_eq!((said.tracking.as_ref(), said.occurred_at), (Some(&tracking), now()));
    // What is not known is no error, whatever its shape.
    let weighed = json!({ "type": "parcel.weighed", "timestamp": NOW, "data": { "grams": 220 } });
    carrier.says(&world, "msg_2", &weighed).await.expect(200);
    assert_eq!(queued(&world).await.len(), 1);
}

#[tokio::test]
async fn f21_what_is_not_signed_is_not_even_read() {
    let world = world().await;
    let carrier = Carrier::of(&world, world.tenant()).await;
    // Lines end as they were sent, and not all letters are English.
    let body = "{\r\n\"type\": \"parcel.failed\", \"timestamp\": \"2026-11-21T07:00:00Z\",\r\n\
                \"data\": { \"carrier\": \"DHL\", \"tracking_number\": \"1\", \
                \"detail\": \"Müllerstraße\" } }";
    let at = |seconds: i64| now() + SignedDuration::from_secs(seconds);
    let good = carrier.signature("msg_1", now(), body);
    let bare = Carrier {
        secret: format!("whsec_{}", STANDARD.encode([7; 32])),
        path: carrier.path.clone(),
    };
    let text = |at: Timestamp| at.as_second().to_string();
    for (headers, sent, status) in [
        (["", "", ""].map(str::to_owned), body, 401),
        (["msg_1", &text(now()), ""].map(str::to_owned), body, 401),
        (["", &text(now()), &good].map(str::to_owned), body, 401),
        (["msg_1", "today", &good].map(str::to_owned), body, 401),
        (["msg_1", &text(now()), "v1,00"].map(str::to_owned), body, 401),
        (["msg_1", &text(now()), &good[3..]].map(str::to_owned), body, 401),
        (["msg_2", &text(now()), &good].map(str::to_owned), body, 401),
        (["msg_1", &text(at(1)), &good].map(str::to_owned), body, 401),
        (["msg_1", &text(now()), &good].map(str::to_owned), "no JSON", 401),
        (["msg_1", &text(now()), &good].map(str::to_owned), &body.replace('\r', ""), 401),
        (
            ["msg_1", &text(now()), &bare.signature("msg_1", now(), body)].map(str::to_owned),
            body,
            401,
        ),
        (
            ["msg_1", &text(at(-301)), &carrier.signature("msg_1", at(-301), body)]
                .map(str::to_owned),
            body,
            401,
        ),
        (
            ["msg_1", &text(at(301)), &carrier.signature("msg_1", at(301), body)]
                .map(str::to_owned),
            body,
            401,
        ),
        (
            ["msg_1", &text(at(-300)), &carrier.signature("msg_1", at(-300), body)]
                .map(str::to_owned),
            body,
            200,
        ),
        (["msg_1", &text(now()), &format!("v1,AAAA {good}")].map(str::to_owned), body, 200),
    ] {
        let [id, at, signature] = &headers;
        let answer = carrier.send(&world, [id, at, signature], sent.to_owned()).await;
        assert_eq!(answer.status, status, "{headers:?} {sent}: {}", answer.text());
    }
    assert_eq!(queued(&world).await.len(), 2);
    let large = json!({ "type": "x".repeat(64 << 10) });
    carrier.says(&world, "msg_3", &large).await.expect(413);
}

#[tokio::test]
async fn who_guesses_shops_learns_nothing_of_them() {
    let world = world().await.with_tenant("Europe/London").await;
    let [ours, theirs] = world.tenants() else { panic!("two tenants were made") };
    let carrier = Carrier::of(&world, ours).await;
    let other = Carrier::of(&world, theirs).await;
    assert_ne!(carrier.secret, other.secret);
    let nobodys = carrier.path.replace(&ours.id.to_string(), &uuid::Uuid::now_v7().to_string());
    let mut answers = vec![];
    for path in [other.path, nobodys] {
        let guessing = Carrier { path, secret: carrier.secret.clone() };
        let answer = guessing.says(&world, "msg_1", &notice("delivered", "1", now())).await;
        let headers = ["content-type", "www-authenticate"].map(|it| answer.header(it).to_owned());
        answers.push((answer.status, answer.text(), headers));
    }
    assert_eq!(answers[0].0, 401);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(queued(&world).await, []);
}

#[tokio::test]
async fn a_secret_that_is_rolled_is_good_until_the_next_one_is() {
    let key = |version: u8| format!("{version}:{}", STANDARD.encode([version; 32]));
    let keys = |versions: &[u8]| versions.iter().map(|it| key(*it)).collect::<Vec<_>>().join(",");
    let with = |world: World, versions: &[u8]| {
        world.with_setup(|setup| setup.config.unsubscribe_keys = keys(versions))
    };
    let world = with(world().await, &[1]);
    let old = Carrier::of(&world, world.tenant()).await;
    let world = with(world, &[2, 1]);
    let new = Carrier::of(&world, world.tenant()).await;
    assert_ne!(old.secret, new.secret);
    assert_eq!(old.path, new.path);
    for (id, carrier) in [("msg_1", &old), ("msg_2", &new)] {
        carrier.says(&world, id, &notice("delivered", "1", now())).await.expect(200);
    }
    let world = with(world, &[3, 2, 1]);
    old.says(&world, "msg_3", &notice("delivered", "1", now())).await.expect(401);
    new.says(&world, "msg_4", &notice("delivered", "1", now())).await.expect(200);
    assert_eq!(queued(&world).await.len(), 3);
}

#[tokio::test]
async fn what_is_signed_and_malformed_is_refused_with_its_field() {
    let world = world().await;
    let carrier = Carrier::of(&world, world.tenant()).await;
    let whole = notice("delivered", "1", now());
    let with = |pointer: &str, value: Value| {
        let mut changed = whole.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    for (body, field) in [
        (json!([]), "body"),
        (json!({ "type": "parcel.delivered" }), "body"),
        (with("/timestamp", json!("today")), "body"),
        (with("/type", json!("")), "type"),
        (with("/type", json!("x\u{0}")), "type"),
        (with("/data/carrier", Value::Null), "data.carrier"),
        (with("/data/tracking_number", Value::Null), "data.tracking_number"),
        (with("/data/tracking_number", json!("1".repeat(101))), "data.tracking_number"),
        (with("/data/carrier", json!("\u{0}")), "data.carrier"),
    ] {
        let refused = carrier.says(&world, "msg_1", &body).await.expect(422);
        assert_eq!(refused.json["field"], field, "{body}");
    }
    let long = "m".repeat(256);
    let refused = carrier.says(&world, &long, &whole).await.expect(422);
    assert_eq!(refused.json["field"], "webhook-id");
    assert_eq!(queued(&world).await, []);
}

#[tokio::test]
async fn the_secret_is_shown_to_whom_it_concerns_and_a_notice_needs_no_postgres() {
    let world = world().await;
    let but = Scope::ALL.into_iter().filter(|scope| *scope != Scope::HooksWrite);
    let key = world.key(&but.collect::<Vec<_>>()).await;
    world.get("/v1/carrier-webhook", &key).await.expect(403);
    let carrier = Carrier::of(&world, world.tenant()).await;
    let app = tests::lambda::without_postgres(&world.app(Role::App));
    let body = notice("delivered", "1", now()).to_string();
    let asked = request(Method::POST, &carrier.path, "")
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", now().as_second().to_string())
        .header("webhook-signature", carrier.signature("msg_1", now(), &body))
        .body(Body::from(body));
    let router = tests::lambda::router(&app, "carrier-webhook");
    tests::client::send(router, asked.unwrap()).await.expect(200);
    assert_eq!(queued(&world).await.len(), 1);
}
