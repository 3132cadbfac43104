select order_id, version, kind, body::text, recorded_at
from order_event
where tenant = $1 and (order_id, version) > ($2, $3)
order by order_id, version
limit $4
