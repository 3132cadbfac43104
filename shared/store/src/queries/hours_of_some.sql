-- By an index where the filter insists on a tag; otherwise all series of the metric are tested.
with chosen as (
    select t.series as id
    from series_tag t
    where t.tenant = $1 and t.metric = $2 and t.key = $9::text and t.value = any($10::text[])
      and ($8::text is null
          or (select s.tags @@ $8::text::jsonpath from series s where s.id = t.series))
    union all
    select s.id
    from series s
    where $9::text is null and s.tenant = $1 and s.metric = $2
      and s.tags @@ $8::text::jsonpath
),
-- The planner cannot guess how few series are chosen, and might read all rows of all series.
-- With an offset it must go by the index, series by series.
rolled as (
    select c.id as series, d.bucket, d.n, d.sum, d.min, d.max, d.last, d.last_at
    from chosen c
    cross join lateral (
        select r.bucket, r.n, r.sum, r.min, r.max, r.last, r.last_at
        from roll_hour r
        where r.tenant = $1 and r.series = c.id and r.bucket >= $3 and r.bucket < $4
        offset 0
    ) d
)
select case when $5::timestamptz[] is null then d.bucket
           else ($5::timestamptz[])[width_bucket(d.bucket, $5::timestamptz[])] end as start,
       sum(d.n)::bigint, sum(d.sum), min(case when $7::boolean then d.min end),
       max(case when $7::boolean then d.max end), max(d.last_at),
       max(case when $6::boolean
           then array[extract(epoch from d.last_at)::float8, d.series, d.last] end)
from rolled d
group by start
