update hook_delivery d
set state = case when h.enabled then 'pending' else 'failed' end,
    detail = case when h.enabled then d.detail else 'the endpoint is disabled' end,
    attempts = d.attempts + h.enabled::int,
    next_try_at = case when h.enabled then $4::timestamptz end,
    changed_at = $3
from hook h
where d.tenant = $1 and d.id = $2 and d.next_try_at <= $3
    and h.tenant = d.tenant and h.id = d.hook
returning h.enabled, h.id, h.url, d.message, d.body, d.attempts, d.attempts - d.attempts_before,
    array(
        select s.secret from hook_secret s
        where s.tenant = h.tenant and s.hook = h.id
            and (s.valid_until is null or s.valid_until > $3)
        order by s.created_at desc, s.valid_until desc
    )
