//! Orders are written with all that follows from them, or not at all.

use app::Role;
use domain::id::{
    CartId, ContactId, LineId, LocationId, OrderId, PaymentId, ProductId, RefundId, TenantNumber,
    VariantId,
};
use domain::money::Money;
use domain::order::{Capture, Command, Event, Heard, Line, Order, Pick, Terms, Totals};
use domain::order::{OrderStatus, Rejected, decide, open};
use domain::payment::{Fact, STRIPE};
use domain::tenant::Currency;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use store::orders::{self, Writing};
use store::{Db, Error};
use tests::World;
use uuid::Uuid;

const NOW: &str = "2026-11-21T07:00:00Z";
const VARIANT: VariantId = VariantId(Uuid::from_u128(0x11));
const SHELF: LocationId = LocationId(Uuid::from_u128(0x22));

struct Shop {
    world: World,
    db: Db,
    tenant: TenantNumber,
}

impl Shop {
    /// A shop with so many pieces of one thing.
    async fn with_stock(on_hand: i32) -> Self {
        let world = World::at(NOW).await.with_tenant("Europe/Berlin").await;
        let (variant, shelf) = (VARIANT.0, SHELF.0);
        for sql in [
            format!(
                "insert into product (tenant, id, slug, title) values (1, '{variant}', 'a', 'A')"
            ),
            format!(
                "insert into variant (tenant, id, product, sku)
                 values (1, '{variant}', '{variant}', 'A')"
            ),
            format!("insert into location values (1, '{shelf}', 'Shelf')"),
            format!("insert into stock values (1, '{variant}', '{shelf}', {on_hand})"),
            format!(
                "insert into stock_movement (tenant, variant, location, on_hand, reserved,
                    allocated, reason, actor)
                 values (1, '{variant}', '{shelf}', {on_hand}, 0, 0, 'counted', 'test')"
            ),
        ] {
            world.sql(&sql).await;
        }
        let (db, tenant) = (world.app(Role::App).db.clone(), world.tenant().number);
        Self { world, db, tenant }
    }

    async fn write(
        &self,
        id: OrderId,
        before: Option<&Order>,
        events: &[Event],
    ) -> Result<Order, Error> {
        let at = NOW.parse().unwrap();
        let writing = Writing {
            id,
            before,
            events,
            actor: "test",
            request_id: None,
            at,
            gateway: STRIPE,
            posted: &[],
        };
        orders::write(&self.db, self.tenant, &writing).await
    }

    async fn open(&self) -> Result<Order, Error> {
        let id = OrderId(Uuid::now_v7());
        let picks = vec![Pick { variant: VARIANT, location: SHELF, quantity: 1 }];
        let events = open(id, terms(), picks, PaymentId(Uuid::now_v7())).unwrap();
        self.write(id, None, &events).await
    }

    /// What the provider does when it is told that a payment was made, as often as it takes.
    async fn hear(&self, id: OrderId, fact: &Fact) -> Order {
        loop {
            let loaded = orders::load_to_pay(&self.db, self.tenant, id).await.unwrap().unwrap();
            let heard = Heard {
                payment: loaded.order.payments[0].id,
                fact: fact.clone(),
                offers: loaded.offers,
                refund: RefundId(Uuid::now_v7()),
            };
            let events = decide(&loaded.order, Command::Hear(heard)).unwrap();
            if events.is_empty() {
                return loaded.order;
            }
            match self.write(id, Some(&loaded.order), &events).await {
                Err(error) if error.is_conflict() => {}
                written => return written.unwrap(),
            }
        }
    }

    /// Σ of the ledger less the columns, what is sold beyond the stock, and books out of balance.
    async fn faults(&self) -> i64 {
        self.world
            .count(
                "select (
                    select coalesce(sum(abs(s.on_hand - m.on_hand) + abs(s.reserved - m.reserved)
                        + abs(s.allocated - m.allocated)), 0)::bigint
                    from stock s
                    join (
                        select variant, sum(on_hand) as on_hand, sum(reserved) as reserved,
                            sum(allocated) as allocated
                        from stock_movement group by variant
                    ) m using (variant)
                 ) + (
                    select count(*) from stock where on_hand - reserved - allocated < 0
                 ) + (
                    select count(*) from (
                        select 1 from posting group by order_id, version
                        having sum(amount_minor) <> 0
                    ) p
                 )",
            )
            .await
    }
}

fn terms() -> Terms {
    let now: Timestamp = NOW.parse().unwrap();
    Terms {
        cart: CartId(Uuid::now_v7()),
        contact: ContactId(Uuid::now_v7()),
        currency: Currency::try_from("EUR".to_owned()).unwrap(),
        country: "DE".to_owned(),
        channel: "web".to_owned(),
        lines: vec![Line {
            id: LineId(Uuid::now_v7()),
            product: ProductId(VARIANT.0),
            variant: VARIANT,
            sku: "A".to_owned(),
            title: "A".to_owned(),
            categories: vec![],
            quantity: 1,
            is_stocked: true,
            unit_price_minor: 1190,
            discount_minor: 0,
            net_minor: 1000,
            tax_minor: 190,
        }],
        delivery: None,
        totals: Totals {
            subtotal_minor: 1190,
            net_minor: 1000,
            tax_minor: 190,
            total_minor: 1190,
            ..Totals::default()
        },
        capture: Capture::Automatic,
        expires_at: now + SignedDuration::from_hours(1),
    }
}

fn paid() -> Fact {
    let currency = Currency::try_from("EUR".to_owned()).unwrap();
    Fact::Captured { amount: Money { amount_minor: 1190, currency } }
}

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
    let terms = terms();
    let open_once = || async {
        let id = OrderId(Uuid::now_v7());
        let picks = vec![Pick { variant: VARIANT, location: SHELF, quantity: 1 }];
        let events = open(id, terms.clone(), picks, PaymentId(Uuid::now_v7())).unwrap();
        shop.write(id, None, &events).await
    };
    let answers = join_all((0..20).map(|_| open_once())).await;
    let refused: Vec<Error> = answers.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 19);
    assert!(refused.iter().all(|error| error.constraint() == Some("orders_cart")));
    assert_eq!(shop.world.count("select sum(reserved)::bigint from stock").await, 1);
    assert_eq!(shop.faults().await, 0);
}
