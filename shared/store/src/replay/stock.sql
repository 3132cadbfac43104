with ledger as (
    select variant, location, sum(on_hand)::bigint as on_hand, sum(reserved)::bigint as reserved,
        sum(allocated)::bigint as allocated
    from stock_movement
    where tenant = $1
    group by variant, location
), level as (
    select variant, location, on_hand::bigint, reserved::bigint, allocated::bigint
    from stock
    where tenant = $1
), both_sides as (
    select coalesce(s.variant, m.variant) as variant, coalesce(s.location, m.location) as location,
        array[coalesce(s.on_hand, 0), coalesce(s.reserved, 0), coalesce(s.allocated, 0)] as level,
        array[coalesce(m.on_hand, 0), coalesce(m.reserved, 0), coalesce(m.allocated, 0)] as ledger
    from level s
    full join ledger m on m.variant = s.variant and m.location = s.location
)
select variant, location, level, ledger
from both_sides
where level <> ledger
order by variant, location
