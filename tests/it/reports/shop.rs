//! A shop with two complete weeks of takings, and a post office that does what it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use app::port::{Letter, MailError, Mailer};
use app::{Clock, Consumer, Deadline, Delivery, Failure, Role, Trigger};
use async_trait::async_trait;
use domain::access::Scope;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;
use tests::World;

/// Monday, 23 November 2026, 08:10 in Berlin.
pub(crate) const MONDAY: &str = "2026-11-23T07:10:00Z";

/// A post office that keeps what it gets, and answers as told; otherwise it accepts.
#[derive(Default)]
pub(crate) struct PostOffice {
    pub(crate) answers: Mutex<VecDeque<MailError>>,
    letters: Mutex<Vec<Letter>>,
}

#[async_trait]
impl Mailer for PostOffice {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        // Long enough for whoever sends at the same time to be caught.
        tokio::time::sleep(Duration::from_millis(20)).await;
        if let Some(error) = self.answers.lock().unwrap().pop_front() {
            return Err(error);
        }
        self.letters.lock().unwrap().push(letter.clone());
        Ok(())
    }
}

impl PostOffice {
    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }

    pub(crate) fn answer_with(&self, error: fn(Cause) -> MailError) {
        self.answers.lock().unwrap().push_back(error("told so".into()));
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The shop, a key that may do everything, and where its letters go.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) key: String,
    pub(crate) post: Arc<PostOffice>,
}

impl Shop {
    /// Revenue of i × €100 on the i-th day of week 47 and half of it the week before; 35 and 14
    /// orders; all in two countries.
    pub(crate) async fn open() -> Self {
        let shop = Self::empty(MONDAY).await;
        let mut points = Vec::new();
        for day in 1..=7 {
            let this_week = date(2026, 11, 15) + day_span(day);
            let week_before = date(2026, 11, 8) + day_span(day);
            for (country, share) in [("DE", 3), ("FR", 1)] {
                let revenue = |at, of_day: i64| point("revenue", of_day / 4 * share, at, country);
                points.push(revenue(this_week, 10_000 * day));
                points.push(revenue(week_before, 5_000 * day));
            }
            points.push(point("orders", 5, this_week, "DE"));
            points.push(point("orders", 2, week_before, "FR"));
        }
        shop.record(&points).await;
        shop
    }

    /// The shop without any takings, at an instant.
    pub(crate) async fn empty(now: &str) -> Self {
        let world = World::at(now).await.with_tenant("Europe/Berlin").await;
        let key = world.key(&Scope::ALL).await;
        let revenue =
            json!({ "kind": "counter", "unit": "EUR", "direction": "up", "label": "Revenue" });
        world.put("/v1/metrics/revenue", &key, &revenue).await.expect(200);
        let orders = json!({ "kind": "counter", "direction": "up" });
        world.put("/v1/metrics/orders", &key, &orders).await.expect(200);
        let shop = Self { world, key, post: Arc::default() };
        shop.at(now)
    }

    /// The same shop at another instant.
    pub(crate) fn at(self, now: &str) -> Self {
        let clock = Clock::Fixed(now.parse().unwrap());
        let mailer = self.post.clone();
        let world = self.world.with_setup(|setup| {
            setup.clock = clock;
            setup.mailer = mailer;
        });
        Self { world, ..self }
    }

    pub(crate) async fn record(&self, points: &[Value]) {
        for points in points.chunks(5_000) {
            let path = "/v1/points?backfill=true";
            let answer = self.world.post(path, &self.key, &json!(points)).await;
            assert_eq!(answer.expect(200).json["rejected"], 0);
        }
    }

    /// Makes a report, and answers its id.
    pub(crate) async fn report(&self, report: &Value) -> String {
        let made = self.world.post("/v1/reports", &self.key, report).await.expect(201);
        made.json["id"].as_str().unwrap().to_owned()
    }

    /// The states of the deliveries of a report, the newest first.
    pub(crate) async fn states(&self, report: &str) -> Vec<String> {
        let path = format!("/v1/reports/{report}/deliveries");
        let told = self.world.get(&path, &self.key).await.expect(200);
        let deliveries = told.json["deliveries"].as_array().unwrap().clone();
        deliveries.iter().map(|it| it["state"].as_str().unwrap().to_owned()).collect()
    }

    /// The messages that wait for the sender.
    pub(crate) async fn messages(&self) -> Vec<String> {
        let rows = self.world.sql("select body from job where queue = 'reports' order by id").await;
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Hands a message to the sender, whatever became of it before.
    pub(crate) async fn deliver(&self, body: &str) -> Result<(), Failure> {
        let delivery = Delivery {
            body: body.to_owned(),
            attempt: 1,
            deadline: Deadline::within(Duration::from_secs(60)),
        };
        sender()(self.world.app(Role::App), delivery).await
    }
}

/// A weekly report to these recipients, on Mondays at 08:00 in Berlin.
pub(crate) fn weekly(recipients: &[&str]) -> Value {
    json!({
        "name": "Weekly takings",
        "metrics": [
            "revenue",
            { "metric": "orders", "label": "Orders" },
            { "ratio": { "of": "revenue", "by": "orders" }, "label": "Average order" },
        ],
        "recipients": recipients,
        "schedule": { "frequency": "weekly", "weekday": "monday", "wall_time": "08:00" },
    })
}

/// One point at noon.
pub(crate) fn point(metric: &str, value: i64, at: Date, country: &str) -> Value {
    let at = format!("{at}T12:00:00+01:00");
    json!({ "metric": metric, "value": value, "at": at, "tags": { "country": country } })
}

/// So many days.
pub(crate) fn day_span(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// The instant so much before the report is due on [`MONDAY`].
pub(crate) fn before_monday(hours: i64) -> String {
    let due: Timestamp = "2026-11-23T07:00:00Z".parse().unwrap();
    (due - SignedDuration::from_hours(hours)).to_string()
}

fn sender() -> Consumer {
    match report_sender::function().trigger {
        Trigger::Queue(_, consumer) => consumer,
        _ => panic!("the sender consumes a queue"),
    }
}
