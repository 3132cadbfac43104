insert into point_key (tenant, key, series, at, value, created_at)
select $1, k.key, k.series, k.at, k.value, k.created_at
from (
    select unnest($2::uuid[]) as key, unnest($3::int[]) as series,
           unnest($4::timestamptz[]) as at, unnest($5::float8[]) as value,
           unnest($6::timestamptz[]) as created_at
) k
order by k.key
