insert into shop (tenant, rounding, capture, payment_minutes, cart_days)
values ($1, $2, $3, $4, $5)
on conflict (tenant) do update set rounding = excluded.rounding, capture = excluded.capture,
    payment_minutes = excluded.payment_minutes, cart_days = excluded.cart_days
