insert into checkout_call (tenant, key, fingerprint, order_id, lease_until, expires_at)
values ($1, $2, $3, $4, $5, $6)
