use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use app::{App, Deadline, Delivery, Failure, Role, Trigger};
use domain::message::ImportMessage;
use domain::tenant::Currency;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tests::World;

use crate::imports::{SALES, done, put, refused, sales, shop, uploaded};
use crate::rollups::assert_rollups_equal_points;

/// Every point of a metric: tags, instant, value.
async fn points(world: &World, metric: &str) -> Vec<String> {
    let rows = world
        .sql(&format!(
            "select s.tags::text || ' ' || to_char(p.at at time zone 'UTC', 'MM-DD HH24:MI')
                    || ' ' || p.value
             from point p
             join series s on s.id = p.series
             join metric m on m.id = s.metric
             where m.name = '{metric}'
             order by p.at, s.tags::text, p.value"
        ))
        .await;
    rows.iter().map(|row| row.get(0)).collect()
}

/// All rollups, as text: what is equal here is equal to the bit.
async fn rollups(world: &World) -> Vec<String> {
    let rows = world
        .sql(
            "select concat_ws(' ', s.tags::text, m.name, r.grain, r.bucket, r.n, r.sum, r.min,
                              r.max, r.last, r.last_at)
             from (select 'hour' as grain, * from roll_hour
                   union all select 'day', * from roll_day) r
             join series s on s.id = r.series
             join metric m on m.id = s.metric
             order by 1",
        )
        .await;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Hands a message to the consumer, without a queue between.
async fn deliver(world: &World, id: &str, time_left: Duration) -> Result<(), Failure> {
    let function = local::functions::all().into_iter().find(|each| each.name == "import-run");
    let Trigger::Queue(_, consumer) = function.unwrap().trigger else { unreachable!() };
    let tenant = world.tenant().number;
    let message = ImportMessage::Proceed { tenant, import: id.parse().unwrap() };
    let body = serde_json::to_string(&message).unwrap();
    let app: App = world.app(Role::App);
    consumer(app, Delivery { body, attempt: 1, deadline: Deadline::within(time_left) }).await
}

async fn import(world: &World, key: &str, id: &str) -> Value {
    world.get(&format!("/v1/imports/{id}"), key).await.expect(200).json
}

async fn begin(world: &World, key: &str, id: &str, action: &str) {
    world.post(&format!("/v1/imports/{id}/{action}"), key, &Value::Null).await.expect(202);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// A sales file of so many lines, some of them refused, two a minute from 2025-06-01 on.
fn long_file(lines: u32) -> String {
    let mut file = SALES.lines().next().unwrap().to_owned();
    for line in 0..lines {
        let (day, minute) = (1 + line / 2880, line / 2 % 1440);
        let price = if line % 1000 == 999 { "free" } else { "2.50" };
        let _ = write!(
            file,
            "\n{},SKU{},Mug,{},2025-06-{day:02} {:02}:{:02},{price},17,{}",
            line / 3,
            line % 50,
            1 + line % 4,
            minute / 60,
            minute % 60,
            ["France", "Germany", "Spain"][line as usize % 3],
        );
    }
    file
}

#[tokio::test]
async fn a_sales_file_becomes_points_and_rollups_and_its_refused_lines_are_listed() {
    let (world, key) = shop().await;
    let id = uploaded(&world, &key, &sales(), &gzip(SALES.as_bytes())).await;
    let import = done(&world, &key, &id, "run").await;
    assert_eq!((&import["status"], &import["lines_done"]), (&json!("done"), &json!(8)));
    assert_eq!(import["counts"]["points"], 16);
    assert_eq!(
        points(&world, "revenue").await,
        [
            r#"{"country": "France"} 12-31 22:30 400"#,
            r#"{"country": "France"} 12-31 22:30 500"#,
            r#"{"country": "Germany"} 01-02 08:15 750"#,
        ]
    );
    assert_eq!(points(&world, "refunds").await, [r#"{"country": "France"} 01-03 09:00 250"#]);
    assert_eq!(points(&world, "orders").await.len(), 2);
    assert_eq!(points(&world, "product_units").await.len(), 3);
    let expected = [(7, "bad_instant"), (8, "malformed"), (9, "malformed")];
    assert_eq!(refused(&world, &key, &id).await, expected.map(|(line, code)| (line, code.into())));
    assert_rollups_equal_points(&world).await;
    // Products have days only, all else has hours too.
    assert_eq!(
        world
            .count(
                "select count(*) from roll_hour r join series s on s.id = r.series
             join metric m on m.id = s.metric where m.name like 'product%'",
            )
            .await,
        0
    );
    let declared = world.sql("select name, unit, draft from metric order by name").await;
    assert_eq!(declared.len(), 7);
    assert!(declared.iter().all(|metric| !metric.get::<_, bool>(2)));
}

#[tokio::test]
async fn measurements_become_points_of_drafts_or_of_metrics_that_are_declared() {
    let (world, key) = shop().await;
    world
        .post("/v1/points", &key, &json!([{ "metric": "takings", "value": 1, "unit": "EUR" }]))
        .await
        .expect(200);
    let file = "what;how much;when;where\n\
                visits;3;2026-01-02 09:00;DE\ntakings;12.50;2026-01-02 09:00;\n\
                takings;12.505;2026-01-02 09:00;DE\nvisits;4;2027-01-02 09:00;DE\n";
    let wanted = json!({ "kind": "points", "file_name": "visits.csv", "mapping": {
        "metric": "what", "value": "how much", "at": "when", "tags": { "country": "where" } } });
    let id = uploaded(&world, &key, &wanted, file.as_bytes()).await;
    let checked = done(&world, &key, &id, "check").await;
    assert_eq!(checked["counts"]["points"], 2);
    let import = done(&world, &key, &id, "run").await;
    assert_eq!((&import["status"], &import["counts"]), (&json!("done"), &checked["counts"]));
    let expected = [(4, "minor_units"), (5, "at_future")];
    assert_eq!(refused(&world, &key, &id).await, expected.map(|(line, code)| (line, code.into())));
    assert_eq!(points(&world, "visits").await, [r#"{"country": "DE"} 01-02 08:00 3"#]);
    assert_eq!(points(&world, "takings").await[0], "{} 01-02 08:00 1250");
    assert_rollups_equal_points(&world).await;

    let other = json!({ "kind": "points", "file_name": "visits.csv", "mapping": {
        "metric": "what", "value": "how much", "at": "when", "kind": "gauge" } });
    let id = uploaded(&world, &key, &other, file.as_bytes()).await;
    let import = done(&world, &key, &id, "run").await;
    assert_eq!(import["status"], "failed");
    assert!(import["problem"].as_str().unwrap().contains("`visits`"), "{import}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_fails_with_the_reason() {
    let (world, key) = shop().await;
    let mut broken = gzip(long_file(2000).as_bytes());
    broken.truncate(broken.len() / 2);
    for (file, reason) in [
        (b"Invoice,Price\n1,2\n".to_vec(), "no column `InvoiceNo`"),
        (b"Invoice,Price\n1,2\n".to_vec(), "its columns are `Invoice`, `Price`"),
        (b"".to_vec(), "empty"),
        (b"PK\x03\x04 and so on".to_vec(), "save the sheet as CSV"),
        (broken, "gzip"),
        (b"\x1f\x8b no gzip at all".to_vec(), "gzip"),
    ] {
        let id = uploaded(&world, &key, &sales(), &file).await;
        let import = done(&world, &key, &id, "run").await;
        assert_eq!(import["status"], "failed", "{reason}");
        assert!(import["problem"].as_str().unwrap().contains(reason), "{reason}: {import}");
    }
    // The fault can be mended: nothing was written, so another file may come.
    let import = world.post("/v1/imports", &key, &sales()).await.expect(201).json;
    put(&world, &import, b"Invoice\n1\n").await.expect(200);
    let id = import["id"].as_str().unwrap();
    assert_eq!(done(&world, &key, id, "run").await["status"], "failed");
    put(&world, &import, SALES.as_bytes()).await.expect(200);
    assert_eq!(done(&world, &key, id, "run").await["status"], "done");
}

#[tokio::test]
async fn a_metric_with_points_of_another_kind_fails_the_import_by_name() {
    let (world, key) = shop().await;
    let stock = json!([{ "metric": "units", "value": 1, "kind": "gauge" }]);
    world.post("/v1/points", &key, &stock).await.expect(200);
    let id = uploaded(&world, &key, &sales(), SALES.as_bytes()).await;
    let import = done(&world, &key, &id, "run").await;
    assert_eq!(import["status"], "failed");
    assert!(import["problem"].as_str().unwrap().contains("`units`"), "{import}");
    assert!(points(&world, "revenue").await.is_empty());
}

#[tokio::test]
async fn a_delivery_without_time_does_one_chunk_and_sends_for_the_next() {
    let (world, key) = shop().await;
    let id = uploaded(&world, &key, &sales(), long_file(50_000).as_bytes()).await;
    begin(&world, &key, &id, "run").await;
    deliver(&world, &id, Duration::ZERO).await.unwrap();
    let first = import(&world, &key, &id).await;
    assert_eq!((&first["status"], &first["lines_done"]), (&json!("running"), &json!(20_000)));
    assert_eq!(first["counts"]["lines"], 20_000);
    for expected in [40_000, 50_000, 50_000] {
        deliver(&world, &id, Duration::ZERO).await.unwrap();
        assert_eq!(import(&world, &key, &id).await["lines_done"], expected);
    }
    let last = import(&world, &key, &id).await;
    assert_eq!((&last["status"], &last["counts"]["orders"]), (&json!("done"), &Value::Null));
    assert_eq!(last["counts"]["refused"], 50);
    assert_eq!(world.count("select count(*) from import_error").await, 50);
    assert_eq!(points(&world, "revenue").await.len(), 49_950);
    // What it sent for itself, and the first message, find nothing left to do.
    assert_eq!(world.drain_queues().await, 3);
    assert_eq!(points(&world, "revenue").await.len(), 49_950);
    assert_rollups_equal_points(&world).await;
}

#[tokio::test]
async fn two_workers_on_one_import_write_no_line_twice() {
    let (world, key) = shop().await;
    let id = uploaded(&world, &key, &sales(), long_file(70_000).as_bytes()).await;
    begin(&world, &key, &id, "run").await;
    let minute = Duration::from_secs(60);
    let (one, other, third) = tokio::join!(
        deliver(&world, &id, minute),
        deliver(&world, &id, minute),
        deliver(&world, &id, minute)
    );
    for answer in [one, other, third] {
        answer.unwrap();
    }
    assert_eq!(import(&world, &key, &id).await["status"], "done");
    assert_eq!(points(&world, "revenue").await.len(), 69_930);
    assert_rollups_equal_points(&world).await;

    begin(&world, &key, &id, "undo").await;
    let (one, other) = tokio::join!(deliver(&world, &id, minute), deliver(&world, &id, minute));
    one.unwrap();
    other.unwrap();
    assert_eq!(import(&world, &key, &id).await["status"], "undone");
    assert_eq!(world.count("select count(*) from point").await, 0);
}

#[tokio::test]
async fn undoing_leaves_what_was_there_before_to_the_bit() {
    let (world, key) = shop().await;
    let own: Vec<Value> = (0..500)
        .map(|minute| {
            json!({ "metric": "revenue", "value": 250 + minute % 3, "unit": "EUR",
                    "tags": { "country": "France" },
                    "at": format!("2025-06-02T{:02}:{:02}:30Z", minute / 60, minute % 60) })
        })
        .collect();
    world.post("/v1/points?backfill=true", &key, &json!(own)).await.expect(200);
    let mut same = vec![json!({ "metric": "revenue", "value": 250, "unit": "EUR",
        "tags": { "country": "France" }, "at": "2025-06-01T00:00:00+02:00" })];
    same.push(same[0].clone());
    world.post("/v1/points?backfill=true", &key, &json!(same)).await.expect(200);
    let before = (points(&world, "revenue").await, rollups(&world).await);

    let id = uploaded(&world, &key, &sales(), long_file(12_000).as_bytes()).await;
    assert_eq!(done(&world, &key, &id, "run").await["status"], "done");
    assert_ne!(rollups(&world).await, before.1);
    begin(&world, &key, &id, "undo").await;
    for expected in [5_000, 10_000] {
        deliver(&world, &id, Duration::ZERO).await.unwrap();
        assert_eq!(import(&world, &key, &id).await["lines_undone"], expected);
        assert_rollups_equal_points(&world).await;
    }
    world.drain_queues().await;
    assert_eq!(import(&world, &key, &id).await["status"], "undone");
    assert_eq!((points(&world, "revenue").await, rollups(&world).await), before);
}

#[tokio::test]
async fn days_that_were_packed_since_can_be_undone() {
    let (world, key) = shop().await;
    let id = uploaded(&world, &key, &sales(), long_file(3_000).as_bytes()).await;
    assert_eq!(done(&world, &key, &id, "run").await["status"], "done");
    world.tick("keeper").await;
    assert!(world.count("select count(*) from point_block").await > 0);
    assert_eq!(done(&world, &key, &id, "undo").await["status"], "undone");
    for table in ["point_head", "point_block", "roll_hour", "roll_day"] {
        assert_eq!(world.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn another_upload_in_the_middle_of_the_work_is_noticed() {
    let (world, key) = shop().await;
    let made = world.post("/v1/imports", &key, &sales()).await.expect(201).json;
    let id = made["id"].as_str().unwrap();
    put(&world, &made, long_file(30_000).as_bytes()).await.expect(200);
    begin(&world, &key, id, "run").await;
    deliver(&world, id, Duration::ZERO).await.unwrap();
    put(&world, &made, long_file(31_000).as_bytes()).await.expect(200);
    world.drain_queues().await;
    let failed = import(&world, &key, id).await;
    assert_eq!((&failed["status"], &failed["lines_done"]), (&json!("failed"), &json!(20_000)));
    assert!(failed["problem"].as_str().unwrap().contains("replaced"), "{failed}");
}

#[tokio::test]
async fn a_message_that_nobody_can_serve_is_a_dead_letter() {
    let (world, _key) = shop().await;
    let nothing = deliver(&world, "7a6e0000-0000-7000-8000-000000000009", Duration::ZERO).await;
    assert!(matches!(nothing, Err(Failure::Discard(_))), "{nothing:?}");
}

#[tokio::test]
async fn the_real_shops_year_is_imported_to_the_penny() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data/online-retail/online-retail.csv.gz");
    let file = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{} is needed: {error}", path.display()));
    let world = World::at("2011-12-10T00:00:00Z")
        .await
        .with_tenant_like("Europe/London", |tenant| {
            tenant.currency = Currency::try_from("GBP".to_owned()).unwrap();
        })
        .await;
    let key = world.key(&[domain::access::Scope::ImportsWrite]).await;
    let id = uploaded(&world, &key, &sales(), &file).await;
    let import = done(&world, &key, &id, "run").await;
    assert_eq!((&import["status"], &import["lines_done"]), (&json!("done"), &json!(541_909)));
    assert_eq!(import["counts"]["refused"], 0);
    let rows = world
        .sql(
            "select to_char(r.bucket at time zone 'Europe/London', 'YYYY-MM'),
                    (sum(r.sum) filter (where m.name = 'revenue')
                     - sum(r.sum) filter (where m.name = 'refunds'))::bigint
             from roll_day r
             join series s on s.id = r.series
             join metric m on m.id = s.metric
             where m.name in ('revenue', 'refunds')
             group by 1 order by 1",
        )
        .await;
    let months: Vec<(String, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(months, crate::sales_file::MONTHS.map(|(month, minor)| (month.to_owned(), minor)));
    let sold: Vec<i64> = world
        .sql(
            "select sum(r.sum)::bigint from roll_day r join series s on s.id = r.series
             join metric m on m.id = s.metric
             where m.name in ('orders', 'returns') group by m.name order by m.name",
        )
        .await
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(sold, [19_960, 3_836]);
}
