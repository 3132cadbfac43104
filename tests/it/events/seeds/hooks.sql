with endpoint as (
    insert into hook (tenant, id, url, topics, enabled, enabled_at, created_at)
    values (1, '7a6e0000-0000-7000-8000-0000000003a1', 'https://shop.example/hooks', '{}', true,
        '2026-11-20T12:00:00Z', '2026-11-20T12:00:00Z')
    returning tenant, id
), inside as (
    -- Written when nobody checked: what leads inside is refused on every try too.
    insert into hook (tenant, id, url, topics, enabled, enabled_at, created_at)
    values (1, '7a6e0000-0000-7000-8000-0000000003a2', 'https://10.0.0.1/hooks',
        '{order.placed}', true, '2026-11-20T12:00:00Z', '2026-11-20T12:00:00Z')
    returning tenant, id
), secrets as (
    insert into hook_secret (tenant, hook, secret, created_at)
    select tenant, id, 'whsec_c2FtcGxlIHNlY3JldCBvZiAyNCBieXRlcyE=', '2026-11-20T12:00:00Z'
    from (select tenant, id from endpoint union all select tenant, id from inside) both_of_them
), failed as (
    insert into hook_delivery (tenant, id, hook, topic, message, body, state, attempts,
        last_status, detail, created_at, changed_at)
    select tenant, '7a6e0000-0000-7000-8000-0000000003b1', id, 'test', 'evt_sample', '{}',
        'failed', 8, 500, 'the endpoint answered 500', '2026-11-20T12:00:00Z',
        '2026-11-20T12:00:00Z'
    from endpoint
)
insert into hook_delivery (tenant, id, hook, topic, message, body, state, next_try_at, created_at,
    changed_at)
select tenant, '7a6e0000-0000-7000-8000-0000000003b2', id, 'test', 'evt_sample', '{}', 'pending',
    '2026-11-20T12:00:00Z', '2026-11-20T12:00:00Z', '2026-11-20T12:00:00Z'
from inside
