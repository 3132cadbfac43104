//! One Postgres for all tests of a process, and a database of its own for each.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use local::folder::{self, Folder};
use local::postgres::{Options, Server, Servers, options_of, stop_orphan};
use tokio::runtime::Builder;

use crate::tools::{Tools, say};

/// The server of this process.
pub struct TestPostgres {
    server: Server,
    folder: Folder,
    spare: Mutex<Receiver<String>>,
    used: Sender<String>,
    /// Ends when we do, however we do; then it stops the server and removes its files.
    _undertaker: Child,
}

/// Whether what was committed shall survive a crash: tests need not, benchmarks must.
static DURABLE: AtomicBool = AtomicBool::new(false);

const TEMPLATE: &str = "takings_template";
/// Databases that are made ahead: a test does not wait for one.
const SPARE: usize = 4;

impl TestPostgres {
    /// Starts the server on first use.
    ///
    /// # Panics
    /// Panics with the line to run when there is no Postgres.
    pub fn get() -> &'static Self {
        static SERVER: OnceLock<Result<TestPostgres, String>> = OnceLock::new();
        // A test's runtime ends with the test, and the first test makes this for all.
        let started = SERVER.get_or_init(|| {
            thread::spawn(Self::start).join().unwrap_or_else(|_panic| Err("it panicked".into()))
        });
        started.as_ref().unwrap_or_else(|problem| panic!("the tests need Postgres: {problem}"))
    }

    /// Makes the server as durable as in production. Called before its first use.
    pub fn be_durable() {
        DURABLE.store(true, Ordering::SeqCst);
    }

    /// The server itself.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// A place for files that goes with the server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The name of a migrated database that nobody else uses.
    pub fn database(&self) -> String {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.recv().expect("databases are made as long as the server runs")
    }

    /// Takes a database back.
    pub fn discard(&self, database: &str) {
        let _ends_anyway = self.used.send(database.to_owned());
    }

    fn start() -> Result<Self, String> {
        // Before the first of many tests, so that nobody waits minutes for this line.
        if let Some(missing) = Tools::missing_prerequisite() {
            return Err(missing);
        }
        let started = Instant::now();
        let folder = open_folder()?;
        let options = Options {
            database_url: None,
            durable: DURABLE.load(Ordering::SeqCst),
            servers: Servers::Any,
            tell: &|line| say(line),
        };
        let server = Server::start(&folder, &options).map_err(|error| chain(&error))?;
        let process = server.process().expect("no other server was named").id();
        let undertaker = undertaker(process, folder.path())
            .map_err(|error| format!("no shell could be started: {error}"))?;
        let (spare_in, spare) = sync_channel(SPARE);
        let (used, used_out) = channel();
        let template = server.owner_url(TEMPLATE);
        let postgres = server.owner_url("postgres");
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| chain(&error))?;
        runtime.block_on(async {
            run(&postgres, &format!("create database {TEMPLATE}")).await?;
            let prepared = server.prepare_database(&template).await;
            prepared.map_err(|error| chain(&error))
        })?;
        thread::spawn(move || runtime.block_on(make_databases(&postgres, &spare_in, &used_out)));
        let version = server.process().and_then(|process| process.version()).unwrap_or_default();
        say(&format!(
            "Started PostgreSQL {version} for the tests in {} (process {process}, {} ms)",
            folder.path().display(),
            started.elapsed().as_millis()
        ));
        Ok(Self { server, folder, spare: Mutex::new(spare), used, _undertaker: undertaker })
    }
}

/// Makes a database whenever one was taken, and drops those that were given back.
async fn make_databases(url: &str, spare: &SyncSender<String>, used: &Receiver<String>) {
    let Ok(client) = store::connect(&options_of(url)).await else { return };
    for number in 1.. {
        for database in used.try_iter() {
            let dropped = format!("drop database if exists {database} with (force)");
            let _stays = client.execute(&dropped, &[]).await;
        }
        let database = format!("world_{number}");
        let sql = format!("create database {database} template {TEMPLATE}");
        if client.execute(&sql, &[]).await.is_err() || spare.send(database).is_err() {
            return;
        }
    }
}

async fn run(url: &str, sql: &str) -> Result<(), String> {
    let client = store::connect(&options_of(url)).await.map_err(|error| chain(&error))?;
    client.execute(sql, &[]).await.map(drop).map_err(|error| chain(&error))
}

/// A fresh folder; those of processes that are gone are removed first.
fn open_folder() -> Result<Folder, String> {
    let base = base();
    let failed = |error: io::Error| format!("{} cannot be used: {error}", base.display());
    fs::create_dir_all(&base).map_err(failed)?;
    let lock = File::create(base.join("lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;
    for entry in fs::read_dir(&base).map_err(failed)?.filter_map(Result::ok) {
        let path = entry.path();
        // Whoever lives holds the lock of its folder.
        if path.is_dir() && Folder::open(&path).is_ok() {
            let _gone = stop_orphan(&path);
            let _stays = fs::remove_dir_all(&path);
        }
    }
    Folder::open(&base.join(std::process::id().to_string())).map_err(|error| chain(&error))
}

/// Below `target`, or, for root, where the user that runs Postgres can go.
fn base() -> PathBuf {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if folder::is_root() {
        folder::usual(&checkout).with_extension("tests")
    } else {
        checkout.join("target/tests-postgres")
    }
}

fn undertaker(process: u32, folder: &Path) -> io::Result<Child> {
    const SCRIPT: &str = r#"cat > /dev/null
        kill -s QUIT "$1"
        tries=0
        while kill -s 0 "$1" 2> /dev/null && [ $tries -lt 50 ]; do
            tries=$((tries + 1)); sleep 0.1
        done
        rm -rf "$2""#;
    Command::new("sh")
        .args(["-c", SCRIPT, "sh", &process.to_string()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    app::trace::chain(error)
}
