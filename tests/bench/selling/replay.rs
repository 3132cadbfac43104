use std::time::Instant;

use app::Role;
use store::replay::{Purpose, replay};

use super::shop::Shop;
use super::{AT_ONCE, PRODUCTS};
use crate::table::Table;

const ORDERS: i64 = 100_000;

/// Orders that were opened, and half of them paid, are made anew from their events.
pub(crate) async fn run() -> Table {
    let mut table = Table::default();
    let shop = Shop::open(PRODUCTS, None).await;
    let carts = shop.carts(ORDERS - 1, 3, false).await;
    shop.sell(carts, AT_ONCE).await;
    shop.settle(&shop.unpaid(ORDERS / 2).await).await;
    shop.world.sql("vacuum analyze").await;
    let owner = shop.world.app(Role::Owner);
    let started = Instant::now();
    let mut tell = |fault: &_| unreachable!("it is as the events say: {fault:?}");
    let done = replay(&owner.db, shop.world.tenant().number, Purpose::Look, &mut tell).await;
    let (done, took_s) = (done.expect("Postgres is there"), started.elapsed().as_secs_f64());
    let pace = done.events as f64 / took_s;
    let what = format!("{} orders, {} events made anew: equal", done.orders, done.events);
    table.row(&what, format!("{took_s:.1} s, {pace:.0} events/s"), String::new(), "");
    table
}
