use axum::body::Body;
use domain::access::Scope;
use http::Method;
use serde_json::{Value, json};
use tests::client::request;
use tests::world::PUBLIC_URL;
use tests::{Answer, World};

const NOW: &str = "2026-03-29T12:00:00Z";

/// Two invoices, a cancellation, a gift without customer, and three lines that are none.
pub(crate) const SALES: &str = "\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,Mug,2,2025-12-31 23:30,2.50,17,France
1,B,\"Jug, large\",1,2025-12-31 23:30,4.00,17,France
2,A,Mug,3,2026-01-02 09:15,2.50,18,Germany
C3,A,Mug,-1,2026-01-03 10:00,2.50,17,France
4,C,Card,5,2026-01-03 10:05,0,,
5,A,Mug,1,soon,2.50,17,France
6,A,\"Mug,1,2026-01-03 10:10,2.50,17,France
7,A,Mug,1,2026-01-03 10:15
";

pub(crate) async fn shop() -> (World, String) {
    let world = World::at(NOW).await.with_tenant("Europe/Berlin").await;
    let key = world.key(&[Scope::ImportsWrite, Scope::PointsWrite, Scope::PointsBackfill]).await;
    (world, key)
}

/// Announces a file and uploads it. The id of the import.
pub(crate) async fn uploaded(world: &World, key: &str, wanted: &Value, file: &[u8]) -> String {
    let import = world.post("/v1/imports", key, wanted).await.expect(201).json;
    put(world, &import, file).await.expect(200);
    import["id"].as_str().unwrap().to_owned()
}

/// Uploads a file to the address that an import names.
pub(crate) async fn put(world: &World, import: &Value, file: &[u8]) -> Answer {
    let upload = &import["upload"];
    assert_eq!(upload["method"], "PUT");
    let path = upload["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
    let mut put = request(Method::PUT, path, "");
    for (name, value) in upload["headers"].as_object().unwrap() {
        put = put.header(name, value.as_str().unwrap());
    }
    world.send(put.body(Body::from(file.to_vec())).unwrap()).await
}

/// Begins something with an import, lets it be done, and reads the import.
pub(crate) async fn done(world: &World, key: &str, id: &str, action: &str) -> Value {
    let path = format!("/v1/imports/{id}");
    world.post(&format!("{path}/{action}"), key, &Value::Null).await.expect(202);
    world.drain_queues().await;
    world.get(&path, key).await.expect(200).json
}

pub(crate) fn sales() -> Value {
    json!({ "kind": "sales", "file_name": "till.csv" })
}

/// Numbers and codes of the refused lines.
pub(crate) async fn refused(world: &World, key: &str, id: &str) -> Vec<(u64, String)> {
    let answer = world.get(&format!("/v1/imports/{id}/errors"), key).await.expect(200);
    let errors = answer.json["errors"].as_array().unwrap().clone();
    let error = |error: &Value| {
        assert!(!error["detail"].as_str().unwrap().is_empty());
        (error["line"].as_u64().unwrap(), error["code"].as_str().unwrap().to_owned())
    };
    errors.iter().map(error).collect()
}

#[tokio::test]
async fn a_file_is_announced_uploaded_and_found_again() {
    let (world, key) = shop().await;
    let wanted = json!({ "kind": "sales", "file_name": "till.csv", "content_encoding": "gzip" });
    let made = world.post("/v1/imports", &key, &wanted).await.expect(201).json;
    assert_eq!((&made["status"], &made["kind"]), (&json!("waiting"), &json!("sales")));
    assert_eq!(made["upload"]["headers"]["content-encoding"], "gzip");
    assert_eq!(made["upload"]["expires_at"], "2026-03-29T13:00:00Z");
    let path = format!("/v1/imports/{}", made["id"].as_str().unwrap());

    let found = world.get(&path, &key).await.expect(200).json;
    assert_eq!(put(&world, &found, b"anything").await.status, 200);
    assert_eq!(found["file_name"], "till.csv");

    world.post("/v1/imports", &key, &sales()).await.expect(201);
    let first = world.get("/v1/imports?limit=1", &key).await.expect(200).json;
    assert_eq!((&first["imports"][0]["id"], &first["next"]), (&made["id"], &made["id"]));
    let next = format!("/v1/imports?after={}", made["id"].as_str().unwrap());
    let second = world.get(&next, &key).await.expect(200).json;
    assert_eq!(second["imports"].as_array().unwrap().len(), 1);
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn a_wrong_announcement_names_the_field() {
    let (world, key) = shop().await;
    for (wanted, field) in [
        (json!({ "kind": "stock", "file_name": "a" }), "kind"),
        (json!({ "kind": "sales", "file_name": "" }), "file_name"),
        (json!({ "kind": "sales", "file_name": "a", "mapping": { "price": "P" } }), "mapping"),
        (
            json!({ "kind": "sales", "file_name": "a", "content_encoding": "br" }),
            "content_encoding",
        ),
        (
            json!({ "kind": "points", "file_name": "a", "mapping": { "tags": { "Land": "L" } } }),
            "mapping.tags.Land",
        ),
        (
            json!({ "kind": "points", "file_name": "a", "mapping": { "fixed_metric": "Visits" } }),
            "mapping",
        ),
    ] {
        let answer = world.post("/v1/imports", &key, &wanted).await.expect(422);
        assert_eq!(answer.json["field"], field, "{wanted}");
    }
    let reader = world.key(&[Scope::QueryRead]).await;
    world.post("/v1/imports", &reader, &sales()).await.expect(403);
}

#[tokio::test]
async fn a_check_tells_what_a_run_would_write_and_writes_no_point() {
    let (world, key) = shop().await;
    let id = uploaded(&world, &key, &sales(), SALES.as_bytes()).await;
    let import = done(&world, &key, &id, "check").await;
    assert_eq!((&import["status"], &import["lines_done"]), (&json!("checked"), &json!(0)));
    assert_eq!(import["bytes_done"], import["bytes_total"]);
    let counts = &import["counts"];
    assert_eq!(
        (&counts["lines"], &counts["points"], &counts["refused"]),
        (&json!(8), &json!(16), &json!(3))
    );
    assert_eq!(counts["refused_by_code"], json!({ "bad_instant": 1, "malformed": 2 }));
    assert_eq!(
        counts["sales"],
        json!({
            "sales": 3, "cancellations": 1, "adjustments": 0, "zeros": 1, "orders": 2,
            "returns": 1, "without_customer": 1, "without_description": 0,
            "revenue_minor": 1650, "refunds_minor": 250,
        })
    );
    assert_eq!(
        counts["months"],
        json!([
            { "month": "2025-12", "points": 9,
              "sums": { "orders": 1.0, "revenue": 900.0, "units": 3.0 } },
            { "month": "2026-01", "points": 7, "sums": { "orders": 1.0, "refunds": 250.0,
              "returns": 1.0, "revenue": 750.0, "units": 3.0 } },
        ])
    );
    let expected = [(7, "bad_instant"), (8, "malformed"), (9, "malformed")];
    assert_eq!(refused(&world, &key, &id).await, expected.map(|(line, code)| (line, code.into())));
    for table in ["point_head", "roll_hour", "roll_day", "series", "metric"] {
        assert_eq!(world.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }

    let again = done(&world, &key, &id, "check").await;
    assert_eq!(again["counts"], import["counts"]);
    assert_eq!(world.count("select count(*) from import_error").await, 3);
}

#[tokio::test]
async fn what_makes_no_sense_where_the_import_stands_is_refused_with_what_to_do() {
    let (world, key) = shop().await;
    let import = world.post("/v1/imports", &key, &sales()).await.expect(201).json;
    let id = import["id"].as_str().unwrap();
    let begin = async |action: &str| {
        world.post(&format!("/v1/imports/{id}/{action}"), &key, &Value::Null).await
    };
    let refusal = async |action: &str, advice: &str| {
        let answer = begin(action).await.expect(409);
        assert!(answer.json["detail"].as_str().unwrap().contains(advice), "{}", answer.text());
    };
    refusal("run", "upload it").await;
    refusal("undo", "run it first").await;
    put(&world, &import, SALES.as_bytes()).await.expect(200);
    begin("run").await.expect(202);
    refusal("run", "wait").await;
    refusal("check", "wait").await;
    world.drain_queues().await;
    refusal("run", "undo it first").await;
    refusal("check", "undo it first").await;
    assert_eq!(done(&world, &key, id, "undo").await["status"], "undone");
    refusal("undo", "run it first").await;
    assert_eq!(done(&world, &key, id, "check").await["status"], "checked");
    assert_eq!(done(&world, &key, id, "run").await["status"], "done");
}

#[tokio::test]
async fn another_tenant_sees_nothing_of_an_import() {
    let (world, key) = shop().await;
    let world = world.with_tenant("Europe/London").await;
    let other = world.key_of(&world.tenants()[1], &[Scope::ImportsWrite], 1000).await;
    let id = uploaded(&world, &key, &sales(), SALES.as_bytes()).await;
    assert_eq!(done(&world, &key, &id, "run").await["status"], "done");
    world.get(&format!("/v1/imports/{id}"), &other).await.expect(404);
    world.get(&format!("/v1/imports/{id}/errors"), &other).await.expect(404);
    for action in ["check", "run", "undo"] {
        let path = format!("/v1/imports/{id}/{action}");
        world.post(&path, &other, &Value::Null).await.expect(404);
    }
    let list = world.get("/v1/imports", &other).await.expect(200);
    assert_eq!(list.json["imports"], json!([]));
}

#[tokio::test]
async fn refused_lines_come_in_pages() {
    let (world, key) = shop().await;
    let mut file = SALES.lines().next().unwrap().to_owned();
    for _ in 0..150 {
        file.push_str("\n1,A,Mug,many,2026-01-03 10:10,2.50,17,France");
    }
    let id = uploaded(&world, &key, &sales(), file.as_bytes()).await;
    let import = done(&world, &key, &id, "check").await;
    assert_eq!(import["counts"]["refused"], 150);
    assert_eq!(world.count("select count(*) from import_error").await, 100);
    let import = done(&world, &key, &id, "run").await;
    assert_eq!((&import["status"], &import["lines_done"]), (&json!("done"), &json!(150)));
    let first = world.get(&format!("/v1/imports/{id}/errors?limit=149"), &key).await.expect(200);
    assert_eq!(first.json["next"], 150);
    let last = world.get(&format!("/v1/imports/{id}/errors?after=150"), &key).await.expect(200);
    assert_eq!(
        (last.json["errors"].as_array().unwrap().len(), &last.json["next"]),
        (1, &Value::Null)
    );
    assert_eq!(last.json["errors"][0]["line"], 151);
}

#[tokio::test]
async fn what_was_folded_and_what_was_gone_is_told() {
    let (world, key) = shop().await;
    let mut file = "metric,value,at,page\n".to_owned();
    for page in 0..10_003 {
        file.push_str(&format!("visits,1,2026-03-29 09:00,/{page}\n"));
    }
    let wanted = json!({ "kind": "points", "file_name": "visits.csv", "mapping": {
        "metric": "metric", "value": "value", "at": "at", "tags": { "page": "page" } } });
    let id = uploaded(&world, &key, &wanted, file.as_bytes()).await;
    let import = done(&world, &key, &id, "run").await;
    assert_eq!(
        (&import["counts"]["points"], &import["points_folded"]),
        (&json!(10_003), &json!(3))
    );
    let page_7 = "delete from point_head
                  where series = (select id from series where tags ->> 'page' = '/7')";
    world.sql(page_7).await;
    let undone = done(&world, &key, &id, "undo").await;
    assert_eq!((&undone["status"], &undone["points_missing"]), (&json!("undone"), &json!(1)));
    assert_eq!(world.count("select count(*) from point").await, 0);
    let again = done(&world, &key, &id, "run").await;
    assert_eq!((&again["points_folded"], &again["points_missing"]), (&json!(3), &json!(0)));
}
