use app::Role;
use domain::access::Scope;
use serde_json::{Value, json};

use super::shop::Shop;
use super::{NOW, counter, gauge};

/// A good question with one field changed.
fn with(field: &str, value: Value) -> Value {
    let mut question = json!({ "metric": "revenue", "range": { "preset": "7d" }, "grain": "day" });
    question[field] = value;
    question
}

#[tokio::test]
async fn a_fault_is_named_by_its_path_and_comes_with_a_remedy() {
    let shop = Shop::open(NOW, "UTC").await;
    shop.declare("revenue", counter()).await;
    shop.declare("stock", gauge()).await;
    let leaf = json!({ "tag": "country", "eq": "DE" });
    let many: Vec<Value> = vec![leaf.clone(); 51];
    let deep = json!({ "and": [{ "or": [{ "and": [{ "or": [leaf.clone()] }] }] }] });
    let range = |from: &str, to: &str| json!({ "from": from, "to": to });
    let cases = [
        (with("grain", json!("fortnight")), "grain", "is not a grain: 15min, hour"),
        (with("zone", json!("Europe/Paradise")), "zone", "is not a zone"),
        (with("metric", json!("revenues")), "metric", "there is no metric `revenues`"),
        (with("aggregation", json!("last")), "aggregation", "choose sum, count, avg, min, max"),
        (with("aggregation", json!("median")), "aggregation", "unknown variant"),
        (with("gap", json!("carry")), "gap", "choose zero or null"),
        (with("range", json!({})), "range", "give `from` and `to`, or a `preset`"),
        (with("range", json!({ "preset": "soon" })), "range.preset", "is not a preset"),
        (with("range", range("2026-11-02", "2026-11-01")), "range", "begin before it ends"),
        (with("range", range("2026-13-01", "2027-01-01")), "range.from", "give an RFC 3339"),
        (with("range", range("2026-11-01", "2026-11-02T10:00:00")), "range.to", "its offset"),
        (with("range", range("0026-11-01", "2026-11-02")), "range.from", "1970 to 2199"),
        (with("filter", json!({ "tag": "country" })), "filter", "exactly one test"),
        (with("filter", json!({ "and": [] })), "filter.and", "empty"),
        (with("filter", json!({ "and": [leaf, { "tag": "C" }] })), "filter.and[1].tag", "letter"),
        (with("filter", json!({ "tag": "c", "eq": "" })), "filter.eq", "1 to 200 bytes"),
        (with("filter", json!({ "tag": "c", "in": [] })), "filter.in", "1 to 100 values"),
        (with("filter", json!({ "or": many })), "filter", "50 tests"),
        (with("filter", deep), "filter.and[0].or[0].and[0].or[0]", "4 levels"),
        (with("group_by", json!({ "tag": "c", "top": 101 })), "group_by.top", "1 to 100"),
        (with("compare", json!("yesteryear")), "compare", "unknown variant"),
        (with("ratio", json!({ "of": "revenue", "by": "stock" })), "metric", "exactly one of"),
        (with("surprise", json!(1)), "surprise", "unknown field"),
    ];
    for (question, field, remedy) in cases {
        let (code, at, detail) = shop.refusal(question.clone()).await;
        assert_eq!(code, "invalid", "{question}");
        assert_eq!(at, format!("queries.q.{field}"), "{question}: {detail}");
        assert!(detail.contains(remedy), "{question}: {detail}");
    }
    let (_, field, detail) = shop
        .refusal(json!({ "metric": "stock", "aggregation": "sum", "range": { "preset": "7d" } }))
        .await;
    assert_eq!(field, "queries.q.aggregation");
    assert_eq!(detail, "`sum` means nothing for a gauge; choose count, avg, min, max, last");
}

#[tokio::test]
async fn a_question_that_is_too_wide_is_refused_with_a_grain_that_fits() {
    let shop = Shop::open(NOW, "UTC").await;
    shop.declare("revenue", counter()).await;
    let years = json!({ "from": "2020-01-01", "to": "2026-01-01" });
    let mut question = json!({ "metric": "revenue", "range": years, "grain": "hour" });
    let (code, field, detail) = shop.refusal(question.clone()).await;
    assert_eq!((code.as_str(), field.as_str()), ("too_wide", "queries.q.grain"));
    assert!(detail.contains("choose the grain `day`"), "{detail}");
    question["group_by"] = json!({ "tag": "country", "top": 50 });
    let (_, _, detail) = shop.refusal(question).await;
    assert!(detail.contains("choose the grain `month`"), "{detail}");
    let third = json!({
        "metric": "revenue", "range": { "from": "2026-01-01", "to": "2026-06-01" }, "grain": "hour",
    });
    let three = json!({ "queries": { "a": third, "b": third, "c": third } });
    let refused = shop.send(&three).await.expect(422);
    assert_eq!(refused.json["code"], "too_wide");
    assert_eq!(refused.json["field"], "queries.c.grain");
}

#[tokio::test]
async fn a_key_without_the_scope_reads_nothing_and_no_tenant_reads_another() {
    let world = tests::World::at(NOW).await.with_tenant("UTC").await.with_tenant("UTC").await;
    let blind = world.key(&[Scope::PointsWrite]).await;
    let other = world.key_of(&world.tenants()[1].clone(), &Scope::ALL, 1_000).await;
    let shop = Shop::of(world).await;
    shop.declare("revenue", counter()).await;
    shop.record(&[("revenue", "2026-11-20T12:00:00Z", 5.0, "DE")]).await;
    let body = json!({ "queries": { "q": with("compare", json!("year")) } });
    shop.send(&body).await.expect(200);
    shop.world.post("/v1/query", "", &body).await.expect(401);
    let refused = shop.world.post("/v1/query", &blind, &body).await.expect(403);
    assert!(refused.text().contains("query:read"));
    let refused = shop.world.post("/v1/query", &other, &body).await.expect(422);
    assert_eq!(refused.json["field"], "queries.q.metric");
}

#[tokio::test]
async fn a_question_that_the_database_takes_too_long_for_is_not_called_an_outage() {
    let shop = Shop::open(NOW, "UTC").await;
    shop.declare("revenue", counter()).await;
    let owner = shop.world.app(Role::Owner).db.across().await.unwrap();
    owner.query("lock table roll_day in access exclusive mode", &[]).await.unwrap();
    let question = json!({ "metric": "revenue", "range": { "preset": "7d" } });
    let answer = shop.send(&json!({ "queries": { "q": question } })).await;
    assert_eq!(answer.status, 504, "{}", answer.text());
    assert_eq!(answer.json["detail"], "the database took too long; ask for less at once");
}
