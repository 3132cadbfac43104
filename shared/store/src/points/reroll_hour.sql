with touched as (
    select unnest($2::int[]) as series, unnest($3::timestamptz[]) as bucket,
           unnest($4::timestamptz[]) as finish
),
edges as (
    select array_agg(distinct bucket order by bucket) as starts from touched
)
insert into roll_hour (tenant, series, bucket, n, sum, min, max, last, last_at)
select $1, t.series, t.bucket, count(*), sum(p.value), min(p.value), max(p.value),
       (array_agg(p.value order by p.at desc))[1], max(p.at)
from (
    select o.series, o.at, o.value, e.starts[width_bucket(o.at, e.starts)] as bucket
    from point o
    cross join edges e
    where o.tenant = $1 and o.series = any($2)
      and o.day >= ($5 at time zone 'UTC')::date and o.day <= ($6 at time zone 'UTC')::date
      and o.at >= $5 and o.at < $6
) p
join touched t on t.series = p.series and t.bucket = p.bucket and p.at < t.finish
group by t.series, t.bucket
