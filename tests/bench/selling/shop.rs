use std::net::SocketAddr;
use std::ops::Range;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use app::port::{PostgresKeyValue, PostgresQueue};
use app::{App, Parts, Role, Trigger, serve};
use axum::serve::ListenerExt as _;
use domain::access::Scope;
use futures_util::future::join_all;
use providers::stripe::{Access, Patience, Stripe};
use serde_json::json;
use store::{Db, DbOptions};
use tests::World;
use tests::connection::Connection;
use tests::proxy::Proxy;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{delay, median};
use crate::latency::{Latency, at_a_rate, connections};

/// A shop whose checkout listens.
pub(super) struct Shop {
    pub(super) world: World,
    pub(super) app: App,
    /// Orders that were answered.
    pub(super) sold: AtomicI64,
    products: i64,
    key: String,
    address: SocketAddr,
    next_cart: AtomicI64,
    _delay: Option<Proxy>,
    _server: JoinSet<()>,
}

/// Of ours to Postgres, and of pgbench's.
pub(super) const CONNECTIONS: usize = 16;

impl Shop {
    /// With so many products, whose Postgres is so far away in either direction.
    pub(super) async fn open(products: i64, one_way: Option<Duration>) -> Self {
        let world = World::new().await.with_tenant("Europe/Berlin").await;
        let filling = include_str!("fill.sql").replace("{skus}", &products.to_string());
        for statement in filling.split_terminator(";\n\n") {
            world.sql(statement.trim_end().trim_end_matches(';')).await;
        }
        world.sql("vacuum analyze").await;
        let key = world.key(&[Scope::CartsWrite]).await;
        let (url, delay) = match one_way {
            None => (world.database_url(Role::App).to_owned(), None),
            Some(one_way) => {
                let delay = delay::before(world.database_url(Role::App), one_way).await;
                (delay.url().to_owned(), Some(delay))
            }
        };
        let app = app(&world, url);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let checkout = tests::lambda::function("checkout");
        let Trigger::Http(routes) = checkout.trigger else { unreachable!("it speaks HTTP") };
        let router = serve::router(checkout.name, routes, app.clone());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        let shop = Self {
            world,
            app,
            sold: AtomicI64::new(0),
            products,
            key,
            address,
            next_cart: AtomicI64::new(1),
            _delay: delay,
            _server: server,
        };
        shop.prepare_yardstick().await;
        shop
    }

    /// How long Postgres takes to answer nothing.
    pub(super) async fn round_trip_ms(&self) -> f64 {
        let mut trips = Vec::new();
        for _ in 0..50 {
            let tx = self.app.db.across().await.expect("it is there");
            let started = Instant::now();
            tx.rollback().await.expect("it is there");
            trips.push(started.elapsed().as_secs_f64() * 1e3);
        }
        median(trips)
    }

    /// So many carts that wait for their checkout.
    pub(super) async fn carts(&self, count: i64, lines: i64, is_hot: bool) -> Range<i64> {
        let first = self.next_cart.fetch_add(count, Ordering::Relaxed);
        let (last, products) = (first + count - 1, self.products);
        let fill = format!("call fill_carts({first}, {last}, {lines}, {products}, {is_hot})");
        self.world.sql(&fill).await;
        self.world.sql("checkpoint").await;
        first..first + count
    }

    /// Checks carts out, as fast as so many clients can. Orders a second.
    pub(super) async fn sell(&self, carts: Range<i64>, clients: usize) -> f64 {
        let (next, end, count) = (AtomicI64::new(carts.start), carts.end, carts.end - carts.start);
        let started = Instant::now();
        let clients = (0..clients).map(|_| async {
            let mut connection = Connection::open(self.address).await.expect("it listens");
            loop {
                let cart = next.fetch_add(1, Ordering::Relaxed);
                if cart >= end {
                    return;
                }
                self.check_out(&mut connection, cart).await;
            }
        });
        join_all(clients).await;
        count as f64 / started.elapsed().as_secs_f64()
    }

    /// Checks carts out at a rate.
    pub(super) async fn sell_at(&self, carts: Range<i64>, per_second: f64) -> Latency {
        let count = usize::try_from(carts.end - carts.start).expect("a small number");
        let clients = connections(self.address, 128).await;
        let call = async |connection: &mut Connection, n: usize| {
            let n = i64::try_from(n).expect("a small number");
            self.check_out(connection, carts.start + n).await;
        };
        at_a_rate(clients, (count, per_second), call).await
    }

    async fn check_out(&self, connection: &mut Connection, cart: i64) {
        let body = json!({ "cart": format!("00000000-0000-7000-9000-{cart:012x}"), "contact": {
            "email": format!("ann{cart}@customer.example"), "name": "Ann",
            "shipping_address": {
                "lines": ["Main Street 1"], "city": "Berlin", "country": "DE" } } });
        let head = format!(
            "POST /v1/checkout HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\nidempotency-key: key-{cart}\r\n\
             cart-token: token\r\n",
            self.key
        );
        let answer = connection.send(&head, body.to_string().as_bytes()).await;
        let (status, answer) = answer.expect("an answer");
        // The provider is away: the order waits.
        assert_eq!(status, 202, "{}", String::from_utf8_lossy(&answer));
        self.sold.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes the functions of the yardstick, which write what an order of ours had written.
    async fn prepare_yardstick(&self) {
        let carts = self.carts(1, 3, false).await;
        self.sell(carts, 1).await;
        let opened = self.written("true").await;
        self.settle(&self.unpaid(1).await).await;
        let settled = format!("version > {} and kind not like 'order.placed%'", opened.1);
        let settled = self.written(&settled).await;
        let rest = self.world.sql(
            "select format('%L::jsonb', shipping_address),
                 (select string_agg(format('(%s, %L, %s)', version, account, amount_minor), ', ')
                  from posting)
             from contact",
        );
        let rest = rest.await;
        let both = [include_str!("yardstick.sql"), include_str!("grow.sql")].concat();
        let both = both
            .replace("{events}", &opened.0)
            .replace("{version}", &opened.1.to_string())
            .replace("{settled}", &settled.0)
            .replace("{placed}", &(settled.1 + 1).to_string())
            .replace("{postings}", rest[0].get(1))
            .replace("{address}", rest[0].get(0));
        for statement in both.split_terminator(";\n\n") {
            self.world.sql(statement.trim_end().trim_end_matches(';')).await;
        }
    }

    /// Events of the first order as rows of SQL, and the version of the last of them.
    async fn written(&self, which: &str) -> (String, i32) {
        let rows = format!(
            "select string_agg(format('(%s, %L, %L::jsonb)', version, kind, body), ', '
                 order by version), max(version)
             from order_event where {which}"
        );
        let rows = self.world.sql(&rows).await;
        (rows[0].get(0), rows[0].get(1))
    }

    /// So many orders that were made before.
    pub(super) async fn grow(&self, orders: i64) {
        let first = self.next_cart.fetch_add(orders, Ordering::Relaxed);
        let (last, products) = (first + orders - 1, self.products);
        self.world.sql(&format!("call fill_carts({first}, {last}, 3, {products}, false)")).await;
        self.world.sql(&format!("call grow({first}, {last})")).await;
        self.world.sql("vacuum analyze").await;
        self.world.sql("checkpoint").await;
    }
}

/// A call of one function by so many connections as ours; calls a second. It counts on from
/// `first`.
pub(super) async fn one_call(world: &World, call: &str, (first, calls): (i64, i64)) -> f64 {
    world.sql(&format!("select setval('yardstick', {first}, false)")).await;
    let each = calls / CONNECTIONS as i64;
    let file = std::env::temp_dir().join(format!("takings-one-call-{}.sql", std::process::id()));
    std::fs::write(&file, format!("select {call};\n")).expect("the script is written");
    let ran = Command::new("pgbench")
        // As ours has it: plans that are right for tables of any size.
        .env("PGOPTIONS", "-c enable_seqscan=off")
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={CONNECTIONS}"))
        .arg(format!("--transactions={each}"))
        .arg("--file")
        .arg(&file)
        .arg(world.database_url(Role::App))
        .output()
        .expect("pgbench is on the PATH");
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{told}{}", String::from_utf8_lossy(&ran.stderr));
    let _stays = std::fs::remove_file(file);
    let tps = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
    tps.and_then(|tps| tps.parse().ok()).expect("pgbench tells its rate")
}

/// Ours with as many connections, whose provider is away.
fn app(world: &World, url: String) -> App {
    let setup = world.setup();
    let db = |url: String, connections| {
        Db::new(DbOptions { url, tls_ca_file: None, connections, direct: true, checks_role: true })
    };
    let ports = db(world.database_url(Role::App).to_owned(), 4);
    let patience = Patience {
        attempt: Duration::from_secs(1),
        total: Duration::from_secs(1),
        attempts: 1,
        first_pause: Duration::from_millis(1),
    };
    let nowhere = Access {
        base_url: "http://127.0.0.1:9".to_owned(),
        secret_key: "sk_test_nobody".to_owned(),
        ca_file: None,
        patience,
    };
    App::new(Parts {
        db: db(url, CONNECTIONS),
        queue: Arc::new(PostgresQueue { db: ports.clone(), sent: Arc::new(Notify::new()) }),
        key_value: Arc::new(PostgresKeyValue { db: ports, clock: setup.clock }),
        mailer: setup.mailer,
        objects: None,
        gateway: Some(Stripe::new(&nowhere).expect("an address")),
        courier: setup.config.courier(),
        clock: setup.clock,
        config: setup.config,
    })
}
