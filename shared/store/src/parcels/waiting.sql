select id, kind, tracking, occurred_at
from parcel_notice
where tenant = $1 and id = $2 and state = 'waiting'
