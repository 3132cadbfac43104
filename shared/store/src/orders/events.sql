select version, kind, body::text, actor, request_id, recorded_at
from order_event
where tenant = $1 and order_id = $2
order by version
