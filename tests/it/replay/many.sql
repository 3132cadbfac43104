-- The one order of the shop 2,000 times more, with ids, numbers and names of their own.
create temporary table made as
select n, md5('order' || n)::uuid as id, o.id as order_id, o.cart, md5('cart' || n)::uuid as new_cart,
    p.id as payment, md5('payment' || n)::uuid as new_payment, p.reference,
    p.reference || n as new_reference
from generate_series(1, 2000) n, orders o
join payment p on p.order_id = o.id;

insert into order_event (tenant, order_id, version, kind, body, actor, recorded_at)
select e.tenant, m.id, e.version, e.kind,
    case e.kind when 'order.placed.v1' then jsonb_build_object('number', 1 + m.n)
        else replace(replace(replace(e.body::text, m.cart::text, m.new_cart::text),
            m.payment::text, m.new_payment::text), m.reference, m.new_reference)::jsonb
    end,
    e.actor, e.recorded_at
from made m
join order_event e on e.order_id = m.order_id;

insert into posting (tenant, order_id, version, account, currency, amount_minor)
select p.tenant, m.id, p.version, p.account, p.currency, p.amount_minor
from made m
join posting p on p.order_id = m.order_id;

insert into payment (tenant, id, order_id, gateway, reference)
select 1, new_payment, id, 'stripe', new_reference
from made;

insert into orders (tenant, id, cart, contact, number, version, status, payment_status,
    fulfillment_status, is_disputed, currency, country, channel, total_minor, captured_minor,
    refunding_minor, expires_at, operation_due_at, opened_at, placed_at)
select o.tenant, m.id, m.new_cart, o.contact, 1 + m.n, o.version, o.status, o.payment_status,
    o.fulfillment_status, o.is_disputed, o.currency, o.country, o.channel, o.total_minor,
    o.captured_minor, o.refunding_minor, o.expires_at, o.operation_due_at, o.opened_at, o.placed_at
from made m
join orders o on o.id = m.order_id;

insert into stock_movement (tenant, variant, location, on_hand, reserved, allocated, order_id,
    reason, actor, recorded_at)
select s.tenant, s.variant, s.location, s.on_hand, s.reserved, s.allocated, m.id, s.reason, s.actor,
    s.recorded_at
from made m
join stock_movement s on s.order_id = m.order_id;

update stock set allocated = allocated * 2001;

update sequence_number set last = 2001 where kind = 'order';
