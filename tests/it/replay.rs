use app::Role;
use jiff::SignedDuration;
use local::postgres::options_of;
use serde_json::{Value, json};
use store::Db;
use store::replay::Purpose;
use tests::World;

use crate::orders::desk::Desk;

/// A shop with orders of every fate: sold, paid back in part, cancelled, sent in part, come back,
/// disputed, erased, expired, and one that waits.
async fn traded() -> Desk {
    let desk = Desk::with_stock(90).await;
    let erased = desk.sold(1).await;
    let contact = format!("/v1/orders/{erased}/contact");
    desk.till.shop.world.delete(&contact, &desk.key).await.expect(200);
    let refunded = desk.sold(2).await;
    desk.refund(&refunded, "late", json!(1_000)).await.expect(200);
    let cancelled = desk.sold(3).await;
    desk.act(&cancelled, "cancel", &json!({ "reason": "too late" })).await.expect(200);
    let parted = desk.sold(4).await;
    sent(&desk, &parted, 2).await;
    let returned = desk.sold(5).await;
    sent(&desk, &returned, 5).await;
    came_back(&desk, &returned).await;
    let reduced = desk.sold(6).await;
    let one = json!({ "lines": [{ "line": line(&desk, &reduced).await, "quantity": 1 }],
                      "reason": "one was broken" });
    desk.act_with_key(&reduced, "reductions", "once", &one).await.expect(200);
    let disputed = desk.sold(7).await;
    let payment = desk.read(&disputed).await["payments"][0]["reference"].clone();
    let payment = payment.as_str().unwrap();
    desk.till.gateway.sandbox.dispute(payment, Some(500), "general").unwrap();
    desk.till.check_out(&desk.till.basket(1).await, "expires").await.expect(201);
    desk.till.hear().await;
    let desk = Desk { till: desk.till.later(SignedDuration::from_hours(2)), ..desk };
    desk.till.shop.world.tick("sweeper").await;
    desk.till.shop.world.drain_queues().await;
    desk.till.check_out(&desk.till.basket(1).await, "waits").await.expect(201);
    desk
}

async fn line(desk: &Desk, order: &str) -> Value {
    desk.read(order).await["lines"][0]["id"].clone()
}

async fn sent(desk: &Desk, order: &str, quantity: u32) {
    let some = json!({ "lines": [{ "line": line(desk, order).await, "quantity": quantity }] });
    let packed = desk.act_with_key(order, "fulfillments", "some", &some).await.expect(200).json;
    let parcel = packed["id"].as_str().unwrap();
    for step in ["ship", "deliver"] {
        desk.act(order, &format!("fulfillments/{parcel}/{step}"), &json!({})).await.expect(200);
    }
}

async fn came_back(desk: &Desk, order: &str) {
    let wanted = json!({ "lines": [{ "line": line(desk, order).await, "quantity": 1 }],
                         "reason": "too small" });
    let back = desk.act_with_key(order, "returns", "back", &wanted).await.expect(200).json;
    let id = back["returns"][0]["id"].as_str().unwrap();
    let yes = json!({ "answer": "approve" });
    desk.act(order, &format!("returns/{id}/answer"), &yes).await.expect(200);
    let shelf = "select variant, location from stock where allocated > 0";
    let shelf = &desk.till.shop.world.sql(shelf).await[0];
    let restock = json!({ "restock": [{ "variant": shelf.get::<_, uuid::Uuid>(0),
        "location": shelf.get::<_, uuid::Uuid>(1), "quantity": 1 }] });
    desk.act(order, &format!("returns/{id}/receive"), &restock).await.expect(200);
    let other = &desk.till.shop.world.sql("select id from variant where sku = 'shirt-M'").await[0];
    let other = json!({ "lines": [{ "variant": other.get::<_, uuid::Uuid>(0), "quantity": 1 }] });
    desk.act(order, &format!("returns/{id}/exchange"), &other).await.expect(200);
}

/// What the command says, and whether all is well.
async fn replayed(world: &World, purpose: Purpose) -> (bool, Vec<String>) {
    let db = Db::new(options_of(world.database_url(Role::Owner)));
    let mut lines = vec![];
    let mut show = |line: &str| lines.push(line.to_owned());
    let is_sound = local::replay::all(&db, purpose, &mut show).await.unwrap();
    (is_sound, lines)
}

/// All rows of a table, and with `xmin` which transaction wrote them.
async fn rows(world: &World, table: &str, columns: &str) -> Vec<String> {
    let sql = format!("select {columns} from {table} r order by 1");
    world.sql(&sql).await.iter().map(|row| row.get(0)).collect()
}

/// Tampers with a table, has it told in these words and left alone, then mended.
async fn is_told_and_mended(table: &str, tampering: &[(&str, &[&str])]) {
    let desk = traded().await;
    let world = &desk.till.shop.world;
    let before = rows(world, table, "r::text").await;
    assert!(before.len() > 7, "{table}: {before:?}");
    for (tamper, words) in tampering {
        world.sql(tamper).await;
        let tampered = rows(world, table, "r::text || xmin").await;
        assert_ne!(rows(world, table, "r::text").await, before, "{tamper} does nothing");
        let (is_sound, told) = replayed(world, Purpose::Look).await;
        assert!(!is_sound, "{tamper} was not found");
        let named = told.iter().filter(|line| line.contains(&format!(": {table} ")));
        let named: Vec<&String> = named.collect();
        assert_eq!(named.len(), words.len(), "{tamper}: {told:?}");
        assert_eq!(told.len(), words.len() + 1, "{tamper}: nothing else is wrong: {told:?}");
        for word in *words {
            assert!(named.iter().any(|line| line.contains(word)), "no `{word}` in {named:?}");
        }
        assert_eq!(rows(world, table, "r::text || xmin").await, tampered, "it only looks");
        let (is_sound, told) = replayed(world, Purpose::Mend).await;
        assert!(is_sound && told.iter().any(|line| line.ends_with("; mended")), "{told:?}");
        assert_eq!(rows(world, table, "r::text").await, before, "{tamper}");
        assert!(replayed(world, Purpose::Look).await.0, "{tamper}");
    }
}

#[tokio::test]
async fn what_is_kept_of_orders_of_every_fate_is_what_their_events_say() {
    let desk = traded().await;
    let Desk { till, .. } = desk;
    let world = till.shop.world.with_tenant("Asia/Tokyo").await;
    let statuses =
        "select count(distinct status || payment_status || fulfillment_status) from orders";
    assert!(world.count(statuses).await > 6, "there are orders of few fates");
    let mut before = vec![];
    for table in ["orders", "payment", "posting"] {
        before.push(rows(&world, table, "r::text || xmin").await);
    }
    for purpose in [Purpose::Look, Purpose::Mend] {
        let (is_sound, told) = replayed(&world, purpose).await;
        assert!(is_sound, "{told:?}");
        let orders = world.count("select count(distinct order_id) from order_event").await;
        let events = world.count("select count(*) from order_event").await;
        assert_eq!(told.len(), 2, "{told:?}");
        let begins = format!("Shop 1: {orders} orders, {events} events, ");
        assert!(told[0].starts_with(&begins) && told[0].ends_with(" events/s: equal"), "{told:?}");
        assert!(told[1].starts_with("Shop 2: 0 orders, 0 events, "), "{told:?}");
    }
    for (table, before) in ["orders", "payment", "posting"].into_iter().zip(before) {
        assert_eq!(rows(&world, table, "r::text || xmin").await, before, "what is right stays");
    }
}

#[tokio::test]
async fn a_row_of_the_lists_that_was_changed_is_told_and_mended() {
    let first = "where number = 1";
    is_told_and_mended(
        "orders",
        &[
            (
                &format!("update orders set status = 'open' {first}"),
                &["status is \"open\", by the events \"confirmed\""],
            ),
            (&format!("update orders set version = version + 1 {first}"), &["version is "]),
            (
                &format!("update orders set total_minor = 1, refunding_minor = 2 {first}"),
                &["total_minor is 1, by the events 4990; refunding_minor is 2, by the events 0"],
            ),
            (
                &format!("update orders set placed_at = placed_at + interval '1 ms' {first}"),
                &["placed_at is "],
            ),
            (
                "update orders set number = number + 100 where number in (2, 3)",
                &["number is Some(102), by the events Some(2)", "number is Some(103)"],
            ),
            ("update orders set expires_at = null where status = 'open'", &["expires_at is None"]),
            ("update orders set operation_due_at = now() where number = 4", &["operation_due_at"]),
            ("delete from orders where number = 5", &["the row is missing"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_payment_that_was_changed_is_told_and_mended() {
    let of = |number: u8| format!("(select id from orders where number = {number})");
    let (first, second) = (of(1), of(2));
    is_told_and_mended(
        "payment",
        &[
            (
                &format!("update payment set reference = 'pi_other' where order_id = {first}"),
                &["reference is Some(\"pi_other\"), by the events Some(\"pi_"],
            ),
            (
                &format!("update payment set order_id = {second} where order_id = {first}"),
                &["order_id is "],
            ),
            (&format!("delete from payment where order_id = {first}"), &["the row is missing"]),
            (
                &format!(
                    "insert into payment select 1, gen_random_uuid(), {first}, 'stripe', 'pi_more'"
                ),
                &["no event made the row"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_line_in_the_books_that_was_changed_is_told_and_mended() {
    let first = "order_id = (select id from orders where number = 1)";
    is_told_and_mended(
        "posting",
        &[
            (
                &format!(
                    "update posting set amount_minor = amount_minor + 1
                     where account = 'receivable' and amount_minor > 0 and {first}"
                ),
                &["amount_minor is 4991, by the events 4990"],
            ),
            (
                &format!("update posting set currency = 'USD' where {first}"),
                &["receivable: currency", "sales: ", "tax: ", "provider: ", "receivable: "],
            ),
            (
                &format!("delete from posting where account = 'tax' and {first}"),
                &["the row is missing"],
            ),
            (
                "insert into posting select 1, id, 1, 'refunds', 'EUR', 5 from orders
                 where number = 1",
                &["no event made the row"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_missing_movement_and_a_wrong_count_are_told_and_left_to_whoever_counts() {
    let desk = traded().await;
    let world = &desk.till.shop.world;
    for (tamper, words) in [
        (
            "delete from stock_movement where id =
                (select min(id) from stock_movement where reason = 'shipped')",
            &["by the events of orders", "the movements add up to"][..],
        ),
        (
            "update stock set on_hand = on_hand + 1000 where allocated > 0",
            &["the movements add up to"],
        ),
    ] {
        world.sql(tamper).await;
        let before = rows(world, "stock", "r::text || xmin").await;
        for purpose in [Purpose::Look, Purpose::Mend] {
            let (is_sound, told) = replayed(world, purpose).await;
            assert!(!is_sound, "{told:?}");
            for word in words {
                let named = |line: &String| line.contains(": on_hand is ") && line.contains(word);
                assert!(told.iter().any(named), "{word}: {told:?}");
            }
            assert!(told.last().unwrap().ends_with(" 0 of them mended"), "{told:?}");
        }
        assert_eq!(rows(world, "stock", "r::text || xmin").await, before);
    }
}

#[tokio::test]
async fn what_no_sound_history_proves_is_told_and_stays() {
    let desk = traded().await;
    let world = &desk.till.shop.world;
    let columns = "cart, contact, number, version, status, payment_status, fulfillment_status,
        is_disputed, currency, country, channel, total_minor, captured_minor, refunding_minor,
        expires_at, operation_due_at, opened_at, placed_at";
    let made_up = columns.replacen("cart", "gen_random_uuid()", 1).replace("number", "null");
    for (tamper, word) in [
        (
            "delete from order_event where version = 2
                and order_id = (select id from orders where number = 1)"
                .to_owned(),
            "version 2 is missing",
        ),
        (
            "update order_event set body = '{}' where version = 1
                and order_id = (select id from orders where number = 2)"
                .to_owned(),
            "version 1 cannot be read",
        ),
        ("update orders set status = 'lost' where number in (1, 2)".to_owned(), "is missing"),
        (
            format!(
                "insert into orders (tenant, id, {columns})
                 select tenant, gen_random_uuid(), {made_up} from orders where number = 3"
            ),
            "the order has no events",
        ),
        (
            "update sequence_number set last = last + 1 where kind = 'order'".to_owned(),
            "were drawn",
        ),
    ] {
        world.sql(&tamper).await;
        let before = rows(world, "orders", "r::text || xmin").await;
        let (is_sound, told) = replayed(world, Purpose::Mend).await;
        assert!(!is_sound && told.iter().any(|line| line.contains(word)), "{word}: {told:?}");
        assert_eq!(rows(world, "orders", "r::text || xmin").await, before, "{word}");
    }
}

#[tokio::test]
async fn many_orders_are_read_page_by_page() {
    let desk = Desk::with_stock(5_000).await;
    desk.sold(1).await;
    let world = &desk.till.shop.world;
    for statement in include_str!("replay/many.sql").split_terminator(";\n") {
        world.sql(statement).await;
    }
    let (is_sound, told) = replayed(world, Purpose::Look).await;
    assert!(is_sound, "{told:?}");
    let events = world.count("select count(*) from order_event").await;
    assert!(events > 12_000, "{events}");
    assert!(told[0].starts_with(&format!("Shop 1: 2001 orders, {events} events")), "{told:?}");
    // One in every page, the first order and the last.
    world
        .sql(
            "update orders set status = 'open' where id in (select id from (
                 select id, row_number() over (order by id) as place from orders) o
             where place in (1, 500, 1000, 1500, 2001))",
        )
        .await;
    assert_eq!(replayed(world, Purpose::Look).await.1.len(), 6);
    assert!(replayed(world, Purpose::Mend).await.0);
    assert!(replayed(world, Purpose::Look).await.0);
}
