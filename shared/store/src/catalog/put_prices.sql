insert into price (tenant, variant, currency, starts_at, ends_at, amount_minor)
select $1, p.variant, p.currency, coalesce(p.starts_at, '-infinity'),
    coalesce(p.ends_at, 'infinity'), p.amount_minor
from (
    select unnest($2::uuid[]) as variant, unnest($3::text[]) as currency,
        unnest($4::timestamptz[]) as starts_at, unnest($5::timestamptz[]) as ends_at,
        unnest($6::bigint[]) as amount_minor
) p
