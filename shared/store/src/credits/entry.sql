select number, id, kind, amount_minor, balance_minor, order_id, reason, actor, recorded_at
from credit_entry
where tenant = $1 and id = $2
