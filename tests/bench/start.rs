use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use app::Role;
use tests::World;
use tests::postgres::TestPostgres;
use tests::runtime_api::{self, What};

use crate::table::{Table, percentile};

const STARTS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(10);

/// What one start of a function took.
struct Start {
    ms: f64,
    peak_kib: u64,
}

/// The zipped size of every function, and how long its process takes until it asks for its first
/// event, beside a function that does nothing, by turns.
pub(crate) async fn run() -> Table {
    let mut table = Table::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/lambda");
    let hello = folder.join("hello/bootstrap");
    if !hello.is_file() {
        let todo = "build the functions as CONTRIBUTING.md says".to_owned();
        table.row("start", todo, String::new(), "");
        return table;
    }
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    let certificate = encrypt(&world).await;
    for function in local::functions::all() {
        let program = folder.join(function.name).join("bootstrap");
        let role = function.uses.postgres;
        let (mut ours, mut hellos) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            hellos.push(start(&hello, &[]));
            ours.push(start(&program, &environment(&world, role, &certificate)));
        }
        let (ours, hellos) = (Summary::of(&ours), Summary::of(&hellos));
        let more = ours.ms - hellos.ms;
        let (against, goal) = match role {
            Some(_) => (format!("hello {:.1} ms", hellos.ms), "<= 50 ms, <= 25 MB"),
            None => (format!("hello {:.1} ms, {more:+.1} ms", hellos.ms), "hello + 6 ms, <= 25 MB"),
        };
        let figure = format!("{:.1} ms, {:.1} MB at its peak", ours.ms, ours.peak_mb);
        table.row(&format!("start of {}", function.name), figure, against, goal);
        let zipped = format!("{:.2} MB", zipped_bytes(&program) as f64 / 1e6);
        table.row(&format!("{}, zipped", function.name), zipped, String::new(), "<= 6 MB");
    }
    table
}

/// Lets the server speak TLS, and answers the certificate to trust.
async fn encrypt(world: &World) -> PathBuf {
    let folder = TestPostgres::get().folder().join("tls");
    fs::create_dir_all(&folder).expect("a folder for the certificate");
    let (key, certificate) = (folder.join("server.key"), folder.join("server.crt"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        // The program takes no authority for a server.
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    assert!(made.is_ok_and(|status| status.success()), "openssl makes a certificate");
    let owner = fs::metadata(TestPostgres::get().folder().join("postgres")).expect("its data");
    for path in [&folder, &key, &certificate] {
        chown(path, Some(owner.uid()), Some(owner.gid())).expect("the server may read it");
    }
    for setting in [
        format!("ssl_cert_file = '{}'", certificate.display()),
        format!("ssl_key_file = '{}'", key.display()),
        "ssl = on".to_owned(),
    ] {
        world.sql(&format!("alter system set {setting}")).await;
    }
    world.sql("select pg_reload_conf()").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    certificate
}

fn environment(
    world: &World,
    role: Option<Role>,
    certificate: &Path,
) -> Vec<(&'static str, String)> {
    let url = world.database_url(role.unwrap_or(Role::App));
    let url = url.replace("127.0.0.1", "localhost").replace("sslmode=disable", "sslmode=require");
    vec![
        ("DATABASE_URL", url),
        ("TLS_CA_FILE", certificate.display().to_string()),
        ("SMTP_URL", "smtp://localhost:1025".to_owned()),
        ("MAIL_FROM", "Takings <takings@localhost>".to_owned()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "none".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "none".to_owned()),
        // Nobody listens: what is measured is our start and not a service's answer.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1".to_owned()),
    ]
}

fn start(program: &Path, environment: &[(&str, String)]) -> Start {
    let (address, steps) = runtime_api::serve(Vec::new());
    let started = Instant::now();
    let mut child = Command::new(program)
        .env_clear()
        .envs(runtime_api::environment(address))
        .envs(environment.iter().map(|(name, value)| (*name, value)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
    let step = steps.recv_timeout(PATIENCE).expect("it asks for an event");
    assert_eq!(step.what, What::Asked, "{}", program.display());
    let ms = step.at.duration_since(started).as_secs_f64() * 1e3;
    let peak_kib = peak_kib(&child);
    child.kill().and_then(|()| child.wait()).expect("our own child ends");
    Start { ms, peak_kib }
}

fn peak_kib(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or(0)
}

struct Summary {
    ms: f64,
    peak_mb: f64,
}

impl Summary {
    fn of(starts: &[Start]) -> Self {
        let mut times: Vec<f64> = starts.iter().map(|start| start.ms).collect();
        times.sort_by(f64::total_cmp);
        let peak_kib = starts.iter().map(|start| start.peak_kib).max().unwrap_or(0);
        Self { ms: percentile(&times, 0.5), peak_mb: peak_kib as f64 * 1024.0 / 1e6 }
    }
}

/// What the archive of a program takes: zip's own headers are a few hundred bytes.
fn zipped_bytes(program: &Path) -> usize {
    let mut zipped = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    zipped.write_all(&fs::read(program).expect("the program")).expect("memory takes it");
    zipped.finish().expect("memory takes it").len()
}
