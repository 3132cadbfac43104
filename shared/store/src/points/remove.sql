with wanted as (
    select w.series, w.day, w.offset_ms, w.value, count(*) as n
    from (
        select unnest($2::int[]) as series, unnest($3::date[]) as day,
               unnest($4::int[]) as offset_ms, unnest($5::float8[]) as value
    ) w
    group by w.series, w.day, w.offset_ms, w.value
),
touched as (
    select distinct series, day from wanted
),
opened as (
    delete from point_head h
    using touched t
    where h.series = t.series and h.day = t.day
      and h.tenant = $1 and h.day >= $6 and h.day <= $7
    returning h.series, h.day, h.offsets_ms, h.values
),
unsealed as (
    delete from point_block k
    using touched t
    where k.series = t.series and k.day = t.day
      and k.tenant = $1 and k.series = any($2) and k.day >= $6 and k.day <= $7
    returning k.series, k.day, k.offsets_ms, k.values
),
loose as (
    select o.series, o.day, u.offset_ms, u.value,
           row_number() over (partition by o.series, o.day, u.offset_ms, u.value) as nth
    from (
        select series, day, offsets_ms, values from opened
        union all
        select series, day, offsets_ms, values from unsealed
    ) o
    cross join lateral unnest(o.offsets_ms, o.values) as u (offset_ms, value)
),
judged as (
    select l.series, l.day, l.offset_ms, l.value, l.nth > coalesce(w.n, 0) as stays
    from loose l
    left join wanted w using (series, day, offset_ms, value)
),
kept as (
    insert into point_head (tenant, series, day, n, offsets_ms, values)
    select $1, series, day, count(*), array_agg(offset_ms order by offset_ms),
           array_agg(value order by offset_ms)
    from judged
    where stays
    group by series, day
)
select count(*) from judged where not stays
