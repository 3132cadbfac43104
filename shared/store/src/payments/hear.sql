insert into payment_notice
    (tenant, gateway, event, kind, happened_at, order_id, payment, events, recorded_at)
select $1, n.gateway, n.event, n.kind, n.happened_at, n.order_id, n.payment, n.events, n.recorded_at
from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[], $7::uuid[],
    $8::int[], $9::timestamptz[])
    as n (gateway, event, kind, happened_at, order_id, payment, events, recorded_at)
