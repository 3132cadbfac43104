with drawn as (
    insert into sequence_number as s (tenant, kind, last) values ($1, 'order', 1)
    on conflict (tenant, kind) do update set last = s.last + 1
    returning last
), placed as (
    insert into order_event (tenant, order_id, version, kind, body, actor, request_id, recorded_at)
    select $1, $2, $3, $4, jsonb_build_object('number', last), $5, $6, $7 from drawn
)
update orders o set number = drawn.last, placed_at = $7
from drawn
where o.tenant = $1 and o.id = $2
returning o.number
