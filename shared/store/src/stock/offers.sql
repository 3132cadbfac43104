select s.variant, s.location, s.on_hand - s.reserved - s.allocated + s.backorder_limit
from stock s
join location l on l.tenant = s.tenant and l.id = s.location
where s.tenant = $1 and s.on_hand - s.reserved - s.allocated + s.backorder_limit > 0
    and s.variant = any ($2)
order by l.rank, s.location
