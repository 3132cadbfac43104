use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use app::Role;
use app::port::Outgoing;
use domain::message::QueueName;
use domain::payment::sign;
use jiff::Timestamp;
use serde_json::json;
use tests::World;
use tests::connection::Connection;
use tests::gateway::WEBHOOK_SECRET;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::settle::Unpaid;
use super::shop::Shop;
use super::{AT_ONCE, PRODUCTS};
use crate::latency::{Latency, at_a_rate, connections};
use crate::table::{Table, percentile};

/// Of each run.
const ORDERS: usize = 5_000;
const A_SECOND: f64 = 500.0;
/// Clients at once: a late answer delays no other call.
const CLIENTS: usize = 64;

/// Payment notices at a steady rate, in an open loop, every tenth of them twice: from the request
/// to the answer, beside what the queue alone takes to make such a message safe. Then the same
/// while the orders are settled.
pub(crate) async fn run() -> Table {
    let mut table = Table::default();
    let shop = Shop::open(PRODUCTS, None).await;
    let carts = shop.carts(2 * ORDERS as i64, 3, false).await;
    shop.sell(carts, AT_ONCE).await;
    let unpaid = shop.unpaid(2 * ORDERS as i64).await;
    let world = shop.world.with_setup(|setup| {
        WEBHOOK_SECRET.clone_into(&mut setup.config.stripe_webhook_secrets);
    });
    let router = world.host().router();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    let (first, second) = unpaid.split_at(ORDERS);
    let bare = async {
        let alone = flush(&world, first).await;
        table.row("queue alone, 500 messages/s", alone.to_string(), String::new(), "");
        world.sql("delete from job").await;
        world.sql("checkpoint").await;
        let (acknowledged, _) = notify(address, first).await;
        let more = acknowledged.p99 - alone.p99;
        let against = format!("p99 {more:+.1} ms");
        table.row("webhooks, 500/s, none settled", acknowledged.to_string(), against, "<= +5 ms");
        world.sql("delete from job").await;
        world.sql("checkpoint").await;
    };
    tokio::select! {
        () = bare => {}
        _ended = axum::serve(listener, router).into_future() => unreachable!("it serves on"),
    }
    settled(&world, second, &mut table).await;
    table
}

/// The same with everything that follows.
async fn settled(world: &World, unpaid: &[Unpaid], table: &mut Table) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = world.host().serve(listener, async { stopped.await.unwrap_or_default() });
    let work = async {
        let (acknowledged, sent) = notify(address, unpaid).await;
        table.row("webhooks, 500/s, all settled", acknowledged.to_string(), String::new(), "");
        let patience = Instant::now() + Duration::from_secs(300);
        let open = "select count(*) from job where queue = 'payments' and visible_at < now()";
        while world.count(open).await > 0 {
            assert!(Instant::now() < patience, "the notices are not settled");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let heard = world.sql("select event, recorded_at from payment_notice").await;
        let mut waited: Vec<f64> = heard
            .iter()
            .filter_map(|row| {
                let sent = sent.get(row.get::<_, &str>(0))?;
                Some(row.get::<_, Timestamp>(1).duration_since(*sent).as_secs_f64() * 1e3)
            })
            .collect();
        assert_eq!(waited.len(), unpaid.len(), "every notice is heard once");
        waited.sort_by(f64::total_cmp);
        let figure = format!(
            "p50 {:.0} ms, p95 {:.0} ms",
            percentile(&waited, 0.5),
            percentile(&waited, 0.95)
        );
        table.row("from a webhook to its settling", figure, String::new(), "p95 <= 2,000 ms");
        let _gone = stop.send(());
    };
    let (served, ()) = tokio::join!(serving, work);
    served.expect("it served");
}

/// What the queue takes for messages of such a size at such a rate.
async fn flush(world: &World, unpaid: &[Unpaid]) -> Latency {
    let queue = &world.app(Role::App).queue;
    at_a_rate(vec![(); CLIENTS], (unpaid.len(), A_SECOND), async |(), position| {
        let body = String::from_utf8(body(&unpaid[position])).expect("it is text");
        let outgoing = Outgoing { body, ..Outgoing::default() };
        queue.send(QueueName::Payments, &[outgoing]).await.expect("it is sent");
    })
    .await
}

/// Sends notices; how long each took, and when it was sent first.
async fn notify(address: SocketAddr, unpaid: &[Unpaid]) -> (Latency, HashMap<String, Timestamp>) {
    let sent = Mutex::new(HashMap::new());
    let all: Vec<&Unpaid> = unpaid
        .iter()
        .enumerate()
        .flat_map(|(n, unpaid)| std::iter::repeat_n(unpaid, if n % 10 == 0 { 2 } else { 1 }))
        .collect();
    let call = async |connection: &mut Connection, position: usize| {
        let unpaid = all[position];
        let body = body(unpaid);
        let now = app::Clock::System.now();
        let signature = sign(&body, WEBHOOK_SECRET.as_bytes(), now);
        let head = format!(
            "POST /v1/webhooks/payments/stripe HTTP/1.1\r\nhost: localhost\r\n\
             content-type: application/json\r\nstripe-signature: {signature}\r\n"
        );
        sent.lock().expect("nobody panics").entry(event(unpaid)).or_insert(now);
        let (status, _) = connection.send(&head, &body).await.expect("an answer");
        assert_eq!(status, 200);
    };
    let clients = connections(address, CLIENTS).await;
    let latency = at_a_rate(clients, (all.len(), A_SECOND), call).await;
    (latency, sent.into_inner().expect("nobody panics"))
}

fn event(unpaid: &Unpaid) -> String {
    format!("evt_{}", unpaid.subject.order)
}

fn body(unpaid: &Unpaid) -> Vec<u8> {
    let Unpaid { subject, amount } = unpaid;
    json!({
        "id": event(unpaid), "object": "event", "type": "payment_intent.succeeded",
        "created": app::Clock::System.now().as_second(), "livemode": false,
        "data": { "object": {
            "id": format!("pi_{}", subject.order), "object": "payment_intent",
            "amount": amount.amount_minor, "amount_received": amount.amount_minor,
            "currency": "eur", "status": "succeeded", "capture_method": "automatic",
            "metadata": { "tenant": subject.tenant.to_string(), "order": subject.order.to_string(),
                          "payment": subject.payment.to_string() },
        } },
    })
    .to_string()
    .into_bytes()
}
