select v.id, v.product, v.sku, v.title, v.is_stocked, p.title, p.categories
from variant v
join product p on p.tenant = v.tenant and p.id = v.product
where v.tenant = $1 and v.id = any ($2)
