insert into roll_day (tenant, series, bucket, n, sum, min, max, last, last_at)
select $1, b.series, b.bucket, count(*), sum(p.value), min(p.value), max(p.value),
       (array_agg(p.value order by p.at desc))[1], max(p.at)
from (
    select unnest($2::int[]) as series, unnest($3::timestamptz[]) as bucket,
           unnest($4::timestamptz[]) as finish
) b
join (
    select h.series, h.at, h.value
    from point_head h
    where h.tenant = $1 and h.at >= $5 and h.at < $6
    union all
    select k.series, k.day::timestamp at time zone 'UTC' + u.offset_ms * interval '1 millisecond',
           u.value
    from point_block k
    cross join lateral unnest(k.offsets_ms, k.values) as u (offset_ms, value)
    where k.tenant = $1 and k.series = any($2)
      and k.day >= ($5 at time zone 'UTC')::date and k.day <= ($6 at time zone 'UTC')::date
) p on p.series = b.series and p.at >= b.bucket and p.at < b.finish
group by b.series, b.bucket
