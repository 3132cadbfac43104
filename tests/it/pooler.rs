use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use app::Role;
use domain::id::TenantNumber;
use store::{Db, DbOptions, Flight};
use tests::World;
use tests::tools::POOLERS;

const ALTERNATIONS: usize = 100_000;
const NOBODY: u32 = 65_534;

/// PgBouncer in transaction mode with one server connection: what one tenant leaves behind, the
/// next one finds.
struct Pooler {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Pooler {
    fn start(server: &tokio_postgres::Config) -> Self {
        let there = |path: &&str| fs::exists(path).unwrap_or(false);
        let binary = POOLERS.into_iter().find(there).expect("its absence was told before");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let folder = std::env::temp_dir().join(format!("takings-pooler-{port}"));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let user = server.get_user().unwrap();
        let password = String::from_utf8_lossy(server.get_password().unwrap_or_default());
        fs::write(folder.join("users.txt"), format!("\"{user}\" \"{password}\"\n")).unwrap();
        let server_port = server.get_ports()[0];
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={server_port}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = trust\n\
             auth_file = {0}/users.txt\npool_mode = transaction\ndefault_pool_size = 1\n\
             max_client_conn = 100\nunix_socket_dir =\nlogfile = {0}/log\npidfile = {0}/pid\n",
            folder.display()
        );
        fs::write(folder.join("pgbouncer.ini"), settings).unwrap();
        let mut command = Command::new(binary);
        command.arg("-q").arg(folder.join("pgbouncer.ini")).stderr(Stdio::null());
        // It refuses to run as root.
        if local::folder::is_root() {
            for file in ["users.txt", "pgbouncer.ini"] {
                chown(folder.join(file), Some(NOBODY), Some(NOBODY)).unwrap();
            }
            command.uid(NOBODY).gid(NOBODY);
        }
        let process = command.spawn().unwrap();
        Self { process, folder, port }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _waited = self.process.wait();
        let _stays = fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tenants_alternating_through_one_pooled_connection_never_see_each_other() {
    let world = World::new().await.with_tenant("UTC").await.with_tenant("UTC").await;
    let server: tokio_postgres::Config = world.database_url(Role::App).parse().unwrap();
    let pooler = Pooler::start(&server);
    for tenant in world.tenants() {
        world
            .sql(&format!(
                "insert into metric (tenant, name, kind, unit, aggregation, gap, direction,
                                     finest, label, draft)
                 select {}, 'm' || n, 'counter', '', 'sum', 'zero', 'up', 'hour', '', false
                 from generate_series(1, 3) n",
                tenant.number
            ))
            .await;
    }
    let url = format!(
        "postgres://{}@127.0.0.1:{}/{}?sslmode=disable",
        server.get_user().unwrap(),
        pooler.port,
        server.get_dbname().unwrap()
    );
    let options =
        DbOptions { url, tls_ca_file: None, connections: 2, direct: false, checks_role: true };
    let db = Db::new(options);
    for _ in 0..50 {
        if db.warm().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let of = |n: usize| world.tenants()[n % 2].number;
    let (mut seen, mut cancelled) = (0, 0);
    for n in 0..ALTERNATIONS {
        let one = look(&db, of(n));
        if n % 10 == 7 {
            // Given up in the middle, at a moment that wanders through the exchange.
            let patience = Duration::from_micros(20 + (n as u64 * 7) % 400);
            match tokio::time::timeout(patience, one).await {
                Ok(tenants) => assert_eq!(tenants, [of(n).0; 3], "call {n}"),
                Err(_elapsed) => cancelled += 1,
            }
            continue;
        }
        assert_eq!(one.await, [of(n).0; 3], "call {n}");
        seen += 1;
    }
    assert!(seen >= ALTERNATIONS * 9 / 10 && cancelled > 0, "{seen} seen, {cancelled} cancelled");
    let nobody = db.flight(None, &[Flight { sql: SEEN, parameters: &[] }]).await.unwrap();
    assert!(nobody[0].is_empty(), "without a tenant nothing is seen");
}

/// Asks for everything there is: only the policy keeps tenants apart.
const SEEN: &str = "select tenant from metric";

async fn look(db: &Db, tenant: TenantNumber) -> Vec<i32> {
    let seen = db.flight(Some(tenant), &[Flight { sql: SEEN, parameters: &[] }]).await;
    seen.expect("the pooler answers")[0].iter().map(|row| row.get(0)).collect()
}
