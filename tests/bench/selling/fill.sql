-- A shop with so many products that are sold one by one, and its carts.
create function variant_id(n bigint) returns uuid language sql immutable as
$$ select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;

create function cart_id(n bigint) returns uuid language sql immutable as
$$ select ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid $$;

insert into location (tenant, id, name)
values (1, '00000000-0000-7000-8000-100000000001', 'Shelf');

insert into shipping_option (tenant, id, name, currency, price_minor)
values (1, '00000000-0000-7000-8000-100000000002', 'Parcel', 'EUR', 490);

insert into tax_zone (tenant, zone, countries, prices_include_tax)
values (1, 'domestic', '{DE}', true);

insert into tax_rate (tenant, zone, tax_category, rate_ppm)
values (1, 'domestic', 'standard', 190000);

insert into product (tenant, id, slug, title, options, state)
select 1, variant_id(n), 'p' || n, 'Product ' || n, '{size}', 'published'
from generate_series(1, {skus}) n;

insert into variant (tenant, id, product, sku, options, weight_grams)
select 1, variant_id(n), variant_id(n), 'SKU' || n, '{M}', 250 from generate_series(1, {skus}) n;

insert into price (tenant, variant, currency, amount_minor)
select 1, variant_id(n), 'EUR', 500 + n * 7919 % 20000 from generate_series(1, {skus}) n;

insert into stock (tenant, variant, location, on_hand)
select 1, variant_id(n), '00000000-0000-7000-8000-100000000001', 100000000
from generate_series(1, {skus}) n;

insert into stock_movement (tenant, variant, location, on_hand, reserved, allocated, reason, actor)
select tenant, variant, location, on_hand, 0, 0, 'counted', 'test' from stock;

-- Carts with so many lines each; of the first product everywhere, where it is the hot one.
create procedure fill_carts(first bigint, last bigint, lines int, skus int, is_hot boolean)
language plpgsql as
$$
begin
    insert into cart (tenant, id, token_hash, country, currency, shipping, expires_at)
    select 1, cart_id(n), sha256('token'), 'DE', 'EUR', '00000000-0000-7000-8000-100000000002',
        now() + interval '1 day'
    from generate_series(first, last) n;
    insert into cart_line (tenant, cart, id, variant, quantity)
    select 1, cart_id(n), cart_id(i),
        variant_id(case when is_hot and i = 1 then 1 else 1 + (n * 7919 + i * 104729) % skus end), 1
    from generate_series(first, last) n, generate_series(1, lines) i
    on conflict do nothing;
end
$$;
