with moved as (
    delete from point_head where at >= $1 and at < $2
    returning tenant, series, at, value
),
loose as (
    select tenant, series, (at at time zone 'UTC')::date as day, at, value from moved
    union all
    select k.tenant, k.series, k.day,
           k.day::timestamp at time zone 'UTC' + u.offset_ms * interval '1 millisecond', u.value
    from point_block k
    cross join lateral unnest(k.offsets_ms, k.values) as u (offset_ms, value)
    where k.day >= ($1 at time zone 'UTC')::date and k.day < ($2 at time zone 'UTC')::date
      and exists (
          select from moved m
          where m.series = k.series and (m.at at time zone 'UTC')::date = k.day)
)
insert into point_block as k (tenant, series, day, n, offsets_ms, values)
select tenant, series, day, count(*),
       array_agg(
           (extract(epoch from at - day::timestamp at time zone 'UTC') * 1000)::int order by at),
       array_agg(value order by at)
from loose
group by tenant, series, day
on conflict (series, day) do update
set n = excluded.n, offsets_ms = excluded.offsets_ms, values = excluded.values
