update parcel_notice n
set order_id = ($3::uuid[])[1],
    state = case when exists (
        select from order_event e
        where e.tenant = $1 and e.order_id = any($3) and e.actor = $4 and e.request_id = $2
    ) then 'applied' else 'unchanged' end,
    detail = case when not exists (
        select from order_event e
        where e.tenant = $1 and e.order_id = any($3) and e.kind = $5
    ) then n.detail end
where n.tenant = $1 and n.id = $2 and n.state = 'waiting'
