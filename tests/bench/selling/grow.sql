
-- Orders that were opened before, one for each cart.
create procedure grow(first bigint, last bigint) language plpgsql as
$$
begin
    create temporary table grown as
    select ('00000000-0000-7000-a000-' || lpad(to_hex(n), 12, '0'))::uuid as id, n
    from generate_series(first, last) n;
    update cart set state = 'ordered', version = 2
    where tenant = 1 and id in (select cart_id(n) from grown);
    insert into checkout_call (tenant, key, fingerprint, order_id, lease_until, expires_at)
    select 1, 'grown ' || n, sha256('body'), id, now(), now() + interval '1 day' from grown;
    insert into contact (tenant, id, email, name, shipping_address)
    select 1, id, 'ann' || n || '@customer.example', 'Ann', {address} from grown;
    insert into order_event (tenant, order_id, version, kind, body, actor, recorded_at)
    select 1, id, e.version, e.kind, e.body, 'test', now()
    from grown, (values {events}) e (version, kind, body);
    insert into orders (tenant, id, cart, contact, version, status, payment_status,
        fulfillment_status, is_disputed, currency, country, channel, total_minor, captured_minor,
        refunding_minor)
    select 1, id, cart_id(n), id, {version}, 'expired', 'pending', 'none', false, 'EUR', 'DE',
        'web', 10000, 0, 0
    from grown;
    insert into payment (tenant, id, order_id, gateway) select 1, id, id, 'stripe' from grown;
    insert into stock_movement (tenant, variant, location, on_hand, reserved, allocated, order_id,
        reason, actor, recorded_at)
    select 1, l.variant, '00000000-0000-7000-8000-100000000001', 0, l.quantity, 0, g.id,
        'reserved', 'test', now()
    from grown g join cart_line l on l.tenant = 1 and l.cart = cart_id(g.n);
end
$$;
