insert into point_head (tenant, series, at, value)
select $1, p.series, p.at, p.value
from (
    select unnest($2::int[]) as series, unnest($3::timestamptz[]) as at,
           unnest($4::float8[]) as value
) p
