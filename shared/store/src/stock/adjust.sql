with before as (
    select on_hand
    from stock
    where tenant = $1 and variant = $2 and location = $3
    for no key update
), adjusted as (
    update stock s set on_hand = coalesce($5, b.on_hand + coalesce($6, 0)),
        incoming = coalesce($7, s.incoming),
        backorder_limit = coalesce($8, s.backorder_limit),
        low_stock = coalesce($9, s.low_stock)
    from before b
    where s.tenant = $1 and s.variant = $2 and s.location = $3
    returning s.on_hand - b.on_hand as changed
)
insert into stock_movement (tenant, variant, location, on_hand, reserved, allocated, adjustment,
    reason, actor, recorded_at)
select $1, $2, $3, changed, 0, 0, $4, $10, $11, $12
from adjusted
returning id
