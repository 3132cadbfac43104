-- The opening of an order as one call: it is told what to write, and writes the same rows.
create sequence yardstick;

grant usage on sequence yardstick to takings_app;

-- In order of time, as ids of orders are.
create function timely_id(n bigint) returns uuid language sql as
$$
    select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(n::text), 1, 3) || '8' || substr(md5('y' || n), 1, 15))::uuid
$$;

create function open_as_one_call() returns void language plpgsql as
$$
declare
    n bigint := nextval('yardstick');
    new_order uuid := timely_id(n);
begin
    perform set_config('app.tenant', '1', true);
    insert into checkout_call (tenant, key, fingerprint, order_id, lease_until, expires_at)
    values (1, 'yardstick ' || n, sha256('body'), new_order, now() + interval '30 seconds',
        now() + interval '1 day');
    update cart set state = 'ordered', version = version + 1, updated_at = now()
    where tenant = 1 and id = cart_id(n) and state = 'open' and version = 1;
    if not found then raise 'the cart was changed or is closed'; end if;
    insert into contact (tenant, id, email, name, shipping_address)
    values (1, new_order, 'ann' || n || '@customer.example', 'Ann', {address});
    insert into order_event (tenant, order_id, version, kind, body, actor, recorded_at)
    select 1, new_order, e.version, e.kind, e.body, 'test', now()
    from (values {events}) e (version, kind, body);
    insert into orders (tenant, id, cart, contact, version, status, payment_status,
        fulfillment_status, is_disputed, currency, country, channel, total_minor, captured_minor,
        refunding_minor, expires_at, operation_due_at)
    values (1, new_order, cart_id(n), new_order, {version}, 'open', 'pending', 'none', false,
        'EUR', 'DE', 'web', 10000, 0, 0, now() + interval '1 hour', now() + interval '1 minute');
    insert into payment (tenant, id, order_id, gateway) values (1, new_order, new_order, 'stripe');
    insert into stock_movement (tenant, variant, location, on_hand, reserved, allocated, order_id,
        reason, actor, recorded_at)
    select 1, variant, '00000000-0000-7000-8000-100000000001', 0, quantity, 0, new_order,
        'reserved', 'test', now()
    from cart_line where tenant = 1 and cart = cart_id(n);
    perform from stock
    where tenant = 1 and location = '00000000-0000-7000-8000-100000000001'
        and variant in (select variant from cart_line where tenant = 1 and cart = cart_id(n))
    order by variant for no key update;
    update stock s set reserved = s.reserved + l.quantity
    from cart_line l
    where l.tenant = 1 and l.cart = cart_id(n) and s.tenant = 1 and s.variant = l.variant
        and s.location = '00000000-0000-7000-8000-100000000001';
end
$$;

-- The settling of a paid order as one call.
create table yardstick_order (n bigserial primary key, order_id uuid, payment uuid, cart uuid);

grant select on yardstick_order to takings_app;

create function settle_as_one_call() returns void language plpgsql as
$$
declare
    paid yardstick_order;
    drawn bigint;
begin
    select * into strict paid from yardstick_order where n = (select nextval('yardstick'));
    perform set_config('app.tenant', '1', true);
    insert into payment_notice (tenant, gateway, event, kind, happened_at, order_id, payment,
        events, recorded_at)
    values (1, 'stripe', 'evt_' || paid.order_id, 'payment_intent.succeeded', now(),
        paid.order_id, paid.payment, 4, now());
    insert into order_event (tenant, order_id, version, kind, body, actor, request_id, recorded_at)
    select 1, paid.order_id, e.version, e.kind, e.body, 'stripe', 'evt', now()
    from (values {settled}) e (version, kind, body);
    update orders set version = {placed}, status = 'confirmed', payment_status = 'captured',
        captured_minor = total_minor, expires_at = null, operation_due_at = null
    where tenant = 1 and id = paid.order_id;
    update payment set reference = 'pi_' || paid.order_id
    where tenant = 1 and id = paid.payment;
    insert into posting (tenant, order_id, version, account, currency, amount_minor)
    select 1, paid.order_id, p.version, p.account, 'EUR', p.amount_minor
    from (values {postings}) p (version, account, amount_minor);
    insert into outbox (tenant, queue, body)
    select 1, queue, json_build_object('type', 'order.changed.v1', 'tenant', 1, 'order',
        paid.order_id)::text
    from unnest('{sales,mail}'::text[]) queue;
    insert into stock_movement (tenant, variant, location, on_hand, reserved, allocated, order_id,
        reason, actor, recorded_at)
    select 1, variant, '00000000-0000-7000-8000-100000000001', 0, -quantity, quantity,
        paid.order_id, 'committed', 'stripe', now()
    from cart_line where tenant = 1 and cart = paid.cart;
    perform from stock
    where tenant = 1 and location = '00000000-0000-7000-8000-100000000001'
        and variant in (select variant from cart_line where tenant = 1 and cart = paid.cart)
    order by variant for no key update;
    update stock s
    set reserved = s.reserved - l.quantity, allocated = s.allocated + l.quantity
    from cart_line l
    where l.tenant = 1 and l.cart = paid.cart and s.tenant = 1 and s.variant = l.variant
        and s.location = '00000000-0000-7000-8000-100000000001';
    insert into sequence_number as s (tenant, kind, last) values (1, 'order', 1)
    on conflict (tenant, kind) do update set last = s.last + 1
    returning last into drawn;
    insert into order_event (tenant, order_id, version, kind, body, actor, request_id, recorded_at)
    values (1, paid.order_id, {placed}, 'order.placed.v1', jsonb_build_object('number', drawn),
        'stripe', 'evt', now());
    update orders set number = drawn, placed_at = now() where tenant = 1 and id = paid.order_id;
end
$$;
