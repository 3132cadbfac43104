insert into roll_hour as r (tenant, series, bucket, n, sum, min, max, last, last_at)
select $1, b.series, b.bucket, b.n, b.sum, b.min, b.max, b.last, b.last_at
from (
    select unnest($2::int[]) as series, unnest($3::timestamptz[]) as bucket,
           unnest($4::bigint[]) as n, unnest($5::float8[]) as sum, unnest($6::float8[]) as min,
           unnest($7::float8[]) as max, unnest($8::float8[]) as last,
           unnest($9::timestamptz[]) as last_at
) b
on conflict (series, bucket) do update
set n = r.n + excluded.n,
    sum = r.sum + excluded.sum,
    min = least(r.min, excluded.min),
    max = greatest(r.max, excluded.max),
    last = case when excluded.last_at >= r.last_at then excluded.last else r.last end,
    last_at = greatest(r.last_at, excluded.last_at)
