with wanted as (
    select w.key, w.series, w.at, w.value
    from (
        select unnest($2::uuid[]) as key, unnest($3::int[]) as series,
               unnest($4::timestamptz[]) as at, unnest($5::float8[]) as value
    ) w
),
fresh as (
    insert into point_key (tenant, key, series, at, value, created_at)
    select $1, key, series, at, value, $6 from wanted order by key
    on conflict (tenant, key) do nothing
    returning key
)
select key from wanted
except
select key from fresh
