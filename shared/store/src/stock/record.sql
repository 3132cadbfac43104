insert into stock_movement (tenant, variant, location, on_hand, reserved, allocated, order_id,
    reason, actor, recorded_at)
select $1, w.variant, w.location, w.on_hand, w.reserved, w.allocated, w.order_id, w.reason,
    w.actor, w.recorded_at
from unnest($2::uuid[], $3::uuid[], $4::int[], $5::int[], $6::int[], $7::uuid[], $8::text[],
    $9::text[], $10::timestamptz[])
    as w (variant, location, on_hand, reserved, allocated, order_id, reason, actor, recorded_at)
