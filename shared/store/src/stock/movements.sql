select id, variant, location, on_hand, reserved, allocated, order_id, reason, actor, recorded_at
from stock_movement
where tenant = $1 and ($2::uuid is null or variant = $2) and id < $3
order by id desc
limit $4
