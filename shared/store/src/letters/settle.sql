update order_letter
set state = $4, detail = $5, changed_at = $6
where tenant = $1 and order_id = $2 and version = $3 and state = any($7)
returning version
