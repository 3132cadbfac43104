use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use domain::access::Scope;
use domain::id::OrderId;
use futures_util::{StreamExt as _, stream};
use local::sandbox::Webhook;
use serde_json::{Value, json};
use tests::connection::Connection;

use super::checker::{Told, violations};
use crate::checkout::Till;
use crate::kill::{Victim, folder};

/// A shop that is served by processes that die, and its customers, who ask until they are
/// answered. The provider, as in life, is somebody else.
pub(crate) struct Front {
    pub(crate) till: Till,
    /// Each with the folder that it lives in.
    processes: Vec<Process>,
    owner: String,
    /// Processes that were started, and those of them that died.
    started: AtomicU32,
    died: AtomicU32,
    /// What the provider said and nobody took yet.
    webhooks: Mutex<Vec<Webhook>>,
    /// What failed in those that died.
    failures: Mutex<Vec<String>>,
    /// Chance, the same for the same seed.
    dice: Mutex<u64>,
}

struct Process {
    folder: PathBuf,
    victim: Mutex<Victim>,
}

/// What happens to a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Violence {
    /// The step at which it dies, and at which visit; none when empty.
    pub(crate) dies_at: &'static str,
    pub(crate) visit: u32,
}

/// Customers who are there at the same time.
const AT_ONCE: usize = 24;
/// No customer waits longer.
const PATIENCE: Duration = Duration::from_secs(180);
/// Everything that was left is done this long after the last fault.
const RECOVERED: Duration = Duration::from_secs(60);

impl Front {
    /// With so many pieces, served by so many processes.
    pub(crate) async fn open(name: &str, on_hand: i32, violence: &[Violence], seed: u64) -> Self {
        Self::over(Till::with_stock(on_hand).await, name, violence, seed).await
    }

    /// The same for what was sold before.
    pub(crate) async fn over(till: Till, name: &str, violence: &[Violence], seed: u64) -> Self {
        let owner = till.shop.world.key(&[Scope::OrdersRead, Scope::OrdersWrite]).await;
        let mut front = Self {
            till,
            processes: vec![],
            owner,
            started: AtomicU32::new(0),
            died: AtomicU32::new(0),
            webhooks: Mutex::default(),
            failures: Mutex::default(),
            dice: Mutex::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        };
        for (position, violence) in violence.iter().enumerate() {
            let folder = folder(&format!("{name}-{seed}-{position}"));
            let dies_at = match violence.dies_at {
                "" => String::new(),
                step => format!("{step}*{}", violence.visit),
            };
            let victim = Mutex::new(front.start(&folder, &dies_at));
            front.processes.push(Process { folder, victim });
        }
        front
    }

    fn start(&self, folder: &std::path::Path, dies_at: &str) -> Victim {
        self.started.fetch_add(1, Ordering::Relaxed);
        let environment = self.till.gateway.environment();
        Victim::start_with(&self.till.shop.world, folder, dies_at, &environment)
    }

    pub(crate) fn has_died(&self) -> bool {
        self.died.load(Ordering::Relaxed) > 0
    }

    /// How many were started, and how many of them died.
    pub(crate) fn processes(&self) -> (u32, u32) {
        (self.started.load(Ordering::Relaxed), self.died.load(Ordering::Relaxed))
    }

    /// What failed in those that live.
    fn failed_now(&self) -> Vec<String> {
        let of = |process: &Process| process.victim.lock().unwrap().failures();
        self.processes.iter().flat_map(of).collect()
    }

    /// Kills all of them for good.
    pub(crate) fn stop(&self) {
        for process in &self.processes {
            process.victim.lock().unwrap().kill();
        }
    }

    /// So many carts with one shirt each, and their customers; what they were told.
    pub(crate) async fn sell(&self, customers: usize) -> Vec<Told> {
        self.fill_carts(customers).await;
        let served = (0..customers).map(|n| self.serve_customer(n));
        stream::iter(served).buffer_unordered(AT_ONCE).collect().await
    }

    /// Runs what customers do while processes are killed and started again.
    pub(crate) async fn through<T>(&self, is_random: bool, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            never = self.keep_alive(is_random) => never,
            never = self.bring_webhooks() => never,
        }
    }

    /// After the last fault: nothing is left to do within a minute. The seconds that took, and all
    /// that is wrong.
    pub(crate) async fn is_right(&self, told: &[Told]) -> (Duration, Vec<String>) {
        let started = Instant::now();
        let calm = async {
            loop {
                tokio::time::sleep(Duration::from_millis(200)).await;
                if started.elapsed() > RECOVERED || !self.is_busy().await {
                    break;
                }
                self.hurry().await;
            }
        };
        self.through(false, calm).await;
        let took = started.elapsed();
        if self.till.shop.world.count("select count(*) from job_dead").await > 0 {
            for failure in self.failures.lock().unwrap().iter().chain(&self.failed_now()) {
                tests::tools::say(failure);
            }
        }
        (took, violations(&self.till.shop.world, &self.till.gateway, told).await)
    }

    /// Where there is one process, nobody else is at work: what waits for it to be surely dead, or
    /// to have surely committed, need not wait.
    async fn hurry(&self) {
        if self.processes.len() == 1 {
            let sooner = "update job set visible_at = now() where attempts = 0";
            self.till.shop.world.sql(sooner).await;
        }
    }

    /// The same for what a process held that is dead.
    async fn let_go(&self) {
        if self.processes.len() == 1 {
            for sooner in [
                "update job set visible_at = now()",
                "update checkout_call set lease_until = now() where body is null",
                "update orders set operation_due_at = now() where operation_due_at is not null",
            ] {
                self.till.shop.world.sql(sooner).await;
            }
        }
    }

    async fn is_busy(&self) -> bool {
        let open = "select (select count(*) from job)
             + (select count(*) from outbox where queue in ('sales', 'mail', 'hooks', 'payments'))
             + (select count(*) from orders where operation_due_at is not null)";
        !self.webhooks.lock().unwrap().is_empty() || self.till.shop.world.count(open).await > 0
    }

    /// Starts again what died, and kills what lives, by chance.
    async fn keep_alive(&self, is_random: bool) -> ! {
        loop {
            tokio::time::sleep(Duration::from_millis(30)).await;
            for process in &self.processes {
                let is_doomed = is_random && self.chance(60) == 0;
                if is_doomed {
                    process.victim.lock().unwrap().kill();
                }
                if process.victim.lock().unwrap().is_dead() {
                    self.died.fetch_add(1, Ordering::Relaxed);
                    let failed = process.victim.lock().unwrap().failures();
                    self.failures.lock().unwrap().extend(failed);
                    self.let_go().await;
                    *process.victim.lock().unwrap() = self.start(&process.folder, "");
                }
            }
        }
    }

    /// Brings what the provider says: each one to three times, in any order, until it is taken.
    async fn bring_webhooks(&self) -> ! {
        loop {
            for webhook in self.till.gateway.sandbox.take_pending().unwrap() {
                for _ in 0..=self.chance(3) {
                    self.webhooks.lock().unwrap().push(webhook.clone());
                }
            }
            let waiting = self.webhooks.lock().unwrap().len();
            for _ in 0..waiting {
                let position = self.chance(waiting);
                let webhook = self.webhooks.lock().unwrap().get(position).cloned();
                let Some(webhook) = webhook else { continue };
                let mut head =
                    "POST /v1/webhooks/payments/stripe HTTP/1.1\r\nhost: h\r\n".to_owned();
                for (name, value) in &webhook.headers {
                    head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
                }
                // Whoever stops here brings it once more.
                if let Ok((200, _)) = self.ask(self.chance(9), &head, &webhook.body).await {
                    self.webhooks.lock().unwrap().swap_remove(position);
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// One customer: buys, asks once more, pays; every fourth wants the money back.
    async fn serve_customer(&self, n: usize) -> Told {
        let head = format!(
            "POST /v1/checkout HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncart-token: token\r\nidempotency-key: key-{n}\r\n",
            self.till.shop.browser
        );
        let body = json!({ "cart": cart_id(n), "contact": {
            "email": format!("customer{n}@customer.example"), "name": "Ann",
            "shipping_address": {
                "lines": ["Main Street 1"], "city": "Berlin", "country": "DE" } } });
        let asked = (n, head.as_str(), body.to_string());
        let Some(first) = self.until_answered(&asked, 201).await else {
            return Told { order: None, answers: [vec![], vec![]], refunded_minor: 0 };
        };
        let made: Value = serde_json::from_slice(&first).unwrap();
        let order = made["order"].as_str().unwrap();
        let again = self.until_answered(&asked, 201).await.expect("it was answered before");
        if let Some(reference) = made["payment"]["reference"].as_str() {
            let stripe = &self.till.gateway.stripe;
            while stripe.confirm(reference, "pm_card_visa", &format!("pay-{n}")).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        let mut refunded_minor = 0;
        if n.is_multiple_of(4) {
            self.until_placed(n, order).await;
            refunded_minor = 1_000;
            let head = format!(
                "POST /v1/orders/{order}/refunds HTTP/1.1\r\nhost: h\r\n\
                 authorization: Bearer {}\r\ncontent-type: application/json\r\n\
                 idempotency-key: refund-{n}\r\n",
                self.owner
            );
            let body = json!({ "amount_minor": refunded_minor, "reason": "late" }).to_string();
            self.until_answered(&(n, head.as_str(), body), 200).await.expect("a refund");
        }
        let order = Some(OrderId(order.parse().unwrap()));
        Told { order, answers: [first, again], refunded_minor }
    }

    async fn until_placed(&self, n: usize, order: &str) {
        let head = format!(
            "GET /v1/orders/{order} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\n",
            self.owner
        );
        let started = Instant::now();
        loop {
            if let Ok((200, body)) = self.ask(n, &head, b"").await {
                let order: Value = serde_json::from_slice(&body).unwrap();
                if order["status"] != "open" {
                    return;
                }
            }
            assert!(started.elapsed() < PATIENCE, "{order} is not placed");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Asks with the same key until it is answered. None when the last piece is gone.
    async fn until_answered(
        &self,
        (n, head, body): &(usize, &str, String),
        wanted: u16,
    ) -> Option<Vec<u8>> {
        let started = Instant::now();
        let mut last = String::new();
        while started.elapsed() < PATIENCE {
            match self.ask(*n, head, body.as_bytes()).await {
                Ok((status, body)) if status == wanted => return Some(body),
                Ok((409, body)) if String::from_utf8_lossy(&body).contains("out_of_stock") => {
                    return None;
                }
                Ok((status @ (202 | 409 | 429 | 502 | 503 | 504), body)) => {
                    last = format!("{status} {}", String::from_utf8_lossy(&body));
                }
                Ok((status, body)) => panic!("{status} {}", String::from_utf8_lossy(&body)),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("customer {n} is not answered: {last}");
    }

    /// One request to one of the processes.
    async fn ask(&self, n: usize, head: &str, body: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let process = &self.processes[n % self.processes.len()];
        let address = process.victim.lock().unwrap().address;
        let mut connection = Connection::open(address).await?;
        let answer = connection.send(head, body);
        tokio::time::timeout(Duration::from_secs(35), answer)
            .await
            .unwrap_or_else(|_late| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn fill_carts(&self, count: usize) {
        let last = count - 1;
        let fill = format!(
            "with made as (
                 insert into cart (tenant, id, token_hash, country, currency, shipping, expires_at)
                 select 1, ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
                     sha256('token'), 'DE', 'EUR', '7a6e0000-0000-7000-8000-000000000352',
                     now() + interval '1 day'
                 from generate_series(0, {last}) n returning id)
             insert into cart_line (tenant, cart, id, variant, quantity)
             select 1, made.id, made.id, v.id, 1
             from made, variant v where v.sku = 'shirt-S'"
        );
        self.till.shop.world.sql(&fill).await;
    }

    /// A number below `below`, by xorshift.
    fn chance(&self, below: usize) -> usize {
        let mut dice = self.dice.lock().unwrap();
        *dice ^= *dice << 13;
        *dice ^= *dice >> 7;
        *dice ^= *dice << 17;
        usize::try_from(*dice % below as u64).unwrap()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        for process in &self.processes {
            process.victim.lock().unwrap().kill();
            let _stays = fs::remove_dir_all(&process.folder);
        }
    }
}

fn cart_id(n: usize) -> String {
    format!("00000000-0000-7000-9000-{n:012x}")
}
