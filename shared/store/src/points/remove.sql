with wanted as (
    select w.series, w.at, w.value, count(*) as n
    from (
        select unnest($2::int[]) as series, unnest($3::timestamptz[]) as at,
               unnest($4::float8[]) as value
    ) w
    group by w.series, w.at, w.value
),
candidate as (
    select h.tableoid as part, h.ctid as place, w.n,
           row_number() over (partition by h.series, h.at, h.value) as position
    from point_head h
    join wanted w on w.series = h.series and w.at = h.at and w.value = h.value
    where h.tenant = $1 and h.at >= $5 and h.at <= $6
)
delete from point_head h
using candidate c
where h.tableoid = c.part and h.ctid = c.place and c.position <= c.n
  and h.tenant = $1 and h.at >= $5 and h.at <= $6
returning 1
