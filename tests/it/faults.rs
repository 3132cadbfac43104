//! Whatever dies, comes twice, late or never: money, stock and figures are right. After each fault
//! the same checker looks at what is stored, and at nothing else.

use std::task::Poll;
use std::time::Duration;

use app::{config, relay, step};
use domain::message::QueueName;
use futures_util::future::{Either, join_all, poll_fn, select};
use local::sandbox::{Fault, FaultKind};
use serde_json::Value;
use tests::cutter::Cutter;

use self::checker::violations;
use self::front::{Front, Violence};
use crate::checkout::Till;

/// What must never be.
mod checker;
/// Databases that crash, and processes that sleep.
mod crashes;
/// Messages that are poison, and messages that never come.
mod deliveries;
/// Processes that die, and customers who do not mind.
mod front;
/// Wrongs that the checker must find.
mod planted;

const CALM: Violence = Violence { dies_at: "", visit: 0 };

/// Kills a process at every step of these names, at three visits each.
async fn killed_at(names: &str, customers: usize) {
    let steps: Vec<&str> = step::ALL.into_iter().filter(|step| step.starts_with(names)).collect();
    assert!(!steps.is_empty());
    for dies_at in steps {
        for visit in [1, 2, 3] {
            let violence = [Violence { dies_at, visit }];
            let stock = i32::try_from(customers).unwrap() - 1;
            let front = Front::open(dies_at, stock, &violence, visit.into()).await;
            let told = front.through(false, front.sell(customers)).await;
            let (_, wrong) = front.is_right(&told).await;
            assert_eq!(wrong, Vec::<String>::new(), "{dies_at}*{visit}");
            assert!(front.has_died(), "{dies_at}*{visit} was never reached");
            let sold = told.iter().filter(|told| told.order.is_some()).count();
            assert_eq!(sold, customers - 1, "{dies_at}*{visit}: the last shirt is sold, once");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn x01_a_checkout_killed_at_every_step() {
    killed_at("checkout.", 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x01_a_settlement_killed_at_every_step() {
    killed_at("settle.", 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x01_a_message_sent_and_not_taken_out_of_the_outbox() {
    killed_at("relay.", 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x01_a_refund_killed_at_every_step() {
    killed_at("order.", 13).await;
    killed_at("provider.", 13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x01_a_sweep_killed_at_every_step() {
    for dies_at in step::ALL.into_iter().filter(|step| step.starts_with("sweep.")) {
        let till = Till::with_stock(5).await;
        let on = "POST /v1/payment_intents".to_owned();
        till.gateway.sandbox.fail(Fault { on, kind: FaultKind::ErrorAfter, times: 9 });
        for key in ["one", "two", "three"] {
            let basket = till.basket(1).await;
            till.check_out(&basket, key).await.expect(202);
        }
        // Nobody was there when the look came; the sweeper is.
        till.shop.world.sql("delete from job").await;
        till.shop.world.sql("update orders set operation_due_at = now()").await;
        let front = Front::over(till, dies_at, &[Violence { dies_at, visit: 1 }], 1).await;
        let died = async {
            while !front.has_died() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        front.through(false, died).await;
        let (_, wrong) = front.is_right(&[]).await;
        assert_eq!(wrong, Vec::<String>::new(), "{dies_at}");
        assert_eq!(front.till.payments().await, 3, "{dies_at}");
        let made = "select count(*) from payment where reference is not null";
        assert_eq!(front.till.shop.world.count(made).await, 3, "{dies_at}");
    }
}

/// `STORM_ORDERS=10000` makes it a long one.
#[tokio::test(flavor = "multi_thread")]
async fn x02_processes_killed_at_random_and_customers_who_ask_again() {
    let orders = config::read("STORM_ORDERS").map_or(150, |orders| orders.parse().unwrap());
    let stock = i32::try_from(orders * 9 / 10).unwrap();
    let front = Front::open("storm", stock, &[CALM; 3], 7).await;
    let told = front.through(true, front.sell(orders)).await;
    let (took, wrong) = front.is_right(&told).await;
    assert_eq!(wrong, Vec::<String>::new());
    let sold = told.iter().filter(|told| told.order.is_some()).count();
    assert_eq!(i32::try_from(sold).unwrap(), stock, "every shirt is sold, once");
    assert!(front.has_died());
    let (started, died) = front.processes();
    let took_s = took.as_secs_f64();
    tests::tools::say(&format!(
        "{orders} carts, {sold} orders, {died} of {started} processes killed, calm in {took_s:.0} s"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn x03_killed_while_the_provider_holds_its_answer() {
    let front = Front::open("holding", 9, &[CALM; 2], 3).await;
    for on in ["POST /v1/payment_intents", "POST /v1/refunds"] {
        let (on, kind) = (on.to_owned(), FaultKind::HangAfter);
        front.till.gateway.sandbox.fail(Fault { on, kind, times: 4 });
    }
    let told = front.through(true, front.sell(10)).await;
    let (_, wrong) = front.is_right(&told).await;
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn x05_x06_notices_come_up_to_three_times_and_in_any_order() {
    let front = Front::open("disorder", 40, &[CALM; 2], 5).await;
    let told = front.through(false, front.sell(40)).await;
    let (_, wrong) = front.is_right(&told).await;
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn x11_a_connection_cut_after_any_byte_costs_a_retry_and_nothing_else() {
    let till = Till::with_stock(100).await;
    let cutter = Cutter::before(till.shop.world.database_url(app::Role::App)).await;
    let till = till.with_database(cutter.url());
    let mut sold = 0;
    let mut cut = 0;
    for bytes in (0..2_400).step_by(30) {
        let basket = till.basket(1).await;
        let key = format!("cut-after-{bytes}");
        cutter.cut_after(bytes);
        loop {
            match till.check_out(&basket, &key).await.status {
                201 => break,
                202 | 409 | 503 => cut += 1,
                status => panic!("{status} after {bytes} bytes"),
            }
            // The call that was cut is over.
            till.shop.world.sql("update checkout_call set lease_until = now()").await;
        }
        cutter.heal();
        sold += 1;
    }
    assert!(cut > 40, "{cut} of {sold} were cut");
    assert_eq!(
        (till.orders().await, till.payments().await),
        (sold, usize::try_from(sold).unwrap())
    );
    assert_eq!(till.shop.world.count("select sum(reserved)::bigint from stock").await, sold);
}

#[tokio::test(flavor = "multi_thread")]
async fn x12_a_request_that_is_dropped_wherever_it_waits_holds_nothing() {
    let till = Till::with_stock(100).await;
    for polls in 1..40 {
        let basket = till.basket(1).await;
        let key = format!("dropped-{polls}");
        let mut asked = Box::pin(till.check_out(&basket, &key));
        let mut left = polls;
        poll_fn(|context| {
            left -= 1;
            let is_answered = asked.as_mut().poll(context).is_ready();
            if is_answered || left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        drop(asked);
    }
    let open = "select count(*) from pg_stat_activity
         where datname = current_database() and state like 'idle in transaction%'";
    let mut tries = 0;
    while till.shop.world.count(open).await > 0 {
        tries += 1;
        assert!(tries < 50, "a transaction stays open");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let basket = till.basket(1).await;
    till.check_out(&basket, "after").await.expect(201);
}

#[tokio::test]
async fn x19_a_provider_that_hangs_holds_up_nobody_else() {
    let till = Till::with_stock(100).await;
    let on = "POST /v1/payment_intents".to_owned();
    till.gateway.sandbox.fail(Fault { on, kind: FaultKind::HangBefore, times: 100 });
    let baskets = join_all((0..20).map(|_| till.basket(1))).await;
    let keys: Vec<String> = (0..20).map(|n| format!("hangs-{n}")).collect();
    let asked = baskets.iter().zip(&keys).map(|(basket, key)| till.check_out(basket, key));
    // More than there are connections: none of them waits with one in its hand.
    let others = join_all(baskets.iter().map(|basket| till.shop.read(basket)));
    let Either::Right((read, asked)) = select(Box::pin(join_all(asked)), Box::pin(others)).await
    else {
        panic!("the hanging ones were answered first")
    };
    assert_eq!(read.len(), 20);
    assert!(asked.await.iter().all(|answer| answer.status == 202));
}

#[tokio::test(flavor = "multi_thread")]
async fn x20_a_provider_that_fails_in_every_way_is_asked_until_all_is_right() {
    let front = Front::open("failing", 30, &[CALM], 9).await;
    let kinds = [
        FaultKind::RateLimit { retry_after_s: None },
        FaultKind::ErrorBefore,
        FaultKind::ErrorAfter,
        FaultKind::ErrorKept,
    ];
    for on in ["POST /v1/payment_intents", "POST /v1/refunds"] {
        for kind in kinds {
            front.till.gateway.sandbox.fail(Fault { on: on.to_owned(), kind, times: 6 });
        }
    }
    let told = front.through(false, front.sell(30)).await;
    let (_, wrong) = front.is_right(&told).await;
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn x16_x21_what_two_write_and_many_send_is_sent_once_and_nothing_is_skipped() {
    let till = Till::with_stock(0).await;
    let world = &till.shop.world;
    world.sql("delete from job").await;
    let post = |n: i32| {
        format!(
            "insert into outbox (tenant, queue, body)
             values (1, 'forecasts', '{{\"n\":{n}}}')"
        )
    };
    let owner = local::postgres::options_of(world.database_url(app::Role::Owner));
    let mut slow = store::connect(&owner).await.unwrap();
    for n in 0..100 {
        // The first of the two commits last.
        let first = slow.transaction().await.unwrap();
        first.execute(&post(2 * n), &[]).await.unwrap();
        world.sql(&post(2 * n + 1)).await;
        let app = world.app(app::Role::System);
        let relay = || relay::outbox(&app, None, &[QueueName::Forecasts]);
        let sent = join_all([relay(), relay()]).await.into_iter().map(Result::unwrap);
        assert_eq!(sent.sum::<usize>(), 1);
        first.commit().await.unwrap();
        let sent = join_all([relay(), relay()]).await.into_iter().map(Result::unwrap);
        assert_eq!(sent.sum::<usize>(), 1);
    }
    let bodies = world.sql("select body from job where queue = 'forecasts'").await;
    let mut seen: Vec<i64> = bodies
        .iter()
        .map(|row| serde_json::from_str::<Value>(row.get(0)).unwrap()["n"].as_i64().unwrap())
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..200).collect::<Vec<_>>());
}
