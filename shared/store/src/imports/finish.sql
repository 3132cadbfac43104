update import
set status = $5, changed_at = $6
where tenant = $1 and id = $2 and run = $3 and status = $4
