select v.id, v.sku, s.on_hand, m.id, m.recorded_at, s.is_low
from variant v
cross join lateral (
    select sum(s.on_hand)::bigint as on_hand,
           bool_or(s.on_hand - s.reserved - s.allocated <= s.low_stock) as is_low
    from stock s
    where s.tenant = $1 and s.variant = v.id
) s
cross join lateral (
    select m.id, m.recorded_at from stock_movement m
    where m.tenant = $1 and m.variant = v.id
    order by m.id desc limit 1
) m
where v.tenant = $1 and v.id = any($2) and s.on_hand is not null
