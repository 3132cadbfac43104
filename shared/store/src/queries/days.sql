select case when $5::timestamptz[] is null then r.bucket
           else ($5::timestamptz[])[width_bucket(r.bucket, $5::timestamptz[])] end as start,
       sum(r.n)::bigint, sum(r.sum), min(case when $7::boolean then r.min end),
       max(case when $7::boolean then r.max end), max(r.last_at),
       max(case when $6::boolean
           then array[extract(epoch from r.last_at)::float8, r.series, r.last] end)
from series s
join roll_day r on r.series = s.id
where s.tenant = $1 and s.metric = $2 and r.tenant = $1 and r.bucket >= $3 and r.bucket < $4
group by start
