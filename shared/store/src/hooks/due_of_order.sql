select id from hook_delivery
where tenant = $1 and order_id = $2 and next_try_at <= $3
order by version, id
