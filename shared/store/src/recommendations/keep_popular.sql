insert into bought (tenant, product, orders)
select $1, p.product, p.orders
from (select unnest($2::uuid[]) as product, unnest($3::int[]) as orders) p
