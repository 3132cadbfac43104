use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use app::Role;
use local::postgres::options_of;
use tests::postgres::TestPostgres;
use tests::proxy::Proxy;
use tests::tools::say;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::CALM;
use super::front::Front;
use crate::checkout::Till;
use crate::kill::{Victim, folder};
use crate::orders::desk::Desk;

/// As often as a function sleeps and wakes.
const FREEZES: u32 = 30;

#[tokio::test(flavor = "multi_thread")]
async fn x04_what_sleeps_while_its_connections_end_wakes_and_answers() {
    let desk = Desk::with_stock(1).await;
    let order = desk.sold(1).await;
    let ended = Arc::new(Notify::new());
    let ends = ended.clone();
    let url = desk.till.shop.world.database_url(Role::Owner);
    let proxy = Proxy::before(url, move |mut client: TcpStream, mut postgres: TcpStream| {
        let ends = ends.clone();
        async move {
            tokio::select! {
                _ended = copy_bidirectional(&mut client, &mut postgres) => {}
                () = ends.notified() => {}
            }
        }
    });
    let proxy = proxy.await;
    let folder = folder("frozen");
    let through = [("DATABASE_URL", proxy.url())];
    let victim = Victim::start_with(&desk.till.shop.world, &folder, "", &through);
    let head = format!(
        "GET /v1/orders/{order} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\n",
        desk.key
    );
    for freeze in 0..FREEZES {
        assert_eq!(victim.ask(&head, b"").await.unwrap().0, 200, "before {freeze}");
        victim.signal("STOP");
        ended.notify_waiters();
        tokio::time::sleep(Duration::from_millis(50)).await;
        victim.signal("CONT");
        let (status, body) = victim.ask(&head, b"").await.unwrap();
        assert_eq!(status, 200, "after {freeze}: {}", String::from_utf8_lossy(&body));
    }
    let _stays = std::fs::remove_dir_all(&folder);
}

#[test]
fn x09_a_database_that_crashes_again_and_again_keeps_what_was_acknowledged() {
    let told = Command::new(std::env::current_exe().unwrap())
        .args(["faults::crashes::a_shop_whose_database_crashes", "--exact", "--ignored"])
        .arg("--nocapture")
        .output()
        .unwrap();
    let said = [told.stdout, told.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(told.status.success(), "{said}");
    let crashes = said.lines().find(|line| line.contains("crashes")).expect("it says how often");
    say(crashes);
}

/// In a process of its own: the server of all other tests is to live.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a shop that another test starts"]
async fn a_shop_whose_database_crashes() {
    TestPostgres::be_durable();
    let till = Till::with_stock(140).await;
    let mut front = Front::over(till, "crashing", &[CALM; 2], 4).await;
    let mut crashes = 0;
    let told = {
        let crash_often = async {
            loop {
                tokio::time::sleep(Duration::from_secs(2)).await;
                crash(&front).await;
                crashes += 1;
            }
        };
        tokio::select! {
            told = front.through(false, front.sell(150)) => told,
            never = crash_often => never,
        }
    };
    front.till.shop.world.reconnect().await;
    let (took, wrong) = front.is_right(&told).await;
    assert_eq!(wrong, Vec::<String>::new());
    let sold = told.iter().filter(|told| told.order.is_some()).count();
    assert_eq!(sold, 140);
    assert!(crashes > 2, "{crashes} crashes");
    say(&format!("{sold} orders through {crashes} crashes, calm in {} s", took.as_secs()));
}

/// Kills one session without mercy: the server throws its memory away, with all sessions, and
/// reads again what had reached the disk.
async fn crash(front: &Front) {
    let owner = options_of(front.till.shop.world.database_url(Role::Owner));
    let Ok(client) = store::connect(&owner).await else { return };
    let pid = "select pid::text from pg_stat_activity
         where backend_type = 'client backend' and pid <> pg_backend_pid() limit 1";
    if let Ok(Some(row)) = client.query_typed(pid, &[]).await.map(|mut rows| rows.pop()) {
        let killed = Command::new("kill").args(["-KILL", row.get(0)]).status().unwrap();
        assert!(killed.success());
    }
}
