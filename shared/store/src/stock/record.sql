insert into stock_movement (tenant, variant, location, on_hand, reserved, allocated, order_id,
    reason, actor, recorded_at)
select $1, w.variant, w.location, w.on_hand, w.reserved, w.allocated, $7, $8, $9, $10
from (
    select unnest($2::uuid[]) as variant, unnest($3::uuid[]) as location,
        unnest($4::int[]) as on_hand, unnest($5::int[]) as reserved,
        unnest($6::int[]) as allocated
) w
