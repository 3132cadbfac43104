insert into payment_finding
    (gateway, reference, tenant, currency, amount_minor, wrong, found_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (gateway, reference) do nothing
returning reference
