select n.id, n.kind, n.tracking, n.occurred_at
from parcel_notice n
where n.tenant = $1 and n.state = 'waiting' and n.heard_at >= $3
    and n.tracking in (select p.tracking from parcel p where p.tenant = $1 and p.order_id = $2)
order by n.occurred_at, n.id
limit $4
