update hook_delivery
set state = $4, last_status = $5, detail = $6, next_try_at = $7, changed_at = $8
where tenant = $1 and id = $2 and attempts = $3
