select s.variant, s.location, v.sku, l.name, s.on_hand, s.reserved, s.allocated, s.incoming,
    s.backorder_limit, s.low_stock
from stock s
join variant v on v.tenant = s.tenant and v.id = s.variant
join location l on l.tenant = s.tenant and l.id = s.location
where s.tenant = $1 and ($2::uuid is null or s.variant = $2)
    and ($3::uuid is null or s.location = $3)
    and s.low_stock is not null and s.on_hand - s.reserved - s.allocated <= s.low_stock
    and (s.variant, s.location) > ($4, $5)
order by s.variant, s.location
limit $6
