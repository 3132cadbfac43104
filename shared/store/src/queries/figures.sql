-- Runs are stretches of time to read: of days (0), hours (1) or points (2). The outer bounds of
-- each source are given apart, so that partitions are pruned and unused sources cost nothing.
with run as (
    select u.source, u.past, u.lo, u.hi
    from unnest($5::int[], $6::boolean[], $7::timestamptz[], $8::timestamptz[])
        as u (source, past, lo, hi)
),
-- With an offset, the label is computed once for each series and not for each of its rows.
chosen as not materialized (
    select s.id, array_position($2::int[], s.metric) as part, s.tags ->> $4::text as label
    from series s
    where s.tenant = $1 and s.metric = any($2::int[])
      and ($23::text is null or s.id = any(array(
          select t.series
          from series_tag t
          where t.tenant = $1 and t.metric = any($2::int[]) and t.key = $23::text
            and t.value = any($24::text[])
      )))
      and ($3::text is null or s.tags @@ $3::text::jsonpath)
    offset 0
),
piece as (
    select c.part, c.label, r.series, run.past, r.bucket as at, r.n, r.sum, r.min, r.max, r.last,
           r.last_at
    from run
    join roll_day r on r.bucket >= run.lo and r.bucket < run.hi
    join chosen c on c.id = r.series
    where run.source = 0 and r.tenant = $1 and r.bucket >= $9 and r.bucket < $10
    union all
    select c.part, c.label, r.series, run.past, r.bucket, r.n, r.sum, r.min, r.max, r.last,
           r.last_at
    from run
    join roll_hour r on r.bucket >= run.lo and r.bucket < run.hi
    join chosen c on c.id = r.series
    where run.source = 1 and r.tenant = $1 and r.bucket >= $11 and r.bucket < $12
    union all
    select c.part, c.label, p.series, run.past, p.at, 1, p.value, p.value, p.value, p.value, p.at
    from run
    join point p on p.at >= run.lo and p.at < run.hi
    join chosen c on c.id = p.series
    where run.source = 2 and p.tenant = $1
      and p.day >= ($13::timestamptz at time zone 'UTC')::date
      and p.day <= ($14::timestamptz at time zone 'UTC')::date
    union all
    select c.part, c.label, c.id, look.past, d.bucket, 0, null, null, null, d.last, d.last_at
    from (values (false, $15::timestamptz), (true, $16::timestamptz)) as look (past, before)
    cross join chosen c
    cross join lateral (
        select r.bucket, r.last, r.last_at
        from roll_day r
        where r.tenant = $1 and r.series = c.id and r.bucket < look.before
        order by r.bucket desc
        limit 1
    ) d
    where look.before is not null
),
folded as (
    select p.part, p.label, p.past,
           width_bucket(p.at,
               case when p.past then $18::timestamptz[] else $17::timestamptz[] end) as slot,
           sum(p.n)::bigint as n, sum(p.sum) as sum,
           min(case when $22::boolean then p.min end) as min,
           max(case when $22::boolean then p.max end) as max, max(p.last_at) as last_at,
           max(case when $19::boolean
               then array[extract(epoch from p.last_at)::float8, p.series, p.last] end) as newest
    from piece p
    group by p.part, p.label, p.past, slot
),
ranked as (
    select f.label,
           row_number() over (order by
               case $20::text
                   when 'count' then sum(f.n) filter (where f.slot > 0 and f.part = 1)
                   when 'avg' then sum(f.sum) filter (where f.slot > 0 and f.part = 1)
                       / nullif(sum(f.n) filter (where f.slot > 0 and f.part = 1), 0)
                   when 'min' then min(f.min) filter (where f.slot > 0 and f.part = 1)
                   when 'max' then max(f.max) filter (where f.slot > 0 and f.part = 1)
                   when 'last' then (max(f.newest))[3]
                   else sum(f.sum) filter (where f.slot > 0 and f.part = 1)
               end desc nulls last, f.label collate "C") as rank
    from folded f
    where f.label is not null
    group by f.label
)
select f.slot, sum(f.n)::bigint, sum(f.sum), min(f.min), max(f.max), max(f.last_at),
       max(f.newest), f.part, f.past,
       case when f.label is null then -1 when r.rank <= $21::int then r.rank::int else 0 end,
       case when r.rank <= $21::int then f.label end
from folded f
left join ranked r on r.label = f.label
group by f.slot, f.part, f.past, 10, 11
