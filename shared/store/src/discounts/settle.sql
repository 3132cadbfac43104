with locked as materialized (
    select d.id
    from discount d
    join redemption r on r.tenant = d.tenant and r.discount = d.id
    where d.tenant = $1 and r.order_id = $2
    order by d.id
    for no key update of d
), moved as (
    update redemption r set given_back_at = $3
    from locked l
    where r.tenant = $1 and r.order_id = $2 and r.discount = l.id
        and (r.given_back_at is null) = ($3::timestamptz is not null)
    returning r.discount
)
update discount d set redeemed = d.redeemed + case when $3 is null then 1 else -1 end
from moved m
where d.tenant = $1 and d.id = m.discount
