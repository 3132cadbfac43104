-- The next numbers, in the order in which the orders are given.
with wanted as (
    select w.order_id, w.version, w.kind, w.actor, w.request_id, w.placed_at, w.place
    from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
        with ordinality as w (order_id, version, kind, actor, request_id, placed_at, place)
), drawn as (
    insert into sequence_number as s (tenant, kind, last)
    values ($1, 'order', cardinality($2::uuid[]))
    on conflict (tenant, kind) do update set last = s.last + excluded.last
    returning last - cardinality($2::uuid[]) as before
), placed as (
    insert into order_event (tenant, order_id, version, kind, body, actor, request_id, recorded_at)
    select $1, w.order_id, w.version, w.kind, jsonb_build_object('number', d.before + w.place),
        w.actor, w.request_id, w.placed_at
    from wanted w, drawn d
)
update orders o set number = d.before + w.place, placed_at = w.placed_at
from wanted w, drawn d
where o.tenant = $1 and o.id = w.order_id
returning o.id, o.number
