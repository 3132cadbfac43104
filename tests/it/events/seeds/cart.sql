with zone as (
    insert into tax_zone (tenant, zone, countries, prices_include_tax)
    values (1, 'domestic', '{DE}', true)
    returning tenant, zone
), rates as (
    insert into tax_rate (tenant, zone, tax_category, rate_ppm)
    select tenant, zone, 'standard', 190000 from zone
), parcel as (
    insert into shipping_option (tenant, id, name, currency, price_minor, countries)
    values (1, '7a6e0000-0000-7000-8000-000000000351', 'Parcel', 'EUR', 490, '{DE}')
), carts as (
    insert into cart (tenant, id, token_hash, currency, country, created_at, updated_at, expires_at)
    values (1, '7a6e0000-0000-7000-8000-000000000361', sha256('sample-cart-token'), 'EUR', 'DE',
        '2026-11-20T12:00:00Z', '2026-11-20T12:00:00Z', '2026-12-20T12:00:00Z')
    returning tenant, id
), welcome as (
    insert into discount (tenant, id, code, rule)
    values (1, '7a6e0000-0000-7000-8000-000000000381', 'WELCOME',
        '{"id": "7a6e0000-0000-7000-8000-000000000381", "code": "WELCOME", "name": "Welcome",
          "effect": {"amount": {"amount_minor": 500, "currency": "EUR"}}, "target": "all"}')
), guest as (
    insert into cart (tenant, id, token_hash, currency, country, created_at, updated_at, expires_at)
    values (1, '7a6e0000-0000-7000-8000-000000000362', sha256('guest-cart-token'), 'EUR', 'DE',
        '2026-11-20T13:00:00Z', '2026-11-20T13:00:00Z', '2026-12-20T13:00:00Z')
    returning tenant, id
), guest_lines as (
    insert into cart_line (tenant, cart, id, variant, quantity, added_at)
    select tenant, id, '7a6e0000-0000-7000-8000-000000000372',
        '7a6e0000-0000-7000-8000-000000000311', 3, '2026-11-20T13:00:00Z'
    from guest
)
insert into cart_line (tenant, cart, id, variant, quantity, added_at)
select tenant, id, '7a6e0000-0000-7000-8000-000000000371',
    '7a6e0000-0000-7000-8000-000000000311', 2, '2026-11-20T12:00:00Z'
from carts
