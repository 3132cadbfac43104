use object_store::ObjectStoreExt as _;
use serde_json::{Map, Value, json};
use tests::World;

/// Sown before every sample: a declared metric, a month of takings in two countries, one refused
/// row, and the receipt of all this.
pub(super) async fn sow(world: &World, function: &str) {
    let key = local::sample::secret();
    let revenue = json!({ "kind": "counter", "unit": "EUR", "label": "Revenue" });
    world.put("/v1/metrics/revenue", key.reveal(), &revenue).await.expect(200);
    let mut rows = vec![json!({ "metric": "revenue", "value": "a lot" })];
    for day in 0..30 {
        let date = local::sample::NOW - jiff::SignedDuration::from_hours(24 * day);
        for (country, value) in [("DE", 10_000 + 100 * day), ("FR", 2_000 + 10 * day)] {
            let tags = json!({ "country": country });
            rows.push(json!({ "metric": "revenue", "value": value, "at": date, "tags": tags }));
            let id = format!("order:{country}:{day}");
            rows.push(
                json!({ "metric": "orders", "value": 1, "at": date, "tags": tags, "id": id }),
            );
        }
    }
    let sent = tests::client::request(http::Method::POST, "/v1/points", key.reveal())
        .header("idempotency-key", "sample-seed")
        .body(axum::body::Body::from(json!(rows).to_string()));
    world.send(sent.expect("a request")).await.expect(200);
    // The one id that chance has chosen, and samples must name.
    world.sql("update quarantine set id = '7a6e0000-0000-7000-8000-000000000003'").await;
    if let Some(sql) = for_function(function) {
        world.sql(sql).await;
    }
    if matches!(function, "imports" | "import-run") {
        for import in ["20", "21", "22", "24"] {
            let path = format!("imports/sample/{import}").into();
            let put = world.object_folder().objects().store;
            put.put(&path, crate::imports::SALES.into()).await.expect("our own folder");
        }
    }
}

/// What only the samples of one function need.
fn for_function(function: &str) -> Option<&'static str> {
    match function {
        "sweeper" => Some(
            "with announced as (insert into key_value (key, value) values ('due:outbox', ''))
             insert into outbox (tenant, queue, group_key, dedupe, body)
             values (1, 'imports', '1', 'left-behind', '{}')",
        ),
        "imports" | "import-run" => Some(
            "with made as (
                 insert into import (
                     tenant, id, mapping, file_name, object_path, status, run, latest, bytes_total,
                     lines_done, tally, created_at, changed_at
                 )
                 select 1, ('7a6e0000-0000-7000-8000-0000000000' || i.id)::uuid,
                     '{\"kind\": \"sales\", \"columns\": {}}', 'till.csv', 'imports/sample/' || i.id,
                     i.status, '7a6e0000-0000-7000-8000-000000000019', '2026-11-21T07:00:00Z', 476,
                     i.lines, i.tally::jsonb, '2026-11-21T06:59:00Z', '2026-11-21T06:59:30Z'
                 from (values
                     ('20', 'running', 0, '{}'), ('21', 'checking', 0, '{}'),
                     ('22', 'done', 8, '{\"lines\": 8, \"points\": 16, \"sales\": null,
                        \"refused\": {\"malformed\": 2, \"bad_instant\": 1}, \"months\": []}'),
                     ('23', 'waiting', 0, '{}'), ('24', 'waiting', 0, '{}'),
                     ('25', 'running', 0, '{}')
                 ) as i(id, status, lines, tally)
                 returning id
             )
             insert into import_error (tenant, import, line, code, detail)
             select 1, made.id, line, 'malformed', 'the line has 5 columns, the header has 8'
             from made, generate_series(8, 9) as line
             where made.id = '7a6e0000-0000-7000-8000-000000000022'",
        ),
        "forecast" => Some(
            "insert into forecast (tenant, id, metric, origin, made_at, model, horizon_days, body)
             select 1, gen_random_uuid(), m.id, f.origin, f.origin + time '02:30' at time zone 'UTC',
                 f.body ->> 'model', 35, f.body
             from (values
                 ('revenue', date '2026-11-20', jsonb '{
                     \"status\": \"refused\", \"reason\": \"too little data\"
                 }'),
                 ('revenue', date '2026-11-21', jsonb '{
                     \"status\": \"ready\", \"model\": \"Theta\", \"seasons\": [7],
                     \"known_days\": 70, \"fallback\": null, \"error\": {
                         \"mase\": 0.8, \"wape\": 0.06, \"mae\": 800.5, \"bias\": -12.25,
                         \"origins\": 4, \"steps\": 140
                     },
                     \"days\": [{ \"date\": \"2026-11-21\", \"value\": 12500.5, \"intervals\": [
                         { \"level\": 0.8, \"lower\": 11000, \"upper\": 14000 },
                         { \"level\": 0.95, \"lower\": 10000, \"upper\": 15000 }
                     ] }],
                     \"candidates\": [{
                         \"model\": \"MSTL with an ETS trend\", \"error\": null,
                         \"left_out\": \"it needs 14 days to be fitted, and there are 9\"
                     }]
                 }')
             ) as f(metric, origin, body)
             join metric m on m.name = f.metric",
        ),
        "forecast-batch" => Some(
            "with visits as (
                 insert into metric (
                     tenant, name, kind, unit, aggregation, gap, direction, finest, label, draft
                 )
                 values (1, 'visits', 'counter', '', 'sum', 'zero', 'up', 'day', 'Visits', false)
                 returning id
             ), everybody as (
                 insert into series (tenant, metric, tags, tags_hash)
                 select 1, id, '{}', gen_random_uuid() from visits
                 returning id
             )
             insert into roll_day (tenant, series, bucket, n, sum, min, max, last, last_at)
             select 1, e.id, d.day, 1, d.value, d.value, d.value, d.value, d.day
             from everybody e, (
                 select (date '2026-11-21' - ago)::timestamp at time zone 'Europe/Berlin' as day,
                     100 + 10 * (ago % 7) as value
                 from generate_series(1, 70) as ago
             ) d",
        ),
        "reports" | "report-planner" | "report-sender" => Some(
            "with report as (
                 insert into report (
                     tenant, id, name, items, recipients, schedule, zone, next_due_at, created_at,
                     changed_at
                 )
                 values (
                     1, '7a6e0000-0000-7000-8000-0000000000c1', 'Takings of the day',
                     '[{\"metric\": {\"metric\": \"revenue\", \"label\": null}}]',
                     '{owner@shop.example,partner@shop.example}',
                     '{\"frequency\": \"daily\", \"wall_time\": \"07:30:00\"}', 'Europe/Berlin',
                     '2026-11-21 06:30Z', '2026-11-19 12:00Z', '2026-11-19 12:00Z'
                 )
                 returning id
             ), occurrence as (
                 insert into occurrence (
                     tenant, id, report, local_date, due_at, late, test, created_at
                 )
                 select 1, '7a6e0000-0000-7000-8000-0000000000e1', id, '2026-11-20',
                     '2026-11-20 06:30Z', false, false, '2026-11-20 06:30Z'
                 from report
                 returning id
             )
             insert into delivery (tenant, id, occurrence, recipient, state, changed_at)
             select 1, d.id::uuid, o.id, d.recipient, d.state, '2026-11-20 06:31Z'
             from occurrence o, (values
                 ('7a6e0000-0000-7000-8000-0000000000d1', 'owner@shop.example', 'planned'),
                 ('7a6e0000-0000-7000-8000-0000000000d2', 'partner@shop.example', 'handed_over')
             ) as d(id, recipient, state)",
        ),
        _ => None,
    }
}

/// How many rows each table has.
pub(super) async fn rows(world: &World) -> Map<String, Value> {
    let tables = world
        .sql(
            "select c.relname::text from pg_class c
             join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
             where c.relkind in ('r', 'p') and not c.relispartition
             order by 1",
        )
        .await;
    let counts: Vec<String> = tables
        .iter()
        .map(|row| row.get::<_, String>(0))
        .map(|table| format!("select '{table}', count(*) from {table}"))
        .collect();
    let partitions = "select 'partitions', count(*) from pg_class where relispartition
                      and relkind = 'r'";
    let counted =
        world.sql(&format!("{} union all {partitions}", counts.join(" union all "))).await;
    counted.iter().map(|row| (row.get::<_, String>(0), json!(row.get::<_, i64>(1)))).collect()
}
