with cards as (
    insert into credit (tenant, id, code_hash, code_key, last_four, currency, issued_minor,
        balance_minor, entries, disabled_at, created_at)
    values
        (1, '7a6e0000-0000-7000-8000-0000000003b1', '\xd3907eac9160019c3cb54b81a03a4de3', 1, 'NVPC', 'EUR',
            5000, 3000, 2, null, '2026-11-20T12:00:00Z'),
        (1, '7a6e0000-0000-7000-8000-0000000003b2', '\x9ad9e704e24ca33bb8ee1123f408b630', 1, 'K2M9', 'EUR',
            2000, 0, 2, '2026-11-20T14:00:00Z', '2026-11-20T13:00:00Z')
    returning tenant, id
)
insert into credit_entry (tenant, credit, number, id, kind, amount_minor, balance_minor, order_id,
    reason, actor, recorded_at)
select c.tenant, c.id, e.number, e.id, e.kind, e.amount_minor, e.balance_minor, e.order_id, e.reason,
    'sample', e.at
from cards c
join (values
    ('7a6e0000-0000-7000-8000-0000000003b1'::uuid, 1, '7a6e0000-0000-7000-8000-0000000003b1'::uuid,
        'issued', 5000, 5000, null::uuid, null, '2026-11-20T12:00:00Z'::timestamptz),
    ('7a6e0000-0000-7000-8000-0000000003b1', 2, '7a6e0000-0000-7000-8000-0000000003c1',
        'debited', -2000, 3000, '7a6e0000-0000-7000-8000-00000000000d', null,
        '2026-11-20T15:00:00Z'),
    ('7a6e0000-0000-7000-8000-0000000003b2', 1, '7a6e0000-0000-7000-8000-0000000003b2',
        'issued', 2000, 2000, null, null, '2026-11-20T13:00:00Z'),
    ('7a6e0000-0000-7000-8000-0000000003b2', 2, '7a6e0000-0000-7000-8000-0000000003c2',
        'disabled', -2000, 0, null, 'It was lost', '2026-11-20T14:00:00Z')
) e (card, number, id, kind, amount_minor, balance_minor, order_id, reason, at) on e.card = c.id
