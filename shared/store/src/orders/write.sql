-- What happened to orders, and what follows from it in tables of its own.
with happened as (
    insert into order_event (tenant, order_id, version, kind, body, actor, request_id, recorded_at)
    select $1, e.order_id, e.version, e.kind, e.body::jsonb, e.actor, e.request_id, e.recorded_at
    from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::timestamptz[]) as e (order_id, version, kind, body, actor, request_id, recorded_at)
), paid as (
    insert into payment (tenant, id, order_id, gateway, reference)
    select $1, p.id, p.order_id, p.gateway, p.reference
    from unnest($29::uuid[], $30::uuid[], $31::text[], $32::text[])
        as p (id, order_id, gateway, reference)
    on conflict (tenant, id) do update set reference = excluded.reference
), posted as (
    insert into posting (tenant, order_id, version, account, currency, amount_minor)
    select $1, p.order_id, p.version, p.account, p.currency, p.amount_minor
    from unnest($33::uuid[], $34::int[], $35::text[], $36::text[], $37::bigint[])
        as p (order_id, version, account, currency, amount_minor)
)
insert into orders (tenant, id, cart, contact, number, version, status, payment_status,
    fulfillment_status, is_disputed, currency, country, channel, total_minor, captured_minor,
    refunding_minor, expires_at, operation_due_at, opened_at, placed_at, spent_minor)
select $1, o.id, o.cart, o.contact, o.number, o.version, o.status, o.payment_status,
    o.fulfillment_status, o.is_disputed, o.currency, o.country, o.channel, o.total_minor,
    o.captured_minor, o.refunding_minor, o.expires_at, o.operation_due_at, o.opened_at, o.placed_at,
    o.spent_minor
from unnest($9::uuid[], $10::uuid[], $11::uuid[], $12::bigint[], $13::int[], $14::text[],
    $15::text[], $16::text[], $17::boolean[], $18::text[], $19::text[], $20::text[],
    $21::bigint[], $22::bigint[], $23::bigint[], $24::timestamptz[], $25::timestamptz[],
    $26::timestamptz[], $27::timestamptz[], $28::bigint[])
    as o (id, cart, contact, number, version, status, payment_status, fulfillment_status,
        is_disputed, currency, country, channel, total_minor, captured_minor, refunding_minor,
        expires_at, operation_due_at, opened_at, placed_at, spent_minor)
on conflict (tenant, id) do update set
    version = excluded.version, status = excluded.status,
    payment_status = excluded.payment_status, fulfillment_status = excluded.fulfillment_status,
    is_disputed = excluded.is_disputed, captured_minor = excluded.captured_minor,
    refunding_minor = excluded.refunding_minor, expires_at = excluded.expires_at,
    operation_due_at = excluded.operation_due_at
