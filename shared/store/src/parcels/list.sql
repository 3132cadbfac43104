select id, kind, carrier, tracking_number, occurred_at, detail, state, order_id, heard_at
from parcel_notice
where tenant = $1
order by heard_at desc, id desc
limit $2
