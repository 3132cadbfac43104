use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use app::Role;
use domain::access::Scope;
use serde_json::{Value, json};
use tests::World;
use tests::connection::Connection;
use tokio::net::TcpListener;

use crate::latency::Latency;
use crate::table::Table;

const NOW: &str = "2026-11-21T11:30:00Z";
const SERIES: usize = 1_000;
const DAYS: usize = 800;
/// The shop is open for so many hours a day.
const HOURS: usize = 12;
const CALLS: usize = 300;
const YARDSTICK_S: u32 = 4;

/// A question, and the SQL that a person would write for it.
struct Case {
    name: &'static str,
    question: Value,
    sql: &'static str,
}

/// Asks the same over 1, 10 and 50 million points, each beside its SQL in the same database.
pub(crate) async fn run() -> Table {
    let mut table = Table::default();
    let cases = cases();
    let mut medians = vec![Vec::new(); cases.len()];
    for millions in [1, 10, 50] {
        let world = World::at(NOW).await.with_tenant("Europe/Berlin").await;
        fill(&world, millions).await;
        let key = world.key(&[Scope::QueryRead]).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let measure = async {
            for (case, medians) in cases.iter().zip(&mut medians) {
                let ours = ask(address, &key, &case.question).await;
                let sql = pgbench(&world, case.sql, Role::App);
                medians.push(ours.p50);
                table.row(
                    &format!("{}, {millions} M points", case.name),
                    format!("{ours:.2}"),
                    sql.map_or_else(
                        || "pgbench is not on the PATH".to_owned(),
                        |sql| format!("{:.2} (SQL: p50 {:.2} ms)", ours.p50 / sql.p50, sql.p50),
                    ),
                    "<= 1.5",
                );
            }
        };
        let server = async { axum::serve(listener, world.host().router()).await };
        tokio::select! {
            () = measure => {}
            _ = server => unreachable!("the server runs until the work is done"),
        }
    }
    for (case, medians) in cases.iter().zip(&medians) {
        let greatest = medians.iter().copied().fold(0.0, f64::max);
        let spread = greatest / medians.iter().copied().fold(f64::INFINITY, f64::min);
        let what = format!("{}, slowest by fastest size", case.name);
        table.row(&what, format!("{spread:.2}"), String::new(), "<= 1.3");
    }
    table
}

fn cases() -> [Case; 3] {
    let one = json!({ "tag": "product", "eq": "p7" });
    [
        Case {
            name: "30 days by hour of one series",
            question: json!({
                "metric": "sales", "range": { "preset": "30d" }, "grain": "hour", "filter": one,
            }),
            sql: "select r.bucket, r.sum from series s join roll_hour r on r.series = s.id
                  where s.tenant = 1 and s.metric = 1 and s.tags ->> 'product' = 'p7'
                    and r.tenant = 1 and r.bucket >= '2026-10-22 00:00 Europe/Berlin'
                    and r.bucket < '2026-11-21 00:00 Europe/Berlin'
                  order by r.bucket",
        },
        Case {
            name: "13 months by day, compared",
            question: json!({
                "metric": "sales", "range": { "from": "2025-10-01", "to": "2026-11-01" },
                "grain": "day", "filter": one, "compare": "year",
            }),
            sql: "select r.bucket, r.sum from series s join roll_day r on r.series = s.id
                  where s.tenant = 1 and s.metric = 1 and s.tags ->> 'product' = 'p7'
                    and r.tenant = 1
                    and (r.bucket >= '2025-10-01 00:00 Europe/Berlin'
                         and r.bucket < '2026-11-01 00:00 Europe/Berlin'
                         or r.bucket >= '2024-10-01 00:00 Europe/Berlin'
                         and r.bucket < '2025-11-01 00:00 Europe/Berlin')
                  order by r.bucket",
        },
        Case {
            name: "top 10 of a tag over 30 days",
            question: json!({
                "metric": "sales", "range": { "preset": "30d" }, "group_by": { "tag": "shop" },
            }),
            sql: "select s.tags ->> 'shop' as shop, sum(d.sum)
                  from (
                      select r.series, sum(r.sum) as sum from roll_day r
                      where r.tenant = 1 and r.bucket >= '2026-10-22 00:00 Europe/Berlin'
                        and r.bucket < '2026-11-21 00:00 Europe/Berlin'
                      group by r.series
                  ) d
                  join series s on s.id = d.series
                  where s.tenant = 1 and s.metric = 1
                  group by 1 order by 2 desc limit 10",
        },
    ]
}

async fn make_series(world: &World) {
    world
        .sql(
            "insert into metric (
                 tenant, name, kind, unit, aggregation, gap, direction, finest, label, draft
             )
             values (1, 'sales', 'counter', 'EUR', 'sum', 'zero', 'up', 'hour', 'Sales', false)",
        )
        .await;
    world
        .sql(&format!(
            "insert into series (tenant, metric, tags, tags_hash)
             select 1, 1, jsonb_build_object('product', 'p' || n, 'shop', 's' || n % 50),
                 gen_random_uuid()
             from generate_series(1, {SERIES}) as n"
        ))
        .await;
    world
        .sql(
            "insert into series_tag
             select s.tenant, s.metric, t.key, t.value, s.id
             from series s, jsonb_each_text(s.tags) t",
        )
        .await;
}

/// Points and rollups as if they had arrived day by day, all series together.
async fn fill(world: &World, millions: usize) {
    make_series(world).await;
    let per_day = format!("{millions}000000.0 / {}", SERIES * DAYS);
    let days = format!(
        "select d as ordinal, date '2026-11-20' - {DAYS} + d as day,
             (floor(d * {per_day}) - floor((d - 1) * {per_day}))::int as n
         from generate_series(1, {DAYS}) as d"
    );
    world
        .sql(&format!(
            "insert into point_block
             select 1, s, d.day, d.n, p.offsets_ms, p.values
             from ({days}) d
             cross join lateral (
                 select array_agg((28800 + i * 43200 / d.n) * 1000 order by i) as offsets_ms,
                     array_agg((i * 37 % 1000)::float8 order by i) as values
                 from generate_series(0, d.n - 1) as i
             ) p
             cross join generate_series(1, {SERIES}) as s
             where d.n > 0"
        ))
        .await;
    world.sql("alter table roll_hour drop constraint roll_hour_pkey").await;
    world.sql("alter table roll_day drop constraint roll_day_pkey").await;
    world
        .sql(&format!(
            "insert into roll_hour
             select 1, s, h.bucket, h.n, h.n * (1 + s * 7919 % 1000), 1, 1000, 500, h.bucket
             from (
                 select (d.day + time '08:00' + i % {HOURS} * interval '1 hour')
                     at time zone 'UTC' as bucket, count(*) as n
                 from ({days}) d, generate_series(0, d.n - 1) as i
                 group by 1
                 order by 1
             ) h
             cross join generate_series(1, {SERIES}) as s"
        ))
        .await;
    world
        .sql(&format!(
            "insert into roll_day
             select 1, s, d.day::timestamp at time zone 'Europe/Berlin', d.n,
                 d.n * (1 + s * 7919 % 1000), 1, 1000, 500, d.day::timestamp at time zone 'UTC'
             from ({days}) d
             cross join generate_series(1, {SERIES}) as s
             where d.n > 0"
        ))
        .await;
    world.sql("alter table roll_hour add primary key (series, bucket)").await;
    world.sql("alter table roll_day add primary key (series, bucket)").await;
    world.sql("vacuum analyze").await;
}

/// Asks again and again through one connection.
async fn ask(address: SocketAddr, key: &str, question: &Value) -> Latency {
    let body = json!({ "queries": { "q": question } }).to_string();
    let mut connection = Connection::open(address).await.expect("it listens");
    let mut latencies = Vec::new();
    for call in 0..CALLS + 20 {
        let started = Instant::now();
        let answer = connection.post("/v1/query", key, body.as_bytes()).await;
        let (status, answer) = answer.expect("an answer");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        if call >= 20 {
            latencies.push(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    Latency::of(latencies)
}

/// Runs a statement as the app does, in a transaction of its tenant and in one round trip.
pub(crate) fn pgbench(world: &World, sql: &str, role: Role) -> Option<Latency> {
    let folder = std::env::temp_dir().join(format!("takings-pgbench-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the log");
    let one_line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let script = folder.join("script.sql");
    let text = format!(
        "\\startpipeline\nbegin;\nselect set_config('app.tenant', '1', true);\n{one_line};\n\
         commit;\n\\endpipeline\n"
    );
    fs::write(&script, text).expect("the script is written");
    let ran = Command::new("pgbench")
        .current_dir(&folder)
        .args(["--no-vacuum", "--protocol=extended", "--log", "--log-prefix=times"])
        .arg(format!("--time={YARDSTICK_S}"))
        .arg("--file")
        .arg(&script)
        .arg(world.database_url(role))
        .output();
    let latencies = ran.ok().map(|ran| {
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        Latency::of(times(&folder))
    });
    fs::remove_dir_all(&folder).expect("the folder is ours");
    latencies
}

/// The third column of pgbench's log: microseconds.
fn times(folder: &Path) -> Vec<f64> {
    let files = fs::read_dir(folder).expect("our own folder").filter_map(Result::ok);
    let logs = files.filter(|file| file.file_name().to_string_lossy().starts_with("times."));
    logs.flat_map(|log| {
        let text = fs::read_to_string(log.path()).expect("a log");
        let third = |line: &str| line.split(' ').nth(2)?.parse::<f64>().ok();
        text.lines().filter_map(third).map(|micros| micros / 1e3).collect::<Vec<f64>>()
    })
    .collect()
}
