with wanted as (
    select w.series, w.at, w.value, count(*) as n
    from (
        select unnest($2::int[]) as series, unnest($3::timestamptz[]) as at,
               unnest($4::float8[]) as value
    ) w
    group by w.series, w.at, w.value
),
gone as (
    delete from point_head h
    using wanted w
    where h.series = w.series and h.at = w.at and h.value = w.value
      and h.tenant = $1 and h.at >= $5 and h.at <= $6
    returning h.series, h.at, h.value
),
surplus as (
    select x.series, x.at, x.value, sum(x.n)::int as n
    from (
        select series, at, value, 1 as n from gone
        union all
        select series, at, value, -n from wanted
    ) x
    group by x.series, x.at, x.value
    having sum(x.n) > 0
),
kept as (
    insert into point_head (tenant, series, at, value)
    select $1, s.series, s.at, s.value
    from surplus s
    cross join lateral generate_series(1, s.n)
    returning 1
)
select (select count(*) from gone) - (select count(*) from kept)
