update hook_delivery
set state = 'pending', attempts_before = attempts, next_try_at = $4, changed_at = $4
where tenant = $1 and hook = $2 and id = $3
returning id
