select order_id, fulfillment
from parcel
where tenant = $1 and tracking = $2
order by order_id, fulfillment
limit $3
