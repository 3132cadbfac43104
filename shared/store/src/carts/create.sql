insert into cart (tenant, id, token_hash, currency, country, channel, created_at, updated_at,
    expires_at)
select $1, $2, $3, $4, $5, $6, $7::timestamptz, $7,
    $7 + make_interval(days => coalesce((select cart_days from shop where tenant = $1), 30))
