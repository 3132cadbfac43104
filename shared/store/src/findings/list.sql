select gateway, reference, currency, amount_minor, wrong, found_at, settled_at
from payment_finding
where tenant = $1
order by found_at desc, reference
limit $2
