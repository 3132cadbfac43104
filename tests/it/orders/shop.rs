//! A shop with orders that wait for their payments.

use app::Role;
use domain::id::{
    CartId, ContactId, LineId, LocationId, OrderId, PaymentId, ProductId, RefundId, TenantNumber,
    VariantId,
};
use domain::money::Money;
use domain::order::{Capture, Command, Event, Heard, Line, Order, Pick, Terms, Totals, open};
use domain::payment::{Fact, STRIPE};
use domain::tenant::Currency;
use jiff::{SignedDuration, Timestamp};
use store::orders::{self, Act, Loaded, Writing};
use store::{Db, Error};
use tests::World;
use uuid::Uuid;

pub(crate) const NOW: &str = "2026-11-21T07:00:00Z";
pub(crate) const VARIANT: VariantId = VariantId(Uuid::from_u128(0x11));
pub(crate) const SHELF: LocationId = LocationId(Uuid::from_u128(0x22));

/// One tenant, and one thing to sell.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) db: Db,
    pub(crate) tenant: TenantNumber,
}

impl Shop {
    /// A shop with so many pieces of one thing.
    pub(crate) async fn with_stock(on_hand: i32) -> Self {
        let world = World::at(NOW).await.with_tenant("Europe/Berlin").await;
        stock(&world, on_hand).await;
        let (db, tenant) = (world.app(Role::App).db.clone(), world.tenant().number);
        Self { world, db, tenant }
    }

    pub(crate) async fn write(
        &self,
        id: OrderId,
        before: Option<&Order>,
        events: &[Event],
    ) -> Result<Order, Error> {
        let at = NOW.parse().unwrap();
        write(&self.db, self.tenant, (id, before, events), at).await
    }

    /// An order of one piece, whose payment is asked for and not made yet.
    pub(crate) async fn open(&self) -> Result<Order, Error> {
        let id = OrderId(Uuid::now_v7());
        self.write(id, None, &opened(id, Uuid::now_v7(), PaymentId(Uuid::now_v7()))).await
    }

    /// What the provider does when it is told that a payment was made, as often as it takes.
    pub(crate) async fn hear(&self, id: OrderId, fact: &Fact) -> Order {
        let act = Act::by("test", STRIPE, NOW.parse().unwrap());
        let commands = |loaded: &Loaded| {
            Ok(vec![Command::Hear(Heard {
                payment: loaded.order.payments[0].id,
                fact: fact.clone(),
                offers: loaded.offers.clone(),
                refund: RefundId(Uuid::now_v7()),
            })])
        };
        orders::commit(&self.db, self.tenant, id, &act, commands).await.unwrap().order
    }

    /// Σ of the ledger less the columns, what is sold beyond the stock, and books out of balance.
    pub(crate) async fn faults(&self) -> i64 {
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

/// Writes what happened to an order.
pub(crate) async fn write(
    db: &Db,
    tenant: TenantNumber,
    (id, before, events): (OrderId, Option<&Order>, &[Event]),
    at: Timestamp,
) -> Result<Order, Error> {
    let act = Act::by("test", STRIPE, at);
    let writing = Writing { id, before, events, act: &act, opening: None, answer: None };
    orders::write(db, tenant, &writing).await
}

/// The opening of an order of one piece from the shelf.
pub(crate) fn opened(id: OrderId, seed: Uuid, payment: PaymentId) -> Vec<Event> {
    let picks = vec![Pick { variant: VARIANT, location: SHELF, quantity: 1 }];
    open(id, terms(seed), picks, payment, None).expect("it adds up")
}

/// Puts so many pieces of one thing on a shelf of the first tenant.
pub(crate) async fn stock(world: &World, on_hand: i32) {
    let (variant, shelf) = (VARIANT.0, SHELF.0);
    for sql in [
        format!("insert into product (tenant, id, slug, title) values (1, '{variant}', 'a', 'A')"),
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
}

/// One piece at 11.90 euros; `seed` is its cart, its contact and its line.
pub(crate) fn terms(seed: Uuid) -> Terms {
    let now: Timestamp = NOW.parse().unwrap();
    Terms {
        cart: CartId(seed),
        contact: ContactId(seed),
        currency: Currency::try_from("EUR".to_owned()).unwrap(),
        country: "DE".to_owned(),
        channel: "web".to_owned(),
        lines: vec![Line {
            id: LineId(seed),
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
            replaces: None,
        }],
        delivery: None,
        discounts: vec![],
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

/// All of it was taken.
pub(crate) fn paid() -> Fact {
    let currency = Currency::try_from("EUR".to_owned()).unwrap();
    Fact::Captured { amount: Money { amount_minor: 1190, currency } }
}
