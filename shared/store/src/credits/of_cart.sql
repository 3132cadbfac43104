select k.id, k.last_four, k.code_key, k.currency, k.issued_minor, k.balance_minor, k.expires_at,
    k.disabled_at, k.customer, coalesce(k.customer <> $3::bytea, false), k.note, k.created_at
from cart c
join credit k on k.tenant = c.tenant and k.id = c.credit
where c.tenant = $1 and c.id = $2
