update hook_delivery d
set state = 'failed', detail = 'the endpoint is disabled', next_try_at = null, changed_at = $3
from hook h
where h.tenant = $1 and h.id = $2 and not h.enabled
    and d.tenant = $1 and d.hook = $2 and d.next_try_at is not null
