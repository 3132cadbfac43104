insert into product_price (tenant, product, currency, starts_at, ends_at, low_minor, high_minor)
select $1, $2, o.currency, coalesce(o.starts_at, '-infinity'), coalesce(o.ends_at, 'infinity'),
    o.low_minor, o.high_minor
from (
    select unnest($3::text[]) as currency, unnest($4::timestamptz[]) as starts_at,
        unnest($5::timestamptz[]) as ends_at, unnest($6::bigint[]) as low_minor,
        unnest($7::bigint[]) as high_minor
) o
