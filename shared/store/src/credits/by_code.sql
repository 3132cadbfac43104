select id, last_four, code_key, currency, issued_minor, balance_minor, expires_at, disabled_at,
    customer, false, note, created_at
from credit
where tenant = $1 and code_hash = any ($2::bytea[])
