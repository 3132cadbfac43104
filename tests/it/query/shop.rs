use std::collections::BTreeMap;

use domain::access::Scope;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::{Answer, World};

/// A point as it was recorded.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) metric: &'static str,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) at: Timestamp,
    pub(super) value: f64,
}

/// A world with a shop in it, and a key that may do everything there.
pub(super) struct Shop {
    pub(super) world: World,
    key: String,
}

impl Shop {
    pub(super) async fn open(now: &str, zone: &str) -> Self {
        Self::of(World::at(now).await.with_tenant(zone).await).await
    }

    pub(super) async fn of(world: World) -> Self {
        let key = world.key(&Scope::ALL).await;
        Self { world, key }
    }

    pub(super) async fn declare(&self, metric: &str, declaration: Value) {
        let path = format!("/v1/metrics/{metric}");
        let answer = self.world.put(&path, &self.key, &declaration).await;
        assert!(answer.status < 300, "{}", answer.text());
    }

    /// Records `(metric, instant, value, country)`; the country may be empty.
    pub(super) async fn record(&self, points: &[(&'static str, &str, f64, &str)]) {
        let point = |(metric, at, value, country): &(&'static str, &str, f64, &str)| Point {
            metric,
            tags: Some(("country".to_owned(), (*country).to_owned()))
                .filter(|(_, country)| !country.is_empty())
                .into_iter()
                .collect(),
            at: at.parse().unwrap(),
            value: *value,
        };
        self.record_all(&points.iter().map(point).collect::<Vec<_>>()).await;
    }

    pub(super) async fn record_all(&self, points: &[Point]) {
        for some in points.chunks(5_000) {
            let rows: Vec<Value> = some
                .iter()
                .map(|point| {
                    let (metric, value, tags) = (point.metric, point.value, &point.tags);
                    json!({ "metric": metric, "at": point.at, "value": value, "tags": tags })
                })
                .collect();
            let path = "/v1/points?backfill=true";
            let answer = self.world.post(path, &self.key, &json!(rows)).await.expect(200);
            assert_eq!(answer.json["accepted"], some.len(), "{}", answer.text());
        }
    }

    /// Asks one question.
    pub(super) async fn ask(&self, question: Value) -> Value {
        let answer = self.send(&json!({ "queries": { "q": question } })).await.expect(200);
        answer.json["answers"]["q"].clone()
    }

    /// The problem that a question is refused with.
    pub(super) async fn refusal(&self, question: Value) -> (String, String, String) {
        let answer = self.send(&json!({ "queries": { "q": question } })).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        let text = |field: &str| answer.json[field].as_str().unwrap_or_default().to_owned();
        (text("code"), text("field"), text("detail"))
    }

    pub(super) async fn send(&self, body: &Value) -> Answer {
        self.world.post("/v1/query", &self.key, body).await
    }

    pub(super) async fn send_with(&self, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = tests::client::request(axum::http::Method::POST, "/v1/query", &self.key)
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.world.send(request.body(body.to_string().into()).unwrap()).await
    }
}

/// The values of an answer's buckets.
pub(super) fn values(answer: &Value) -> Vec<Option<f64>> {
    let buckets = answer["buckets"].as_array().expect("an answer has buckets");
    buckets.iter().map(|bucket| bucket["value"].as_f64()).collect()
}
