use std::sync::atomic::Ordering;
use std::time::Duration;

use tests::World;

use self::shop::{Shop, one_call};
use crate::table::Table;

/// Answers that come late.
mod delay;
/// Orders are what their events say.
mod replay;
/// Notices of payments become placed orders.
mod settle;
/// What is sold, how, and the same by one call of Postgres.
mod shop;
/// Notices of payments are taken in.
mod webhooks;

pub(crate) use self::replay::run as run_replay;
pub(crate) use self::settle::run as run_settle;
pub(crate) use self::webhooks::run as run_webhooks;

/// Products that are sold.
const PRODUCTS: i64 = 10_000;
/// Orders of one run.
const ORDERS: i64 = 6_000;
const RUNS: usize = 3;
const LINES: i64 = 3;
/// Customers and notices at once, on half as many connections.
const AT_ONCE: usize = 32;
/// Makes a round trip of 6 ms: a timer rounds up to whole milliseconds.
const ONE_WAY: Duration = Duration::from_micros(2_250);

/// Orders of three products each, from the request to the committed order that waits for its
/// payment, without the provider. In the same database, by turns: one call of Postgres that writes
/// the same rows under the same policies.
pub(crate) async fn run() -> Table {
    let mut table = Table::default();
    let shop = Shop::open(PRODUCTS, None).await;
    shop.warm_up().await;
    let mut spread = 0.0;
    for (what, is_hot) in [("orders, spread", false), ("orders, one hot product", true)] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let carts = shop.carts(ORDERS, LINES, is_hot).await;
            ours.push(shop.sell(carts, AT_ONCE).await);
            let carts = shop.carts(ORDERS, LINES, is_hot).await;
            theirs.push(one_call(&shop.world, "open_as_one_call()", (carts.start, ORDERS)).await);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        table.row(what, rate(ours), against(ours, theirs), ">= 0.6");
        let carts = shop.carts(ORDERS, LINES, is_hot).await;
        let latency = shop.sell_at(carts, ours / 2.0).await;
        let what = format!("{what}, at half the peak");
        table.row(&what, latency.to_string(), String::new(), "p99 <= 60 ms");
        spread = if is_hot { spread } else { ours };
    }
    shop.is_right().await;
    far_away(&mut table).await;
    by_products(&mut table).await;
    by_orders(&shop, spread, &mut table).await;
    table
}

/// Postgres is 6 ms away.
async fn far_away(table: &mut Table) {
    let shop = Shop::open(PRODUCTS, Some(ONE_WAY)).await;
    let away_ms = shop.round_trip_ms().await;
    shop.warm_up().await;
    let carts = shop.carts(ORDERS, LINES, false).await;
    let ours = shop.sell(carts, 64).await;
    let what = format!("orders, Postgres {away_ms:.1} ms away, 16 connections");
    table.row(&what, rate(ours), String::new(), ">= 700/s");
}

/// An order of one line costs the same, however many products there are.
async fn by_products(table: &mut Table) {
    let mut costs = Vec::new();
    for products in [1, PRODUCTS] {
        let shop = Shop::open(products, None).await;
        shop.warm_up().await;
        let carts = shop.carts(ORDERS / 4, 1, false).await;
        costs.push(1e3 / shop.sell(carts, 1).await);
    }
    let figure = format!("{:.2} ms, {:.2} ms", costs[0], costs[1]);
    let ratio = format!("{:.2}", costs[1] / costs[0]);
    table.row("an order of 1 and of 10,000 products", figure, ratio, "<= 1.2");
}

/// Orders are as fast after a million of them.
async fn by_orders(shop: &Shop, before: f64, table: &mut Table) {
    shop.grow(1_000_000).await;
    shop.warm_up().await;
    let mut after = Vec::new();
    for _ in 0..RUNS {
        let carts = shop.carts(ORDERS, LINES, false).await;
        after.push(shop.sell(carts, AT_ONCE).await);
    }
    let after = median(after);
    let ratio = format!("{:.2} (before: {before:.0}/s)", before / after);
    table.row("orders, spread, after a million", rate(after), ratio, "<= 1.2");
}

impl Shop {
    /// Every connection has made its plans.
    async fn warm_up(&self) {
        let carts = self.carts(600, LINES, false).await;
        self.sell(carts, AT_ONCE).await;
    }

    /// Nothing is lost, nothing is sold twice, and the ledger of stock adds up.
    async fn is_right(&self) {
        let sold = self.sold.load(Ordering::Relaxed);
        let world: &World = &self.world;
        let ours = "select count(*) from checkout_call where key like 'key-%'";
        assert_eq!(world.count(ours).await, sold, "every answered order is there, once");
        let apart = "select count(*) from stock s
             left join (select variant, sum(reserved) as reserved, sum(allocated) as allocated
                 from stock_movement group by variant) m on m.variant = s.variant
             where (s.reserved, s.allocated)
                 is distinct from (coalesce(m.reserved, 0), coalesce(m.allocated, 0))";
        assert_eq!(world.count(apart).await, 0, "stock is what was moved");
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn rate(per_second: f64) -> String {
    format!("{per_second:.0} orders/s")
}

fn against(ours: f64, theirs: f64) -> String {
    format!("{:.2} (one call: {theirs:.0}/s)", ours / theirs)
}
