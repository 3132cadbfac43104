use std::collections::BTreeMap;

use app::{Clock, Role};
use domain::id::OrderId;
use jiff::SignedDuration;
use providers::stripe::Window;
use store::replay::{Fault, Purpose, replay};
use tests::World;
use tests::gateway::Gateway;

/// What a customer was told of a cart.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The order that was acknowledged; none when the last piece was gone.
    pub(crate) order: Option<OrderId>,
    /// The first acknowledged answer and the last, byte for byte.
    pub(crate) answers: [Vec<u8>; 2],
    /// So much was acknowledged to go back.
    pub(crate) refunded_minor: i64,
}

/// Statements that find what must never be, by the invariant that it breaks. Each answers one
/// number: how often.
const NEVER: [(&str, &str); 15] = [
    (
        "I1 the books of every event add up to nothing",
        "select count(*) from (
             select 1 from posting group by tenant, currency, order_id, version
             having sum(amount_minor) <> 0) x",
    ),
    (
        "I4 a cart becomes one order",
        "select count(*) from (
             select 1 from orders group by tenant, cart having count(*) > 1) x",
    ),
    (
        "I4 a key has one order, which is there",
        "select count(*) from checkout_call c
         where not exists (select from orders o where o.tenant = c.tenant and o.id = c.order_id)",
    ),
    (
        "I5 nothing is promised that is not there",
        "select count(*) from stock
         where on_hand < 0 or reserved < 0 or allocated < 0
             or on_hand - reserved - allocated < -backorder_limit",
    ),
    (
        "I5 stock is what was moved",
        "select count(*) from stock s
         left join (
             select tenant, variant, location, sum(on_hand) as on_hand,
                 sum(reserved) as reserved, sum(allocated) as allocated
             from stock_movement group by tenant, variant, location) m
             using (tenant, variant, location)
         where (s.on_hand, s.reserved, s.allocated)
             is distinct from (m.on_hand, m.reserved, m.allocated)",
    ),
    (
        "I5 what is reserved belongs to orders that wait",
        "select abs(
             (select coalesce(sum(reserved), 0) from stock)
             - (select coalesce(sum(m.reserved), 0) from stock_movement m
                join orders o on o.tenant = m.tenant and o.id = m.order_id
                where o.status = 'open'))::bigint",
    ),
    (
        "I6 versions have no gap",
        "select count(*) from (
             select 1 from order_event group by tenant, order_id
             having min(version) <> 1 or max(version) <> count(*)) x",
    ),
    (
        "I6 numbers have no gap",
        "select count(*) from (
             select 1 from orders where number is not null group by tenant
             having min(number) <> 1 or max(number) <> count(*)) x",
    ),
    (
        "I6 a placed order has one number and one event of it",
        "select count(*) from orders o
         where (o.number is not null)::int <> (
             select count(*) from order_event e
             where e.tenant = o.tenant and e.order_id = o.id and e.kind = 'order.placed.v1')",
    ),
    (
        "I7 a notice is heard once",
        "select count(*) from (
             select 1 from payment_notice group by gateway, event having count(*) > 1) x",
    ),
    (
        "I7 every placed order is measured once",
        "select abs(
             (select count(*) from orders where number is not null)
             - (select coalesce(sum(r.n), 0) from roll_day r
                join series s on s.id = r.series join metric m on m.id = s.metric
                where m.name = 'orders'))::bigint",
    ),
    (
        "I10 every placed order has one confirmation",
        "select count(*) from orders o
         where (o.number is not null)::int <> (
             select count(*) from order_letter l
             where l.tenant = o.tenant and l.order_id = o.id and l.news = 'confirmed')",
    ),
    (
        "I11 nothing that happened to an order waits in the outbox",
        "select count(*) from outbox where queue in ('sales', 'mail', 'hooks', 'payments')",
    ),
    (
        "I11 nothing waits to be asked of the provider",
        "select count(*) from orders where operation_due_at is not null",
    ),
    (
        "I12 no transaction is left open",
        "select count(*) from pg_stat_activity
         where datname = current_database() and state like 'idle in transaction%'
             and state_change < now() - interval '15 seconds'",
    ),
];

/// Messages that nobody will handle any more.
const DEAD: &str = "select queue, body from job_dead";

/// Everything that is wrong with a shop after whatever was done to it: in its database, at its
/// provider, and in what its customers were told. It looks at nothing but what is stored.
pub(crate) async fn violations(world: &World, gateway: &Gateway, told: &[Told]) -> Vec<String> {
    let mut found = vec![];
    for (invariant, sql) in NEVER {
        let times = world.count(sql).await;
        if times != 0 {
            found.push(format!("{invariant}: {times} times"));
        }
    }
    for dead in world.sql(DEAD).await {
        let (queue, body) = (dead.get::<_, &str>(0), dead.get::<_, &str>(1));
        found.push(format!("I11 a message of {queue} is dead: {body}"));
    }
    found.extend(of_events(world).await);
    found.extend(of_money(world, gateway).await);
    found.extend(of_answers(world, told).await);
    found
}

/// I1, I5 and I6: what is kept of orders is what their events say.
async fn of_events(world: &World) -> Vec<String> {
    let mut found = vec![];
    let owner = world.app(Role::Owner);
    let mut tell =
        |fault: &Fault| found.push(format!("I6 {} {}: {}", fault.table, fault.key, fault.what));
    let replayed = replay(&owner.db, world.tenant().number, Purpose::Look, &mut tell).await;
    replayed.expect("the events can be read");
    found
}

/// I2: whatever was captured is in one order, or went back, or is listed for a person.
async fn of_money(world: &World, gateway: &Gateway) -> Vec<String> {
    let mut found = vec![];
    let rows = world.sql("select id, captured_minor, refunding_minor from orders").await;
    let mut orders: BTreeMap<OrderId, (i64, i64)> = BTreeMap::new();
    for row in &rows {
        orders.insert(OrderId(row.get(0)), (row.get(1), row.get(2)));
    }
    let listed = world.sql("select reference from payment_finding").await;
    let listed: Vec<String> = listed.iter().map(|row| row.get(0)).collect();
    let mut at_the_provider: BTreeMap<OrderId, (i64, i64)> = BTreeMap::new();
    let now = Clock::System.now();
    let window = Window { from: now - SignedDuration::from_hours(2), to: now };
    let mut after = None;
    loop {
        let page = gateway.stripe.list_payments(window, after.as_deref()).await;
        let page = page.expect("the provider answers");
        for payment in &page.items {
            let taken = payment.received.amount_minor;
            if taken == 0 || listed.contains(&payment.reference) {
                continue;
            }
            let Some(subject) = payment.subject else {
                found.push(format!("I2 {} belongs to nobody", payment.reference));
                continue;
            };
            let refunds = gateway.stripe.refunds_of(&payment.reference, None).await;
            let refunds = refunds.expect("the provider answers").items;
            let back: i64 = refunds.iter().map(|refund| refund.amount.amount_minor).sum();
            let sum = at_the_provider.entry(subject.order).or_default();
            *sum = (sum.0 + taken, sum.1 + back);
        }
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    for (order, ours) in &orders {
        let theirs = at_the_provider.remove(order).unwrap_or_default();
        if theirs != *ours {
            found.push(format!("I2 {order}: we say {ours:?}, the provider {theirs:?}"));
        }
    }
    found.extend(at_the_provider.keys().map(|order| format!("I2 {order} is paid and unknown")));
    found
}

/// I3 and I4: what was acknowledged is there, and was said in the same words each time.
async fn of_answers(world: &World, told: &[Told]) -> Vec<String> {
    let mut found = vec![];
    let rows = world.sql("select id, refunding_minor from orders").await;
    let orders: BTreeMap<OrderId, i64> =
        rows.iter().map(|row| (OrderId(row.get(0)), row.get(1))).collect();
    let mut seen = BTreeMap::new();
    for told in told {
        let Some(order) = told.order else { continue };
        match orders.get(&order) {
            None => found.push(format!("I3 {order} was acknowledged and is gone")),
            Some(back) if *back < told.refunded_minor => {
                found.push(format!("I3 a refund of {order} was acknowledged and is gone"));
            }
            Some(back) if *back > told.refunded_minor => {
                found.push(format!("I4 {order} was refunded {back} and not once"));
            }
            Some(_) => {}
        }
        if told.answers[0] != told.answers[1] {
            found.push(format!("I4 {order} was answered in two ways"));
        }
        if seen.insert(order, ()).is_some() {
            found.push(format!("I4 {order} was sold to two customers"));
        }
    }
    found
}
