select variant, location, sum(on_hand)::bigint, sum(reserved)::bigint, sum(allocated)::bigint
from stock_movement
where tenant = $1 and order_id is not null
group by variant, location
