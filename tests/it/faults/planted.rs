use tests::World;

use super::{CALM, Front, violations};

/// What bugs would leave behind, and the invariant that each breaks. An order of the shop is
/// `$o`: placed, and its money partly refunded.
const WRONGS: [(&str, &str); 26] = [
    (
        "I1",
        "insert into posting select tenant, order_id, version, 'lost', currency, 1
            from posting limit 1",
    ),
    ("I1", "delete from posting where account = (select min(account) from posting)"),
    ("I2", "update orders set captured_minor = captured_minor + 1 where id = $o"),
    ("I2", "update orders set refunding_minor = 0 where id = $o"),
    ("I2", "delete from orders where id = $o"),
    (
        "I3",
        "delete from order_event where order_id = $o;
            delete from orders where id = $o",
    ),
    ("I4", "update checkout_call set order_id = gen_random_uuid() where order_id = $o"),
    ("I5", "update stock set reserved = reserved + 1 where allocated > 0"),
    ("I5", "update stock set allocated = allocated - 1 where allocated > 0"),
    ("I5", "delete from stock_movement where order_id = $o and reserved < 0"),
    (
        "I5",
        "insert into stock_movement (tenant, variant, location, on_hand, reserved, allocated,
                order_id, reason, actor)
            select tenant, variant, location, on_hand, reserved, allocated, order_id, reason, actor
            from stock_movement where order_id = $o",
    ),
    ("I6", "delete from order_event where order_id = $o and version = 2"),
    (
        "I6",
        "delete from order_event where order_id = $o
            and version = (select max(version) from order_event where order_id = $o)",
    ),
    ("I6", "update orders set status = 'open' where id = $o"),
    ("I6", "update orders set payment_status = 'captured' where id = $o"),
    ("I6", "update orders set version = version + 1 where id = $o"),
    ("I6", "update orders set number = number + 100 where id = $o"),
    ("I6", "update payment set reference = 'pi_another' where order_id = $o"),
    ("I6", "update orders set total_minor = total_minor - 1 where id = $o"),
    (
        "I7",
        "update roll_day set n = n + 1 where series in (
                select s.id from series s join metric m on m.id = s.metric
                where m.name = 'orders')",
    ),
    (
        "I7",
        "delete from roll_day where series in (
                select s.id from series s join metric m on m.id = s.metric
                where m.name = 'orders')",
    ),
    ("I10", "delete from order_letter where order_id = $o and news = 'confirmed'"),
    (
        "I10",
        "insert into order_letter (tenant, order_id, version, news, state, changed_at)
             values (1, $o, 99, 'confirmed', 'accepted', now())",
    ),
    ("I11", "insert into outbox (tenant, queue, body) values (1, 'sales', '{}')"),
    ("I11", "update orders set operation_due_at = now() where id = $o"),
    ("I11", "insert into job_dead (id, queue, body) values (0, 'payments', '{}')"),
];

/// Where they are planted.
const TABLES: [&str; 11] = [
    "order_event",
    "orders",
    "payment",
    "posting",
    "checkout_call",
    "stock",
    "stock_movement",
    "roll_day",
    "order_letter",
    "outbox",
    "job_dead",
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_bug_would_leave_behind_is_found() {
    let front = Front::open("planted", 6, &[CALM], 11).await;
    let told = front.through(false, front.sell(5)).await;
    let (_, wrong) = front.is_right(&told).await;
    assert_eq!(wrong, Vec::<String>::new());
    // Nobody repairs what is broken now.
    front.stop();
    let (world, gateway) = (&front.till.shop.world, &front.till.gateway);
    let refunded = world.sql("select id::text from orders where refunding_minor > 0 limit 1").await;
    let order = format!("'{}'::uuid", refunded[0].get::<_, &str>(0));
    for table in TABLES {
        world.sql(&format!("create table kept_{table} as table {table}")).await;
    }
    for (invariant, wrong) in WRONGS {
        for statement in wrong.split(';') {
            world.sql(&statement.replace("$o", &order)).await;
        }
        let found = violations(world, gateway, &told).await;
        let is_found = found.iter().any(|found| found.starts_with(&format!("{invariant} ")));
        assert!(is_found, "{wrong}: {found:?}");
        restore(world).await;
        assert_eq!(violations(world, gateway, &told).await, Vec::<String>::new(), "{wrong}");
    }
    // What no statement leaves behind, but an answer.
    let mut lied = told.clone();
    lied[1].answers[1] = b"{}".to_vec();
    lied[2].order = lied[3].order;
    lied[0].refunded_minor = 0;
    let found = violations(world, gateway, &lied).await;
    assert_eq!(found.iter().filter(|found| found.starts_with("I4 ")).count(), 3, "{found:?}");
}

async fn restore(world: &World) {
    for table in TABLES {
        world.sql(&format!("delete from {table}")).await;
        let again = format!("insert into {table} overriding system value table kept_{table}");
        world.sql(&again).await;
    }
}
