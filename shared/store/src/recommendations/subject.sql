select p.id, r.orders, r.computed_at
from product p
left join recommendation_run r on r.tenant = $1
where p.tenant = $1 and (p.id = $2 or p.slug = $3) and p.state = 'published'
