update delivery
set state = $3, detail = $4, changed_at = $5
where tenant = $1 and id = $2 and state = any($6)
returning id
