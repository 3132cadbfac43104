//! Orders are written with all that follows from them, or not at all.

use domain::id::{OrderId, PaymentId, RefundId};
use domain::order::{Command, Order, OrderStatus, Pick, Rejected, decide, open};
use futures_util::future::join_all;
use store::{Error, orders};
use uuid::Uuid;

use self::shop::{SHELF, Shop, VARIANT, paid, terms};

/// Orders over HTTP.
pub(crate) mod desk;
/// Orders that are changed after they were opened.
mod edits;
/// A shop with orders that wait for their payments.
pub(crate) mod shop;

#[tokio::test]
async fn f01_the_last_piece_is_sold_once_to_a_hundred_customers() {
    let shop = Shop::with_stock(1).await;
    let answers = join_all((0..100).map(|_| shop.open())).await;
    let (sold, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((sold.len(), refused.len()), (1, 99));
    for error in refused.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.constraint(), Some("stock_not_oversold"), "{error:?}");
    }
    assert_eq!(shop.world.count("select count(*) from orders").await, 1);
    assert_eq!(shop.world.count("select count(*) from order_event").await, 3);
    assert_eq!(shop.faults().await, 0);
}

#[tokio::test]
async fn f12_f14_twenty_copies_of_a_notice_have_one_effect_and_numbers_have_no_gap() {
    let shop = Shop::with_stock(10).await;
    let opened = join_all((0..10).map(|_| shop.open())).await;
    let opened: Vec<Order> = opened.into_iter().map(Result::unwrap).collect();
    assert!(opened.iter().all(|order| order.number.is_none()));
    let copies = opened.iter().flat_map(|order| std::iter::repeat_n(order.id, 20));
    let fact = paid();
    let settled = join_all(copies.map(|id| shop.hear(id, &fact))).await;
    let mut numbers: Vec<i64> =
        settled.iter().map(|order| order.number.expect("it is placed")).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (1..=10).collect::<Vec<i64>>());
    let captured = "select count(*) from order_event where kind = 'payment.captured.v1'";
    assert_eq!(shop.world.count(captured).await, 10);
    let allocated = "select sum(allocated)::bigint from stock where reserved = 0";
    assert_eq!(shop.world.count(allocated).await, 10);
    assert_eq!(shop.faults().await, 0);
}

#[tokio::test]
async fn what_is_paid_at_once_is_placed_at_once_and_two_for_the_last_piece_spoil_nothing() {
    let shop = Shop::with_stock(20).await;
    let opened = join_all((0..20).map(|_| shop.open())).await;
    let mut orders: Vec<Order> = opened.into_iter().map(Result::unwrap).collect();
    for late in &orders[..2] {
        let over = Command::Expire { now: late.terms.expires_at };
        let events = decide(late, over).unwrap();
        shop.write(late.id, Some(late), &events).await.unwrap();
    }
    orders.push(shop.open().await.unwrap());
    let fact = paid();
    let settled = join_all(orders.iter().map(|order| shop.hear(order.id, &fact))).await;
    let mut numbers: Vec<i64> = settled.iter().filter_map(|order| order.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<i64>>());
    let left = settled.iter().find(|order| order.number.is_none()).unwrap();
    assert_eq!(left.refunding_minor(), left.terms.totals.total_minor, "its money goes back");
    assert_eq!(shop.faults().await, 0);
    shop.world.sql("update stock set on_hand = on_hand + 30").await;
    shop.world.sql("update stock_movement set on_hand = 50 where reason = 'counted'").await;
    let more = join_all((0..30).map(|_| shop.open())).await;
    let more = more.into_iter().map(|order| order.unwrap().id);
    join_all(more.map(async |id| shop.hear(id, &fact).await)).await;
    let transactions = "select count(distinct xmin::text) from orders where number > 20";
    let transactions = shop.world.count(transactions).await;
    assert!(transactions < 15, "30 orders took {transactions} transactions");
    assert_eq!(shop.faults().await, 0);
}

#[tokio::test]
async fn an_order_is_loaded_as_it_was_written_and_its_projection_says_the_same() {
    let shop = Shop::with_stock(1).await;
    let id = shop.open().await.unwrap().id;
    let placed = shop.hear(id, &paid()).await;
    let loaded = orders::load(&shop.db, shop.tenant, id).await.unwrap().unwrap();
    assert_eq!(loaded, placed);
    assert_eq!((loaded.status(), loaded.number), (OrderStatus::Confirmed, Some(1)));
    let row =
        &shop.world.sql("select status, payment_status, number, version from orders").await[0];
    let told: (String, String, i64, i32) = (row.get(0), row.get(1), row.get(2), row.get(3));
    assert_eq!(told, ("confirmed".to_owned(), "captured".to_owned(), 1, loaded.version));
    let cancel = Command::Cancel { reason: "changed".to_owned(), refund: RefundId(Uuid::now_v7()) };
    let events = decide(&loaded, cancel).unwrap();
    let cancelled = shop.write(id, Some(&loaded), &events).await.unwrap();
    assert_eq!(cancelled.status(), OrderStatus::Cancelled);
    assert_eq!(shop.world.count("select sum(reserved + allocated)::bigint from stock").await, 0);
    assert_eq!(shop.faults().await, 0);
    let again = Command::Capture { payment: loaded.payments[0].id, amount_minor: None };
    assert_eq!(decide(&cancelled, again), Err(Rejected::Ended));
}

#[tokio::test]
async fn f15_a_cart_becomes_one_order() {
    let shop = Shop::with_stock(5).await;
    let terms = terms(Uuid::now_v7());
    let open_once = || async {
        let id = OrderId(Uuid::now_v7());
        let picks = vec![Pick { variant: VARIANT, location: SHELF, quantity: 1 }];
        let events = open(id, terms.clone(), picks, PaymentId(Uuid::now_v7()), None).unwrap();
        shop.write(id, None, &events).await
    };
    let answers = join_all((0..20).map(|_| open_once())).await;
    let refused: Vec<Error> = answers.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 19);
    assert!(refused.iter().all(|error| error.constraint() == Some("orders_cart")));
    assert_eq!(shop.world.count("select sum(reserved)::bigint from stock").await, 1);
    assert_eq!(shop.faults().await, 0);
}
