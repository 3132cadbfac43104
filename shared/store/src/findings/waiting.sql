select o.tenant, o.id, p.id, p.reference, o.currency, o.total_minor - o.spent_minor
from orders o
join payment p on p.tenant = o.tenant and p.order_id = o.id
where o.status = 'open' and o.opened_at < $2 and p.gateway = $1 and p.reference is not null
    and o.id > $3
order by o.id
limit $4
