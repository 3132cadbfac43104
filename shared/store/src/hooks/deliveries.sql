select id, topic, message, state, attempts, last_status, detail, next_try_at, created_at
from hook_delivery
where tenant = $1 and hook = $2 and ($3::uuid is null or id < $3)
order by id desc
limit $4
