insert into orders (tenant, id, cart, contact, version, status, payment_status,
    fulfillment_status, is_disputed, currency, country, channel, total_minor, captured_minor,
    refunding_minor, expires_at, operation_due_at, opened_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
on conflict (tenant, id) do update set
    version = excluded.version, status = excluded.status,
    payment_status = excluded.payment_status, fulfillment_status = excluded.fulfillment_status,
    is_disputed = excluded.is_disputed, captured_minor = excluded.captured_minor,
    refunding_minor = excluded.refunding_minor, expires_at = excluded.expires_at,
    operation_due_at = excluded.operation_due_at
