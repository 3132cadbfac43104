select id, url, topics, enabled, enabled_at, disabled_reason, failing_since, created_at
from hook
where tenant = $1 and ($2::uuid is null or id = $2)
order by id
