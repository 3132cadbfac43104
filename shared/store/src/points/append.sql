insert into point_head (tenant, series, day, n, offsets_ms, values)
select $1, r.series, r.day, r.n, ($6::int[])[r.first : r.first + r.n - 1],
       ($7::float8[])[r.first : r.first + r.n - 1]
from (
    select unnest($2::int[]) as series, unnest($3::date[]) as day, unnest($4::int[]) as first,
           unnest($5::int[]) as n
) r
