with carts as (
    insert into cart (tenant, id, token_hash, currency, country, created_at, updated_at, expires_at)
    values (1, '7a6e0000-0000-7000-8000-000000000361', sha256('sample-cart-token'), 'EUR', 'DE',
        '2026-11-19T12:00:00Z', '2026-11-20T12:00:00Z', '2026-12-20T12:00:00Z')
    returning tenant, id
)
insert into cart_line (tenant, cart, id, variant, quantity, added_at)
select tenant, id, '7a6e0000-0000-7000-8000-000000000371',
    '00000000-0000-0000-0000-000000000011', 2, '2026-11-20T12:00:00Z'
from carts
