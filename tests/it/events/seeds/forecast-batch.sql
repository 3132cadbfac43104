with visits as (
    insert into metric (
        tenant, name, kind, unit, aggregation, gap, direction, finest, label, draft
    )
    values (1, 'visits', 'counter', '', 'sum', 'zero', 'up', 'day', 'Visits', false)
    returning id
), everybody as (
    insert into series (tenant, metric, tags, tags_hash)
    select 1, id, '{}', gen_random_uuid() from visits
    returning id
)
insert into roll_day (tenant, series, bucket, n, sum, min, max, last, last_at)
select 1, e.id, d.day, 1, d.value, d.value, d.value, d.value, d.day
from everybody e, (
    select (date '2026-11-21' - ago)::timestamp at time zone 'Europe/Berlin' as day,
        100 + 10 * (ago % 7) as value
    from generate_series(1, 70) as ago
) d
