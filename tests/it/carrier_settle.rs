//! What follows from what carriers say.

use std::time::Duration;

use app::{Deadline, Delivery, Role, Trigger};
use domain::message::{ParcelMessage, QueueName};
use domain::parcel::{Notice, Tracking};
use domain::tenant::Tenant;
use futures_util::future::join_all;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::World;
use tests::lambda::function;

use crate::carrier_webhook::{Carrier, notice};
use crate::orders::desk::Desk;

pub(crate) const NUMBER: &str = "0034 0434 1610 9402 2115";

/// A desk from which parcels go, and who carries them.
pub(crate) struct Dock {
    desk: Desk,
    carrier: Carrier,
}

impl Dock {
    pub(crate) async fn open() -> Self {
        let desk = Desk::with_stock(50).await;
        let world = &desk.till.shop.world;
        let carrier = Carrier::of(world, world.tenant()).await;
        Self { desk, carrier }
    }

    pub(crate) fn world(&self) -> &World {
        &self.desk.till.shop.world
    }

    /// A paid order of so many shirts, and its parcel, which is packed.
    async fn packed(&self, quantity: u32) -> (String, String) {
        let order = self.desk.sold(quantity).await;
        let none = json!({});
        let packed = self.desk.act_with_key(&order, "fulfillments", "all", &none).await;
        let parcel = packed.expect(200).json["id"].as_str().unwrap().to_owned();
        (order, parcel)
    }

    async fn ship(&self, order: &str, parcel: &str, number: &str) {
        let carried = json!({ "carrier": "DHL", "tracking_number": number });
        let path = format!("fulfillments/{parcel}/ship");
        self.desk.act(order, &path, &carried).await.expect(200);
    }

    /// An order of one shirt that is under way with [`NUMBER`].
    pub(crate) async fn sent(&self) -> String {
        let (order, parcel) = self.packed(1).await;
        self.ship(&order, &parcel, NUMBER).await;
        order
    }

    /// The carrier says something, and it is settled.
    async fn hear(&self, id: &str, what: &str, number: &str, at: Timestamp) {
        let world = self.world();
        self.carrier.says(world, id, &notice(what, number, at)).await.expect(200);
        world.drain_queues().await;
    }

    /// Hands a message over as the queue does.
    async fn deliver(&self, message: &ParcelMessage) {
        let delivery = Delivery {
            body: serde_json::to_string(message).unwrap(),
            attempt: 1,
            deadline: Deadline::within(Duration::from_secs(60)),
        };
        let Trigger::Queue(QueueName::Parcels, consumer) = function("carrier-settle").trigger
        else {
            panic!("it consumes parcels")
        };
        consumer(self.world().app(Role::App), delivery).await.unwrap();
    }

    /// The sweeper looks, and what it asks for is done.
    async fn sweep(&self) {
        let world = self.world();
        world.tick("sweeper").await;
        world.drain_queues().await;
    }

    async fn parcel(&self, order: &str) -> Value {
        self.desk.read(order).await["fulfillments"][0].clone()
    }

    /// Notices by id, with what became of them.
    pub(crate) async fn notices(&self) -> Vec<(String, String)> {
        let world = self.world();
        let listed = world.get("/v1/parcel-notices", &self.desk.key).await.expect(200).json;
        let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
        let all = listed["notices"].as_array().unwrap().iter();
        let mut all: Vec<_> = all.map(|it| (text(it, "id"), text(it, "state"))).collect();
        all.sort();
        all
    }

    pub(crate) async fn delivered_events(&self) -> i64 {
        let sql = "select count(*) from order_event where kind = 'fulfillment.delivered.v1'";
        self.world().count(sql).await
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(app::Clock::System.now().as_second()).unwrap()
}

fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

fn stood(states: &[(&str, &str)]) -> Vec<(String, String)> {
    states.iter().map(|(id, state)| ((*id).to_owned(), (*state).to_owned())).collect()
}

/// As the webhook hands it to the queue.
fn said(tenant: &Tenant, id: &str, what: &str) -> ParcelMessage {
    let tracking = Tracking { carrier: "DHL".to_owned(), number: NUMBER.to_owned() };
    ParcelMessage::Notice {
        tenant: tenant.id,
        notice: Notice {
            id: id.to_owned(),
            kind: format!("parcel.{what}"),
            tracking: Some(tracking),
            occurred_at: now(),
            detail: None,
        },
    }
}

#[tokio::test]
async fn what_is_said_five_times_at_once_is_heard_once() {
    let dock = Dock::open().await;
    let order = dock.sent().await;
    let world = dock.world();
    let message = said(world.tenant(), "msg_1", "delivered");
    join_all((0..5).map(|_| dock.deliver(&message))).await;
    // And once more under another id.
    dock.deliver(&said(world.tenant(), "msg_2", "delivered")).await;
    assert_eq!(dock.delivered_events().await, 1);
    assert_eq!(dock.notices().await, stood(&[("msg_1", "applied"), ("msg_2", "unchanged")]));
    assert_eq!(dock.desk.read(&order).await["status"], "completed");
    let history = world.get(&format!("/v1/orders/{order}/history"), &dock.desk.key).await;
    let history = history.expect(200).json;
    let told = history["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&told["actor"], &told["request_id"]), (&json!("carrier"), &json!("msg_1")));
}

#[tokio::test]
async fn what_comes_late_or_out_of_order_undoes_nothing() {
    let dock = Dock::open().await;
    let order = dock.sent().await;
    dock.hear("1", "in_transit", NUMBER, ago(60)).await;
    dock.hear("2", "failed", NUMBER, ago(30)).await;
    dock.hear("3", "out_for_delivery", NUMBER, ago(40)).await;
    let parcel = dock.parcel(&order).await;
    let stages: Vec<&Value> =
        parcel["reports"].as_array().unwrap().iter().map(|it| &it["stage"]).collect();
    assert_eq!(stages, ["in_transit", "failed"]);
    dock.hear("4", "delivered", NUMBER, ago(20)).await;
    dock.hear("5", "in_transit", NUMBER, ago(1)).await;
    assert_eq!(dock.parcel(&order).await["state"], "delivered");
    assert_eq!(
        dock.notices().await,
        stood(&[
            ("1", "applied"),
            ("2", "applied"),
            ("3", "unchanged"),
            ("4", "applied"),
            ("5", "unchanged"),
        ])
    );
    // A clock that is ahead makes nothing old.
    let (order, parcel) = dock.packed(2).await;
    dock.ship(&order, &parcel, "AHEAD").await;
    dock.hear("6", "in_transit", "ahead", ago(-600)).await;
    dock.hear("7", "failed", "ahead", now() + SignedDuration::from_secs(1)).await;
    assert_eq!(dock.parcel(&order).await["reports"][1]["stage"], "failed");
}

#[tokio::test]
async fn a_carrier_that_is_faster_than_the_shop_is_heard_when_the_parcel_has_its_number() {
    let dock = Dock::open().await;
    let (order, parcel) = dock.packed(1).await;
    dock.hear("1", "delivered", NUMBER, ago(5)).await;
    dock.hear("2", "in_transit", "00340434161094022115", ago(50)).await;
    dock.hear("3", "delivered", "unheard of", ago(5)).await;
    let waiting = [("1", "waiting"), ("2", "waiting"), ("3", "waiting")];
    assert_eq!(dock.notices().await, stood(&waiting));
    dock.ship(&order, &parcel, NUMBER).await;
    dock.sweep().await;
    let told = dock.parcel(&order).await;
    // In the order in which it happened, not in that in which it was said.
    assert_eq!(
        (&told["state"], &told["reports"][0]["stage"]),
        (&json!("delivered"), &json!("in_transit"))
    );
    let heard = [("1", "applied"), ("2", "applied"), ("3", "waiting")];
    assert_eq!(dock.notices().await, stood(&heard));
}

#[tokio::test]
async fn a_number_that_is_given_out_again_does_not_arrive_before_it_left() {
    let dock = Dock::open().await;
    let (order, parcel) = dock.packed(1).await;
    dock.hear("1", "delivered", NUMBER, ago(5)).await;
    let world = dock.world();
    world.sql("update parcel_notice set heard_at = now() - interval '14 days 1 minute'").await;
    dock.ship(&order, &parcel, NUMBER).await;
    dock.sweep().await;
    assert_eq!(dock.parcel(&order).await["state"], "shipped");
    // It is kept for a while, to be looked at.
    world.tick("keeper").await;
    assert_eq!(dock.notices().await, stood(&[("1", "waiting")]));
    world.sql("update parcel_notice set heard_at = now() - interval '91 days'").await;
    world.tick("keeper").await;
    assert_eq!(dock.notices().await, []);
}

#[tokio::test]
async fn whoever_names_the_number_and_whoever_hears_of_it_at_once_miss_each_other_never() {
    let dock = Dock::open().await;
    let mut parcels = vec![];
    for quantity in 1..=8 {
        parcels.push(dock.packed(quantity).await);
    }
    let world = dock.world();
    let both = parcels.iter().enumerate().map(|(n, (order, parcel))| {
        let dock = &dock;
        let number = format!("NUMBER{n}");
        async move {
            let mut message = said(world.tenant(), &number, "delivered");
            if let ParcelMessage::Notice { notice, .. } = &mut message {
                notice.tracking.as_mut().unwrap().number.clone_from(&number);
            }
            tokio::join!(dock.ship(order, parcel, &number), dock.deliver(&message));
        }
    });
    join_all(both).await;
    dock.sweep().await;
    assert_eq!(dock.delivered_events().await, 8);
    assert!(dock.notices().await.iter().all(|(_, state)| state == "applied"));
}

#[tokio::test]
async fn whoever_died_before_it_was_written_down_what_became_of_it_says_the_same() {
    let dock = Dock::open().await;
    dock.sent().await;
    let world = dock.world();
    let message = said(world.tenant(), "msg_1", "delivered");
    dock.deliver(&message).await;
    world.sql("update parcel_notice set state = 'waiting', order_id = null").await;
    dock.deliver(&message).await;
    assert_eq!(dock.notices().await, stood(&[("msg_1", "applied")]));
    assert_eq!(dock.delivered_events().await, 1);
}

#[tokio::test]
async fn the_parcel_of_another_shop_with_the_same_number_stays_as_it_is() {
    let dock = Dock::open().await;
    let order = dock.sent().await;
    let before = dock.desk.read(&order).await;
    let Dock { desk, carrier } = dock;
    let world = desk.till.shop.world.with_tenant("Europe/London").await;
    let theirs = Carrier::of(&world, &world.tenants()[1]).await;
    let said = theirs.says(&world, "msg_1", &notice("delivered", NUMBER, now())).await;
    said.expect(200);
    world.drain_queues().await;
    let state = "select count(*) from parcel_notice where tenant = 2 and state = 'waiting'";
    assert_eq!(world.count(state).await, 1);
    let till = crate::checkout::Till {
        shop: crate::cart::Shop { world, ..desk.till.shop },
        gateway: desk.till.gateway,
    };
    let dock = Dock { desk: Desk { till, key: desk.key }, carrier };
    assert_eq!(dock.desk.read(&order).await, before);
    // The same id is another shop's own.
    dock.hear("msg_1", "delivered", NUMBER, now()).await;
    assert_eq!(dock.parcel(&order).await["state"], "delivered");
}

#[tokio::test]
async fn what_is_not_known_is_written_down_and_what_names_a_customer_is_forgotten() {
    let dock = Dock::open().await;
    let order = dock.sent().await;
    dock.hear("1", "weighed", NUMBER, ago(9)).await;
    dock.hear("2", "failed", NUMBER, ago(8)).await;
    assert_eq!(dock.notices().await, stood(&[("1", "ignored"), ("2", "applied")]));
    let world = dock.world();
    let named =
        "select count(*) from parcel_notice where detail = 'To Ann' and order_id is not null";
    assert_eq!(world.count(named).await, 1);
    let path = format!("/v1/orders/{order}/contact");
    let erased = tests::client::request(Method::DELETE, &path, &dock.desk.key);
    world.send(erased.body(String::new().into()).unwrap()).await.expect(200);
    dock.hear("3", "delivered", NUMBER, ago(7)).await;
    assert_eq!(world.count(named).await, 0);
    assert_eq!(dock.notices().await[2], ("3".to_owned(), "applied".to_owned()));
    // Events keep nothing of what the carrier wrote.
    let kept = "select count(*) from order_event where body::text like '%To Ann%'";
    assert_eq!(world.count(kept).await, 0);
}

#[tokio::test]
async fn a_parcel_that_was_unpacked_or_found_another_number_is_not_mistaken() {
    let dock = Dock::open().await;
    let (order, parcel) = dock.packed(1).await;
    dock.ship(&order, &parcel, NUMBER).await;
    dock.ship(&order, &parcel, "another").await;
    dock.hear("1", "delivered", NUMBER, now()).await;
    assert_eq!(dock.parcel(&order).await["state"], "shipped");
    dock.hear("2", "delivered", "ANOTHER", now()).await;
    assert_eq!(dock.parcel(&order).await["state"], "delivered");
    assert_eq!(dock.notices().await, stood(&[("1", "waiting"), ("2", "applied")]));
}
