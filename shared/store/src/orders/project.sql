insert into orders (tenant, id, cart, contact, number, version, status, payment_status,
    fulfillment_status, is_disputed, currency, country, channel, total_minor, captured_minor,
    refunding_minor, expires_at, operation_due_at, opened_at, placed_at, spent_minor)
select $1, o.id, o.cart, o.contact, o.number, o.version, o.status, o.payment_status,
    o.fulfillment_status, o.is_disputed, o.currency, o.country, o.channel, o.total_minor,
    o.captured_minor, o.refunding_minor, o.expires_at, o.operation_due_at, o.opened_at, o.placed_at,
    o.spent_minor
from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::int[], $7::text[], $8::text[],
    $9::text[], $10::boolean[], $11::text[], $12::text[], $13::text[], $14::bigint[],
    $15::bigint[], $16::bigint[], $17::timestamptz[], $18::timestamptz[], $19::timestamptz[],
    $20::timestamptz[], $21::bigint[])
    as o (id, cart, contact, number, version, status, payment_status, fulfillment_status,
        is_disputed, currency, country, channel, total_minor, captured_minor, refunding_minor,
        expires_at, operation_due_at, opened_at, placed_at, spent_minor)
on conflict (tenant, id) do update set
    version = excluded.version, status = excluded.status,
    payment_status = excluded.payment_status, fulfillment_status = excluded.fulfillment_status,
    is_disputed = excluded.is_disputed, captured_minor = excluded.captured_minor,
    refunding_minor = excluded.refunding_minor, expires_at = excluded.expires_at,
    operation_due_at = excluded.operation_due_at
