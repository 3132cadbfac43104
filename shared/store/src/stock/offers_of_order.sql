select s.variant, s.location, s.on_hand - s.reserved - s.allocated + s.backorder_limit
from stock s
join location l on l.tenant = s.tenant and l.id = s.location
where s.tenant = $1 and s.on_hand - s.reserved - s.allocated + s.backorder_limit > 0
    -- What still waits for its payment holds its stock.
    and exists (select from orders where tenant = $1 and id = $2 and status <> 'open')
    and s.variant in (
        select (line->>'variant')::uuid
        from order_event e, jsonb_array_elements(e.body->'lines') line
        where e.tenant = $1 and e.order_id = $2 and e.version = 1
    )
order by l.rank, s.location
