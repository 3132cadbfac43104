with run as (
    delete from point_head where day = $1 returning tenant, series, offsets_ms, values
),
loose as (
    select o.tenant, o.series, u.offset_ms, u.value
    from (
        select tenant, series, offsets_ms, values from run
        union all
        select k.tenant, k.series, k.offsets_ms, k.values
        from point_block k
        where k.day = $1 and k.series in (select series from run)
    ) o
    cross join lateral unnest(o.offsets_ms, o.values) as u (offset_ms, value)
)
insert into point_block (tenant, series, day, n, offsets_ms, values)
select tenant, series, $1, count(*), array_agg(offset_ms order by offset_ms),
       array_agg(value order by offset_ms)
from loose
group by tenant, series
on conflict (series, day) do update
set n = excluded.n, offsets_ms = excluded.offsets_ms, values = excluded.values
