use std::fmt::Write as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::serve::ListenerExt as _;
use domain::access::Scope;
use futures_util::future::join_all;
use tests::World;
use tests::connection::Connection;
use tokio::net::TcpListener;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use crate::latency::{at_a_rate, connections};
use crate::table::Table;

const POINTS: usize = 1_000_000;
/// Points of one run of ingest.
const RUN: usize = 400_000;
const BATCH: usize = 1_000;
const CLIENTS: usize = 16;

/// How the points of a batch lie.
#[derive(Clone, Copy)]
struct Shape {
    series: usize,
    ids: bool,
    batch: usize,
}

pub(crate) async fn run() -> Table {
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    let key = world.key(&[Scope::PointsWrite, Scope::PointsBackfill]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    let server = axum_serve(&world, listener);
    let mut table = Table::default();
    let work = async {
        let plain = Shape { series: 50, ids: false, batch: BATCH };
        // First, so that the disk is not still at work on what the great batches left to it.
        let small = Shape { batch: 50, ..plain };
        let peak = ingest(address, &key, small, "calls of 50 points").await;
        table.row("ingest in calls of 50 points", rate(peak), String::new(), "");
        calls(address, &key, peak, &mut table).await;
        let copy = raw_copy(&world).await;
        table.row("raw COPY BINARY, 1 M points", rate(copy), String::new(), "");
        for (what, shape, goal) in [
            ("ingest, 50 series", plain, ">= 0.25 and > 100,000/s"),
            ("ingest, 50 series, with ids", Shape { ids: true, ..plain }, ""),
            ("ingest, 1,000 series in every batch", Shape { series: 1_000, ..plain }, ""),
        ] {
            let measured = ingest(address, &key, shape, what).await;
            table.row(what, rate(measured), format!("{:.3}", measured / copy), goal);
        }
        size(&world, &mut table).await;
    };
    tokio::select! {
        () = work => {}
        () = server => unreachable!("the server runs until the work is done"),
    }
    table
}

async fn axum_serve(world: &World, listener: TcpListener) {
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, world.host().router()).await.expect("it serves");
}

/// The yardstick: a million such points straight into such a table, without any index.
async fn raw_copy(world: &World) -> f64 {
    let mut rates = Vec::new();
    for _ in 0..3 {
        world.sql("drop table if exists yardstick").await;
        world
            .sql("create table yardstick (tenant int, series int, at timestamptz, value float8)")
            .await;
        let client =
            store::connect(&local::postgres::options_of(world.database_url(app::Role::Owner)))
                .await
                .expect("our own server");
        let first = app::Clock::System.now();
        let started = Instant::now();
        let sink = client.copy_in("copy yardstick from stdin binary").await.expect("COPY starts");
        let types = [Type::INT4, Type::INT4, Type::TIMESTAMPTZ, Type::FLOAT8];
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for n in 0..POINTS {
            let at = first + Duration::from_millis(n as u64 / 50);
            let row: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                [&1_i32, &((n % 50) as i32), &at, &(n as f64)];
            writer.as_mut().write(&row).await.expect("a row");
        }
        writer.as_mut().finish().await.expect("COPY ends");
        rates.push(POINTS as f64 / started.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    rates[1]
}

/// Sends points from a few clients, each batch in time order, and answers points/s:
/// the median of three runs.
async fn ingest(address: SocketAddr, key: &str, shape: Shape, what: &str) -> f64 {
    let mut rates = Vec::new();
    for run in 0..3 {
        let batches: Vec<Vec<u8>> =
            (0..RUN / shape.batch).map(|n| body(shape, n, run, what)).collect();
        let batches = Arc::new(batches);
        send_all(address, key, &batches[..CLIENTS * 2]).await;
        let started = Instant::now();
        send_all(address, key, &batches[CLIENTS * 2..]).await;
        let points = (batches.len() - CLIENTS * 2) * shape.batch;
        rates.push(points as f64 / started.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    rates[1]
}

async fn send_all(address: SocketAddr, key: &str, batches: &[Vec<u8>]) {
    let next = AtomicUsize::new(0);
    let clients = (0..CLIENTS).map(|_| async {
        let mut connection = Connection::open(address).await.expect("it listens");
        while let Some(body) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (status, answer) =
                connection.post("/v1/points?backfill=true", key, body).await.expect("an answer");
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        }
    });
    join_all(clients).await;
}

/// Points a minute apart in every series, ending about now, series by series at each minute.
fn body(shape: Shape, batch: usize, run: usize, what: &str) -> Vec<u8> {
    let metric = format!("bench_{}_{}", what.len(), run);
    let minutes = RUN / shape.series;
    let first = app::Clock::System.now() - Duration::from_secs(minutes as u64 * 60);
    let mut text = String::with_capacity(shape.batch * 110);
    text.push('[');
    for n in batch * shape.batch..(batch + 1) * shape.batch {
        let at = first + Duration::from_secs((n / shape.series) as u64 * 60);
        let series = n % shape.series;
        let comma = if n % shape.batch == 0 { "" } else { "," };
        let id = if shape.ids { format!(",\"id\":\"{run}:{n}\"") } else { String::new() };
        let _ = write!(
            text,
            "{comma}{{\"metric\":\"{metric}\",\"value\":{n},\"at\":\"{at}\",\
             \"tags\":{{\"shop\":\"{series}\"}}{id}}}"
        );
    }
    text.push(']');
    text.into_bytes()
}

/// Calls of 50 points at half the peak rate, in an open loop: a late answer delays no other call.
async fn calls(address: SocketAddr, key: &str, peak: f64, table: &mut Table) {
    const CALLS: usize = 4_000;
    let shape = Shape { series: 50, ids: false, batch: 50 };
    let bodies: Vec<Vec<u8>> = (0..CALLS).map(|n| body(shape, n, 9, "calls of 50")).collect();
    let clients = connections(address, 64).await;
    let call = async |connection: &mut Connection, n: usize| {
        let answer = connection.post("/v1/points?backfill=true", key, &bodies[n]).await;
        assert_eq!(answer.expect("an answer").0, 200);
    };
    let latency = at_a_rate(clients, (CALLS, peak / 2.0 / 50.0), call).await;
    let what = format!("a call of 50 points at half the peak ({:.0} calls/s)", peak / 100.0);
    table.row(&what, latency.to_string(), String::new(), "p99 <= 20 ms");
}

/// Bytes that a packed point takes on disk, its index included, rollups apart.
async fn size(world: &World, table: &mut Table) {
    let later = app::Clock::System.now() + Duration::from_secs(30 * 24 * 3600);
    let host = world.app(app::Role::Owner);
    for week in store::keeping::weeks(&host.db).await.expect("weeks") {
        for day in 0..7 {
            let day = week.monday.saturating_add(jiff::ToSpan::days(day));
            if day < later.to_zoned(jiff::tz::TimeZone::UTC).date() {
                store::keeping::pack(&host.db, day).await.expect("a day is packed");
            }
        }
        store::keeping::empty(&host.db, &week).await.expect("a week is emptied");
    }
    world.sql("vacuum full point_block").await;
    let bytes = world.count("select pg_total_relation_size('point_block')").await;
    let points = world.count("select sum(n)::bigint from point_block").await;
    let figure = format!("{:.1} bytes", bytes as f64 / points as f64);
    table.row("a packed point on disk", figure, String::new(), "<= 20");
}

fn rate(per_second: f64) -> String {
    format!("{per_second:.0} points/s")
}
