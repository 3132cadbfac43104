use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use app::{Clock, Role, config, step, trace};
use domain::access::Scope;
use jiff::civil::date;
use local::command_line::Options;
use local::generator;
use local::site::Site;
use serde_json::{Value, json};
use tests::World;
use tests::connection::Connection;
use tokio::runtime::Builder;

use crate::carrier_settle::{Dock, NUMBER};
use crate::carrier_webhook::{Carrier, notice};

/// Serves until it is killed, where the tests below started it; else there is nothing to do.
#[test]
fn a_victim_serves_in_a_process_of_its_own() {
    let Some(data) = config::read("VICTIM_DATA") else { return };
    if let Some((step, visit)) =
        config::read("VICTIM_DIES_AT").as_deref().and_then(|at| at.split_once('*'))
    {
        step::arm(step, visit.parse().unwrap());
    }
    trace::init(trace::Format::Text, trace::Level::ERROR);
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = Options {
            port: None,
            address: config::read("VICTIM_ADDRESS").unwrap().parse().unwrap(),
            data: Some(data.into()),
        };
        let site = Site::open(&options).await.unwrap();
        let host = site.host(Clock::System).unwrap();
        local::terminal::note(&format!("victim at {}", site.public_url()));
        site.serve(&host).await.unwrap();
    });
}

pub(crate) struct Victim {
    process: Child,
    pub(crate) address: SocketAddr,
    /// What failed in it, as its log says.
    failures: Arc<Mutex<Vec<String>>>,
}

impl Victim {
    fn start(world: &World, folder: &Path, dies_at: &str) -> Self {
        Self::start_with(world, folder, dies_at, &[])
    }

    pub(crate) fn start_with(
        world: &World,
        folder: &Path,
        dies_at: &str,
        environment: &[(&str, &str)],
    ) -> Self {
        let ip = address_of_its_own();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "kill::a_victim_serves_in_a_process_of_its_own"])
            .env("DATABASE_URL", world.database_url(Role::Owner))
            .env("VICTIM_DATA", folder)
            .env("VICTIM_DIES_AT", dies_at)
            .env("VICTIM_ADDRESS", ip.to_string())
            .env("RUST_LOG", "error")
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines
            .find_map(|line| {
                Some(line.ok()?.split_once("victim at http://localhost:")?.1.to_owned())
            })
            .expect("the victim serves");
        let address = SocketAddr::from((ip, address.trim().parse().unwrap()));
        let failures = Arc::new(Mutex::new(vec![]));
        let kept = failures.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok).filter(|line| line.contains("failed")) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { process, address, failures }
    }

    pub(crate) fn kill(&mut self) {
        let _dead_already = self.process.kill();
        let _waited = self.process.wait();
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap().clone()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").arg(format!("-{name}")).arg(pid).status().unwrap();
        assert!(sent.success());
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, head: &str, body: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
        Connection::open(self.address).await?.send(head, body).await
    }

    pub(crate) fn is_dead(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What is meant for one that is dead is not to reach another, of another shop, that was given its
/// port: it had an address of its own, where that is to be had.
fn address_of_its_own() -> Ipv4Addr {
    static STARTED: AtomicU8 = AtomicU8::new(0);
    let [.., high, low] = std::process::id().to_be_bytes();
    let started = STARTED.fetch_add(1, Ordering::Relaxed);
    if cfg!(target_os = "linux") {
        Ipv4Addr::new(127, high | 0x80, low, started)
    } else {
        Ipv4Addr::LOCALHOST
    }
}

pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("takings-kill-{}-{name}", std::process::id()));
    let _absent = fs::remove_dir_all(&folder);
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_killed_at_every_step_loses_nothing_and_counts_nothing_twice() {
    for step in step::ALL.iter().filter(|step| step.starts_with("ingest.")) {
        for visit in [2, 7, 19] {
            ingest_through_deaths(&format!("{step}*{visit}"), None).await;
        }
    }
    for seed in [1_u64, 2, 3] {
        ingest_through_deaths("", Some(seed)).await;
    }
}

/// Sends 30 batches, each until it is acknowledged, to a server that dies at a step, or from
/// time to time.
async fn ingest_through_deaths(dies_at: &str, seed: Option<u64>) {
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    let key = world.key(&[Scope::PointsWrite]).await;
    let folder = folder(&format!("ingest-{}-{}", dies_at.replace('*', "-"), seed.unwrap_or(0)));
    let mut victim = Victim::start(&world, &folder, dies_at);
    let mut deaths = 0;
    for batch in 0..30_u64 {
        let rows: Vec<Value> = (0..20)
            .map(|n| {
                json!({ "metric": "m", "value": 1 << (batch % 8), "tags": { "n": n.to_string() },
                        "id": if batch % 2 == 0 { Some(format!("{batch}:{n}")) } else { None } })
            })
            .collect();
        let body = json!(rows).to_string();
        let head = format!(
            "POST /v1/points HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\nidempotency-key: batch-{batch}\r\n"
        );
        let doomed = seed.is_some_and(|seed| (batch + seed) % 7 == 0);
        let mut shots = u32::from(doomed);
        loop {
            let pause = Duration::from_micros((batch * 977 + seed.unwrap_or(0) * 331) % 6_000);
            let sending = async {
                let mut connection = Connection::open(victim.address).await?;
                connection.send(&head, body.as_bytes()).await
            };
            let answer = if shots > 0 {
                shots -= 1;
                tokio::select! {
                    answer = sending => answer,
                    () = tokio::time::sleep(pause) => Err(std::io::ErrorKind::TimedOut.into()),
                }
            } else {
                sending.await
            };
            match answer {
                Ok((200, _reply)) => break,
                Ok((status, reply)) => {
                    panic!("{dies_at}: {status} {}", String::from_utf8_lossy(&reply))
                }
                Err(_died) => {
                    deaths += 1;
                    drop(victim);
                    victim = Victim::start(&world, &folder, "");
                }
            }
        }
    }
    assert!(deaths > 0, "{dies_at} was never reached");
    let expected: i64 = (0..30).map(|batch| 20 * (1_i64 << (batch % 8))).sum();
    assert_eq!(world.count("select sum(value)::bigint from point").await, expected, "{dies_at}");
    assert_eq!(world.count("select sum(sum)::bigint from roll_hour").await, expected, "{dies_at}");
    assert_eq!(world.count("select sum(n)::bigint from roll_day").await, 600, "{dies_at}");
    let _stays = fs::remove_dir_all(&folder);
}

/// What is in the rollups, by metric.
const TOTALS: &str = "select m.name || ' ' || sum(r.n) || ' ' || sum(r.sum)::bigint
     from roll_day r join series s on s.id = r.series join metric m on m.id = s.metric
     group by m.name order by m.name";

async fn totals(world: &World) -> Vec<String> {
    world.sql(TOTALS).await.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_killed_at_every_step_counts_every_line_once() {
    for seed in [1, 2, 3] {
        let mut file = Vec::new();
        generator::write_year(&mut file, seed, date(2025, 1, 1)).unwrap();
        let calm = World::new().await.with_tenant("Europe/Berlin").await;
        let folder = folder(&format!("import-{seed}-calm"));
        import_through_deaths(&calm, &folder, &file, "").await;
        let expected = totals(&calm).await;
        assert!(expected.len() > 4, "{expected:?}");
        for step in step::ALL.iter().filter(|step| step.starts_with("import.")) {
            let visit = if step.contains("chunk") { seed.min(2) } else { 1 };
            let dies_at = format!("{step}*{visit}");
            let world = World::new().await.with_tenant("Europe/Berlin").await;
            let folder = self::folder(&format!("import-{seed}-{step}"));
            let deaths = import_through_deaths(&world, &folder, &file, &dies_at).await;
            assert_eq!(deaths, 1, "{dies_at} was never reached");
            assert_eq!(totals(&world).await, expected, "{dies_at}");
        }
    }
}

/// Imports a file on a server that dies at a step, and answers how often it died.
async fn import_through_deaths(world: &World, folder: &Path, file: &[u8], dies_at: &str) -> u32 {
    let key = world.key(&[Scope::ImportsWrite]).await;
    let mut victim = Victim::start(world, folder, dies_at);
    let mut connection = Connection::open(victim.address).await.unwrap();
    let wanted = json!({ "kind": "sales", "file_name": "year.csv" }).to_string();
    let (status, made) = connection.post("/v1/imports", &key, wanted.as_bytes()).await.unwrap();
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&made));
    let made: Value = serde_json::from_slice(&made).unwrap();
    let url = made["upload"]["url"].as_str().unwrap();
    let path = &url[url.find("/objects").unwrap()..];
    let head = format!("PUT {path} HTTP/1.1\r\nhost: h\r\n");
    let (status, answer) = connection.send(&head, file).await.unwrap();
    assert!(status < 300, "{status} {}", String::from_utf8_lossy(&answer));
    let run = format!("/v1/imports/{}/run", made["id"].as_str().unwrap());
    let (status, _begun) = connection.post(&run, &key, b"{}").await.unwrap();
    assert_eq!(status, 202);
    let mut deaths = 0;
    let patience = Instant::now() + Duration::from_secs(120);
    while world.count("select count(*) from import where status <> 'done'").await > 0
        || world.count("select count(*) from job").await > 0
    {
        assert!(Instant::now() < patience, "{dies_at}: the import does not end");
        if victim.is_dead() {
            deaths += 1;
            victim = Victim::start(world, folder, "");
            // Nobody holds the message any more; its lease would run out by itself.
            world.sql("update job set visible_at = now()").await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    if victim.is_dead() {
        deaths += 1;
    }
    let _stays = fs::remove_dir_all(folder);
    deaths
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_killed_at_every_step_reaches_nobody_twice() {
    for step in step::ALL.iter().filter(|step| step.starts_with("report.")) {
        for visit in [1, 2, 4] {
            report_through_deaths(&format!("{step}*{visit}")).await;
        }
    }
}

/// Letters that one process hands over at the same time: so many may be unknown after its death.
const IN_FLIGHT: usize = 4;

async fn report_through_deaths(dies_at: &str) {
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    let key = world.key(&[Scope::PointsWrite, Scope::ReportsWrite, Scope::ReportsRead]).await;
    let point = json!([{ "metric": "revenue", "value": 1 }]);
    world.post("/v1/points", &key, &point).await.expect(200);
    let recipients: Vec<String> = (0..5).map(|n| format!("p{n}@shop.example")).collect();
    let report = json!({
        "name": "Daily", "metrics": ["revenue"], "recipients": recipients,
        "schedule": { "frequency": "daily", "wall_time": "07:00" },
    });
    let made = world.post("/v1/reports", &key, &report).await;
    assert!(made.status < 300, "{}", made.text());
    world.sql("update report set next_due_at = now() - interval '1 day'").await;
    world.sql("delete from key_value where key like 'due:%'").await;
    let folder = folder(&format!("report-{}", dies_at.replace('*', "-")));
    let mut victim = Victim::start(&world, &folder, dies_at);
    let patience = Instant::now() + Duration::from_secs(60);
    let mut deaths = 0;
    let open = "select count(*) from delivery where state in ('planned', 'claimed', 'handed_over')";
    while world.count("select count(*) from delivery").await < 5
        || world.count(open).await > 0
        || world.count("select count(*) from job").await > 0
    {
        assert!(Instant::now() < patience, "{dies_at}: the report does not end");
        if victim.is_dead() {
            deaths += 1;
            victim = Victim::start(&world, &folder, "");
            world.sql("update job set visible_at = now()").await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(deaths + u32::from(victim.is_dead()), 1, "{dies_at} was never reached");
    let letters: Vec<String> = fs::read_dir(folder.join("letters"))
        .unwrap()
        .filter_map(Result::ok)
        .map(|file| fs::read_to_string(file.path()).unwrap())
        .collect();
    for recipient in &recipients {
        let line = format!("To: {recipient}");
        let count = letters.iter().filter(|letter| letter.contains(&line)).count();
        assert!(count <= 1, "{dies_at}: {recipient} got {count} letters");
    }
    let unknown = world.count("select count(*) from delivery where state = 'unknown'").await;
    let lost = usize::try_from(unknown).unwrap();
    assert!(letters.len() + lost >= 5, "{dies_at}: {} letters, {lost} unknown", letters.len());
    assert!(lost <= IN_FLIGHT, "{dies_at}: {lost} letters unknown after one death");
    let _stays = fs::remove_dir_all(&folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_is_heard_once_whatever_dies_over_it() {
    for step in step::ALL.iter().filter(|step| step.starts_with("carrier.")) {
        carrier_through_a_death(&format!("{step}*1")).await;
    }
}

async fn carrier_through_a_death(dies_at: &str) {
    let dock = Dock::open().await;
    dock.sent().await;
    let world = dock.world();
    let folder = folder(&format!("carrier-{}", dies_at.replace('*', "-")));
    let mut victim = Victim::start(world, &folder, dies_at);
    let mut connection = Connection::open(victim.address).await.unwrap();
    let carrier = Carrier::known_to(&mut connection, world).await;
    let said = notice("delivered", NUMBER, Clock::System.now()).to_string();
    let head = carrier.head("msg_1", Clock::System.now(), &said);
    // Whoever takes the message may die of it before the answer is on its way.
    if let Ok((status, answer)) = connection.send(&head, said.as_bytes()).await {
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    }
    let patience = Instant::now() + Duration::from_secs(60);
    let mut deaths = 0;
    while world.count("select count(*) from job where queue = 'parcels'").await > 0 {
        assert!(Instant::now() < patience, "{dies_at}: the notice is not settled");
        if victim.is_dead() {
            deaths += 1;
            victim = Victim::start(world, &folder, "");
            world.sql("update job set visible_at = now()").await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(deaths, 1, "{dies_at} was never reached");
    assert_eq!(dock.delivered_events().await, 1, "{dies_at}");
    assert_eq!(dock.notices().await, [("msg_1".to_owned(), "applied".to_owned())], "{dies_at}");
    let _stays = fs::remove_dir_all(&folder);
}
