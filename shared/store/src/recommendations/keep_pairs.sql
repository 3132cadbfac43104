insert into bought_together (tenant, product, other, orders, lift)
select $1, p.product, p.other, p.orders, p.lift
from (
    select unnest($2::uuid[]) as product, unnest($3::uuid[]) as other,
        unnest($4::int[]) as orders, unnest($5::float8[]) as lift
) p
