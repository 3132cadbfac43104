with report as (
    insert into report (
        tenant, id, name, items, recipients, schedule, zone, next_due_at, created_at,
        changed_at
    )
    values (
        1, '7a6e0000-0000-7000-8000-0000000000c1', 'Takings of the day',
        '[{"metric": {"metric": "revenue", "label": null}}]',
        '{owner@shop.example,partner@shop.example}',
        '{"frequency": "daily", "wall_time": "07:30:00"}', 'Europe/Berlin',
        '2026-11-21 06:30Z', '2026-11-19 12:00Z', '2026-11-19 12:00Z'
    )
    returning id
), occurrence as (
    insert into occurrence (
        tenant, id, report, local_date, due_at, late, test, created_at
    )
    select 1, '7a6e0000-0000-7000-8000-0000000000e1', id, '2026-11-20',
        '2026-11-20 06:30Z', false, false, '2026-11-20 06:30Z'
    from report
    returning id
)
insert into delivery (tenant, id, occurrence, recipient, state, changed_at)
select 1, d.id::uuid, o.id, d.recipient, d.state, '2026-11-20 06:31Z'
from occurrence o, (values
    ('7a6e0000-0000-7000-8000-0000000000d1', 'owner@shop.example', 'planned'),
    ('7a6e0000-0000-7000-8000-0000000000d2', 'partner@shop.example', 'handed_over')
) as d(id, recipient, state)
