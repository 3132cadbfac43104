with gone as (
    delete from point_block k
    using (select unnest($2::int[]) as series, unnest($3::date[]) as day) d
    where k.tenant = $1 and k.series = d.series and k.day = d.day
    returning k.series, k.day, k.offsets_ms, k.values
)
insert into point_head (tenant, series, at, value)
select $1, g.series,
       g.day::timestamp at time zone 'UTC' + u.offset_ms * interval '1 millisecond', u.value
from gone g
cross join lateral unnest(g.offsets_ms, g.values) as u (offset_ms, value)
