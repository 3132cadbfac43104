insert into payment_notice
    (tenant, gateway, event, kind, happened_at, order_id, payment, events, recorded_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
