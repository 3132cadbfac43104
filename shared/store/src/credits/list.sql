select id, last_four, code_key, currency, issued_minor, balance_minor, expires_at, disabled_at,
    customer, false, note, created_at
from credit
where tenant = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
order by created_at desc, id desc
limit $4
