-- The page first and each opening by its key: where statistics are old, a join may be the square.
with page as materialized (
    select o.placed_at, o.id
    from orders o
    where o.tenant = $1 and o.status in ('confirmed', 'completed') and o.placed_at >= $2
        and (o.placed_at, o.id) < ($3, $4)
    order by o.placed_at desc, o.id desc
    limit $6
)
select page.placed_at, page.id, array(
    select (line.value->>'product')::uuid
    from order_event e
    cross join jsonb_array_elements(e.body->'lines') with ordinality line(value, position)
    where e.tenant = $1 and e.order_id = page.id and e.version = 1
    order by line.position
    limit $5
)
from page
order by page.placed_at desc, page.id desc
