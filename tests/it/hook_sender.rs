use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::hooks::{Reach, sign};
use app::{Clock, Role};
use domain::access::Scope;
use domain::id::HookDeliveryId;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::gateway::WEBHOOK_SECRET;
use tests::peer::{self, Asked};
use uuid::Uuid;

use crate::cart::Shop;
use crate::checkout::Till;

/// Endpoints that fail are tried again, and given up.
mod failing;

/// An endpoint that remembers what it was told.
pub(crate) struct Ear {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Asked>>>,
    status: Arc<AtomicU16>,
}

impl Ear {
    pub(crate) fn open() -> Self {
        let (heard, status) = (Arc::<Mutex<Vec<Asked>>>::default(), Arc::new(AtomicU16::new(204)));
        let (listening, answering) = (heard.clone(), status.clone());
        let address = peer::listen(move |asked| {
            listening.lock().unwrap().push(asked);
            peer::Answer::new(answering.load(Ordering::SeqCst), "x".repeat(4_096))
        });
        Self { url: format!("http://{address}/hooks"), heard, status }
    }

    pub(crate) fn answer_with(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn heard(&self) -> Vec<Asked> {
        self.heard.lock().unwrap().clone()
    }

    /// The types of what was heard, each as often as it was.
    fn types(&self) -> Vec<String> {
        let mut types: Vec<String> = self.heard().iter().map(kind).collect();
        types.sort();
        types
    }
}

/// A till whose shop may tell endpoints on this machine, and the key that names them.
pub(crate) struct Teller {
    pub(crate) till: Till,
    pub(crate) key: String,
}

impl Teller {
    pub(crate) async fn open() -> Self {
        let till = tuned(Till::with_stock(50).await, SignedDuration::ZERO);
        let key = till.shop.world.key(&[Scope::HooksRead, Scope::HooksWrite]).await;
        Self { till, key }
    }

    /// The same so much later than now.
    pub(crate) fn at(self, by: SignedDuration) -> Self {
        Self { till: tuned(self.till, by), ..self }
    }

    pub(crate) async fn hook(&self, ear: &Ear, events: &[&str]) -> Value {
        let wanted = json!({ "url": ear.url, "events": events });
        self.till.shop.world.post("/v1/hooks", &self.key, &wanted).await.expect(201).json
    }

    pub(crate) async fn read(&self, hook: &Value) -> Value {
        self.till.shop.world.get(&path(hook, ""), &self.key).await.expect(200).json
    }

    pub(crate) async fn deliveries(&self, hook: &Value) -> Vec<Value> {
        let path = path(hook, "/deliveries");
        let found = self.till.shop.world.get(&path, &self.key).await.expect(200).json;
        found["deliveries"].as_array().unwrap().clone()
    }

    pub(crate) async fn act(&self, hook: &Value, action: &str) -> tests::Answer {
        self.till.shop.world.post(&path(hook, action), &self.key, &Value::Null).await
    }

    /// The sweeper looks, and what it sends is handled.
    pub(crate) async fn sweep(&self) {
        self.till.shop.world.tick("sweeper").await;
        self.till.shop.world.drain_queues().await;
    }

    async fn consume(&self, bodies: &[String], at_once: usize) {
        let app = self.till.shop.world.app(Role::App);
        let app::Trigger::Queue(_, consumer) = tests::lambda::function("hook-sender").trigger
        else {
            panic!("it consumes nudges")
        };
        let delivery = |body: &String| app::Delivery {
            body: body.clone(),
            attempt: 1,
            deadline: app::Deadline::within(Duration::from_secs(60)),
        };
        let all = (0..at_once).flat_map(|_| bodies);
        let done = join_all(all.map(|body| consumer(app.clone(), delivery(body)))).await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
    }

    async fn bodies(&self, sql: &str) -> Vec<String> {
        self.till.shop.world.sql(sql).await.iter().map(|row| row.get(0)).collect()
    }
}

fn tuned(till: Till, by: SignedDuration) -> Till {
    let stripe = till.gateway.stripe.clone();
    let world = till.shop.world.with_setup(|setup| {
        setup.clock = Clock::Moved(by);
        setup.gateway = Some(stripe);
        WEBHOOK_SECRET.clone_into(&mut setup.config.stripe_webhook_secrets);
        setup.config.hook_reach = Reach::LocalToo;
    });
    Till { shop: Shop { world, ..till.shop }, ..till }
}

fn path(hook: &Value, rest: &str) -> String {
    format!("/v1/hooks/{}{rest}", hook["id"].as_str().unwrap())
}

fn told(asked: &Asked) -> Value {
    serde_json::from_slice(&asked.body).unwrap()
}

fn kind(asked: &Asked) -> String {
    told(asked)["type"].as_str().unwrap().to_owned()
}

/// What a receiver does: it makes the signature itself, and looks for it among those sent.
pub(crate) fn is_signed(asked: &Asked, hook: &Value) -> bool {
    let secret = hook["secret"].as_str().unwrap().to_owned();
    let at = asked.headers["webhook-timestamp"].parse().unwrap();
    let at = Timestamp::from_second(at).unwrap();
    let body = std::str::from_utf8(&asked.body).unwrap();
    let own = sign(&[secret], &asked.headers["webhook-id"], at, body).unwrap();
    asked.headers["webhook-signature"].split(' ').any(|signature| signature == own)
}

const ORDERS: &str = "select json_build_object('type', 'order.changed.v1', 'tenant', tenant,
                          'order', id)::text from orders";
const DELIVERIES: &str = "select json_build_object('type', 'hook.due.v1', 'tenant', tenant,
                              'delivery', id)::text from hook_delivery";

#[tokio::test]
async fn an_endpoint_is_told_what_became_of_an_order_signed_and_without_personal_data() {
    let (teller, ear) = (Teller::open().await, Ear::open());
    let hook = teller.hook(&ear, &[]).await;
    let made = teller.till.sold(2, "once").await;
    assert_eq!(ear.types(), ["order.placed", "payment.captured"]);
    for asked in ear.heard() {
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/hooks"));
        assert_eq!(asked.headers["content-type"], "application/json");
        assert!(is_signed(&asked, &hook), "{:?}", asked.headers);
        let other = json!({ "secret": "whsec_c2FtcGxlIHNlY3JldCBvZiAyNCBieXRlcyE=" });
        assert!(!is_signed(&asked, &other));
        let body = String::from_utf8(asked.body.clone()).unwrap();
        assert!(!body.contains("Ann") && !body.contains("customer.example"), "{body}");
    }
    let heard = ear.heard();
    let placed = heard.iter().find(|asked| kind(asked) == "order.placed").map(told).unwrap();
    assert_eq!(placed["data"]["order"], made["order"]);
    assert_eq!(placed["data"]["number"], json!(1));
    assert_eq!(placed["data"]["total_minor"], json!(9_980));
    assert_eq!(placed["data"]["status"], json!("confirmed"));
    let captured = heard.iter().find(|asked| kind(asked) == "payment.captured").map(told).unwrap();
    assert_eq!(captured["data"]["amount_minor"], json!(9_980));
    let states = teller.deliveries(&hook).await;
    assert_eq!(states.len(), 2);
    for delivery in states {
        assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("succeeded"), &json!(1)));
        assert_eq!(delivery["last_status"], json!(204));
    }
}

#[tokio::test]
async fn f43_an_event_is_told_once_by_one_id_however_many_hear_of_it_at_once() {
    let (teller, ear, other) = (Teller::open().await, Ear::open(), Ear::open());
    teller.hook(&ear, &[]).await;
    teller.hook(&other, &["order.placed"]).await;
    teller.till.shop.world.sql("update hook set enabled = false").await;
    teller.till.sold(1, "once").await;
    assert!(ear.heard().is_empty(), "a disabled endpoint was told");
    teller.till.shop.world.sql("update hook set enabled = true").await;
    let orders = teller.bodies(ORDERS).await;
    teller.consume(&orders, 10).await;
    let deliveries = teller.bodies(DELIVERIES).await;
    assert_eq!(deliveries.len(), 3);
    teller.consume(&deliveries, 10).await;
    teller.till.shop.world.drain_queues().await;
    teller.till.shop.world.sql("delete from order_follower").await;
    teller.consume(&orders, 10).await;
    teller.till.shop.world.drain_queues().await;
    assert_eq!(ear.types(), ["order.placed", "payment.captured"]);
    assert_eq!(other.types(), ["order.placed"]);
    let ids = |ear: &Ear| -> BTreeSet<String> {
        ear.heard().iter().map(|asked| asked.headers["webhook-id"].clone()).collect()
    };
    assert_eq!(ids(&ear).len(), 2);
    assert!(ids(&ear).is_superset(&ids(&other)), "one event has one id at every endpoint");
}

#[tokio::test]
async fn nobody_is_nudged_for_a_shop_without_endpoints_and_nothing_old_is_told() {
    let (teller, ear) = (Teller::open().await, Ear::open());
    teller.till.sold(1, "before").await;
    let read = "select count(*) from order_follower where follower = 'hooks'";
    assert_eq!(teller.till.shop.world.count(read).await, 0);
    teller.hook(&ear, &[]).await;
    teller.consume(&teller.bodies(ORDERS).await, 1).await;
    teller.till.shop.world.drain_queues().await;
    assert!(ear.heard().is_empty(), "{:?}", ear.types());
    teller.till.sold(1, "after").await;
    assert_eq!(ear.heard().len(), 2);
}

#[tokio::test]
async fn a_delivery_whose_worker_died_is_tried_by_another_a_minute_later() {
    let (teller, ear) = (Teller::open().await, Ear::open());
    let hook = teller.hook(&ear, &[]).await;
    let world = &teller.till.shop.world;
    let sent = teller.act(&hook, "/test").await.expect(202).json;
    let id: Uuid = sent["delivery"].as_str().unwrap().parse().unwrap();
    let (app, now) = (world.app(Role::App), Clock::System.now());
    let until = now + SignedDuration::from_secs(60);
    let tenant = world.tenant().number;
    let claim = store::hooks::claim(&app.db, tenant, HookDeliveryId(id), (now, until));
    assert!(claim.await.unwrap().is_some());
    teller.sweep().await;
    assert!(ear.heard().is_empty(), "two workers try it");
    let teller = teller.at(SignedDuration::from_secs(61));
    teller.sweep().await;
    assert_eq!(ear.types(), ["test"]);
    let [delivery] = &teller.deliveries(&hook).await[..] else { panic!("not one delivery") };
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("succeeded"), &json!(2)));
}

#[tokio::test]
async fn the_old_secret_signs_for_a_day_beside_the_new_one() {
    let (teller, ear) = (Teller::open().await, Ear::open());
    let old = teller.hook(&ear, &[]).await;
    let new = teller.act(&old, "/rotate").await.expect(200).json;
    assert_ne!(old["secret"], new["secret"]);
    teller.act(&old, "/test").await.expect(202);
    teller.till.shop.world.drain_queues().await;
    let teller = teller.at(SignedDuration::from_hours(25));
    teller.act(&old, "/test").await.expect(202);
    teller.till.shop.world.drain_queues().await;
    let [first, second] = &ear.heard()[..] else { panic!("{:?}", ear.types()) };
    assert!(is_signed(first, &old) && is_signed(first, &new));
    assert!(!is_signed(second, &old) && is_signed(second, &new));
}
