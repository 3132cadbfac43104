use std::collections::BTreeMap;

use domain::id::{FulfillmentId, OrderId, PaymentId, RefundId};
use domain::order::{Command, Event, Heard, Order, decide, evolve};
use object_store::ObjectStoreExt as _;
use serde_json::json;
use tests::World;
use uuid::Uuid;

use crate::orders::shop;

/// Sown before every sample: a declared metric, a month of takings in two countries, one refused
/// row, and the receipt of all this.
pub(crate) async fn sow(world: &World, function: &str) {
    let key = local::sample::secret();
    let revenue = json!({ "kind": "counter", "unit": "EUR", "label": "Revenue" });
    world.put("/v1/metrics/revenue", key.reveal(), &revenue).await.expect(200);
    let mut rows = vec![json!({ "metric": "revenue", "value": "a lot" })];
    for day in 0..30 {
        let date = local::sample::NOW - jiff::SignedDuration::from_hours(24 * day);
        for (country, value) in [("DE", 10_000 + 100 * day), ("FR", 2_000 + 10 * day)] {
            let tags = json!({ "country": country });
            rows.push(json!({ "metric": "revenue", "value": value, "at": date, "tags": tags }));
            let id = format!("order:{country}:{day}");
            rows.push(
                json!({ "metric": "orders", "value": 1, "at": date, "tags": tags, "id": id }),
            );
        }
    }
    let sent = tests::client::request(http::Method::POST, "/v1/points?backfill=true", key.reveal())
        .header("idempotency-key", "sample-seed")
        .body(axum::body::Body::from(json!(rows).to_string()));
    world.send(sent.expect("a request")).await.expect(200);
    // The one id that chance has chosen, and samples must name.
    world.sql("update quarantine set id = '7a6e0000-0000-7000-8000-000000000003'").await;
    if matches!(function, "cart" | "checkout" | "recommendations") {
        world.sql(include_str!("seeds/shop.sql")).await;
    }
    if function == "checkout" {
        world.sql(include_str!("seeds/cart.sql")).await;
    }
    if matches!(function, "cart" | "gift-cards") {
        world.sql(include_str!("seeds/gift-cards.sql")).await;
    }
    if let Some(sql) = for_function(function) {
        world.sql(sql).await;
    }
    match function {
        "payment-settle" => drop(order(world).await),
        "recommendation-batch"
        | "hook-sender"
        | "order-metrics"
        | "mail-sender"
        | "orders"
        | "fulfillment" => {
            drop(placed(world).await);
        }
        "carrier-settle" => shipped(world).await,
        _ => {}
    }
    if matches!(function, "imports" | "import-run") {
        for import in ["20", "21", "22", "24"] {
            let path = format!("imports/sample/{import}").into();
            let put = world.object_folder().objects().store;
            put.put(&path, crate::imports::SALES.into()).await.expect("our own folder");
        }
    }
}

/// An order that waits for its payment, with the ids that samples name.
async fn order(world: &World) -> Order {
    shop::stock(world, 5).await;
    let order = OrderId(id(0x0d));
    let events = shop::opened(order, id(0xca), PaymentId(id(0xab)));
    let db = world.app(app::Role::App).db.clone();
    let written = (order, None, &events[..]);
    let number = world.tenant().number;
    shop::write(&db, number, written, local::sample::NOW).await.expect("it is written")
}

/// An id that samples name.
fn id(last: u128) -> Uuid {
    Uuid::from_u128(0x7a6e_0000_0000_7000_8000_0000_0000_0000 + last)
}

/// The same order, paid by somebody who can be written to.
async fn placed(world: &World) -> Order {
    let order = order(world).await;
    let heard = Heard {
        payment: order.payments[0].id,
        fact: shop::paid(),
        offers: vec![],
        refund: RefundId(Uuid::nil()),
    };
    let events = decide(&order, Command::Hear(heard)).expect("it is paid");
    let order = write(world, &order, &events).await;
    world
        .sql(
            "insert into contact (tenant, id, email, name, shipping_address)
             select tenant, contact, 'ann@customer.example', 'Ann Customer',
                 '{\"lines\": [\"Main Street 1\"], \"city\": \"Berlin\", \"country\": \"DE\"}'
             from orders",
        )
        .await;
    world.sql(include_str!("seeds/carts.sql")).await;
    order
}

/// The same order, on its way.
async fn shipped(world: &World) {
    let mut order = placed(world).await;
    let fulfillment = FulfillmentId(id(0x0f));
    let (carrier, number) = ("DHL".to_owned(), "00340434161094022115".to_owned());
    let portions = order.unpacked();
    let mut events = vec![];
    let before = order.clone();
    for command in [
        Command::Pack { fulfillment, portions },
        Command::Track { fulfillment, carrier, number },
        Command::Ship { fulfillment },
    ] {
        let more = decide(&order, command).expect("it is paid");
        order = more.iter().fold(order, evolve);
        events.extend(more);
    }
    write(world, &before, &events).await;
    // What the carrier was too early with.
    world.sql(include_str!("seeds/parcels.sql")).await;
    world.sql("update parcel_notice set tracking = 'dhl/00340434161094022115'").await;
}

async fn write(world: &World, before: &Order, events: &[Event]) -> Order {
    let db = world.app(app::Role::App).db.clone();
    let written = (before.id, Some(before), events);
    let number = world.tenant().number;
    shop::write(&db, number, written, local::sample::NOW).await.expect("it is written")
}

/// What only the samples of one function need.
fn for_function(function: &str) -> Option<&'static str> {
    match function {
        "recommendations" => Some(include_str!("seeds/recommendations.sql")),
        "catalog" | "inventory" => Some(include_str!("seeds/shop.sql")),
        "checkout" => Some(include_str!("seeds/checkout.sql")),
        "discounts" => Some(include_str!("seeds/discounts.sql")),
        "cart" => Some(include_str!("seeds/cart.sql")),
        "fulfillment" => Some(include_str!("seeds/parcels.sql")),
        "hooks" | "hook-sender" => Some(include_str!("seeds/hooks.sql")),
        "sweeper" => Some(include_str!("seeds/sweeper.sql")),
        "imports" | "import-run" => Some(include_str!("seeds/imports.sql")),
        "forecast" => Some(include_str!("seeds/forecast.sql")),
        "forecast-batch" => Some(include_str!("seeds/forecast-batch.sql")),
        "reports" | "report-planner" | "report-sender" => Some(include_str!("seeds/reports.sql")),
        _ => None,
    }
}

/// Of each table, how many rows it has and a digest of what they say.
pub(super) type Tables = BTreeMap<String, (i64, String)>;

pub(super) async fn tables(world: &World) -> Tables {
    let tables = world
        .sql(
            "select c.relname::text from pg_class c
             join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
             where c.relkind in ('r', 'p') and not c.relispartition
             order by 1",
        )
        .await;
    let digests: Vec<String> = tables
        .iter()
        .map(|row| row.get::<_, String>(0))
        .map(|table| {
            format!(
                "select '{table}', count(*),
                     coalesce(md5(string_agg(t::text, ',' order by t::text)), '')
                 from {table} t"
            )
        })
        .collect();
    let partitions = "select 'partitions', count(*), '' from pg_class
                      where relispartition and relkind = 'r'";
    let all = format!("{} union all {partitions}", digests.join(" union all "));
    let told = world.sql(&all).await;
    told.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
}
