use serde_json::{Value, json};

use super::shop::Shop;
use super::{NOW, counter};

fn sales() -> Value {
    json!({ "queries": { "sales": {
        "metric": "revenue", "range": { "from": "2026-11-20", "to": "2026-11-22" },
        "grain": "day", "group_by": { "tag": "country" }, "compare": "previous",
    } } })
}

#[tokio::test]
async fn a_table_has_a_row_for_each_bucket_and_runs_no_formulas() {
    let shop = Shop::open(NOW, "Europe/Berlin").await;
    shop.declare("revenue", counter()).await;
    shop.record(&[
        ("revenue", "2026-11-20T12:00:00Z", -5.0, "=1+1"),
        ("revenue", "2026-11-18T12:00:00Z", 4.0, "a \"b\", c"),
    ])
    .await;
    let table = shop.send_with(&sales(), &[("accept", "text/csv")]).await.expect(200);
    assert!(table.header("content-type").starts_with("text/csv"));
    let text = table.text();
    let rows: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(rows.len(), 1 + 2 + 4 + 1, "{text}");
    assert!(rows[0].starts_with("query,group,name,start,end,complete,elapsed,value"));
    let figures = "sales,all,,2026-11-20T00:00:00+01:00,2026-11-21T00:00:00+01:00,true,1,-5,\
                   false,,,2026-11-18T00:00:00+01:00,4,-9,-225,";
    assert!(rows[1].starts_with(figures), "{}", rows[1]);
    let asked = ",2026-11-20T00:00:00+01:00,2026-11-22T00:00:00+01:00,2026-11-21T11:30:00Z";
    assert!(rows[1].ends_with(asked), "{}", rows[1]);
    assert!(rows[3].starts_with("sales,value,\"a \"\"b\"\", c\",2026-11-20"), "{}", rows[3]);
    assert!(rows[5].starts_with("sales,value,'=1+1,2026-11-20"), "{}", rows[5]);
}

#[tokio::test]
async fn an_answer_that_has_not_changed_is_not_sent_again() {
    let shop = Shop::open(NOW, "Europe/Berlin").await;
    shop.declare("revenue", counter()).await;
    shop.record(&[("revenue", "2026-11-20T12:00:00Z", 5.0, "DE")]).await;
    let first = shop.send(&sales()).await.expect(200);
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    assert_eq!(first.header("cache-control"), "private, max-age=60");
    let again = shop.send_with(&sales(), &[("if-none-match", &tag)]).await.expect(304);
    assert!(again.body.is_empty());
    assert_eq!(again.header("etag"), tag);
    let table = shop
        .send_with(&sales(), &[("if-none-match", &tag), ("accept", "text/csv")])
        .await
        .expect(200);
    assert_ne!(table.header("etag"), tag);
    shop.record(&[("revenue", "2026-11-20T12:00:01Z", 5.0, "DE")]).await;
    let changed = shop.send_with(&sales(), &[("if-none-match", &tag)]).await.expect(200);
    assert_ne!(changed.header("etag"), tag);
    let id = |answer: &tests::Answer| answer.json["answers"]["sales"]["query_id"].clone();
    assert_eq!(id(&first), id(&changed), "the same question keeps its id");
}

#[tokio::test]
async fn an_answer_is_kept_no_longer_than_the_running_bucket() {
    let shop = Shop::open("2026-11-21T11:59:30Z", "UTC").await;
    shop.declare("revenue", counter()).await;
    let question = |grain: &str| {
        json!({ "queries": { "q": {
            "metric": "revenue", "range": { "preset": "today" }, "grain": grain,
        } } })
    };
    let hours = shop.send(&question("hour")).await.expect(200);
    assert_eq!(hours.header("cache-control"), "private, max-age=30");
    assert_eq!(hours.json["as_of"], "2026-11-21T11:59:30Z");
    let days = shop.send(&question("day")).await.expect(200);
    assert_eq!(days.header("cache-control"), "private, max-age=60");
}

#[tokio::test]
async fn many_queries_are_answered_in_one_call() {
    let shop = Shop::open(NOW, "UTC").await;
    shop.declare("revenue", counter()).await;
    shop.record(&[("revenue", "2026-11-20T12:00:00Z", 5.0, "DE")]).await;
    let question = json!({ "metric": "revenue", "range": { "preset": "7d" }, "grain": "day" });
    let named = |count: usize| {
        let queries: serde_json::Map<String, Value> =
            (0..count).map(|n| (format!("q{n}"), question.clone())).collect();
        json!({ "queries": queries })
    };
    let answer = shop.send(&named(20)).await.expect(200);
    let answers = answer.json["answers"].as_object().unwrap();
    assert_eq!(answers.len(), 20);
    assert!(answers.values().all(|answer| answer["total"]["value"] == 5.0));
    let refused = shop.send(&named(21)).await.expect(422);
    assert_eq!(refused.json["field"], "queries");
}
