select number, id, kind, amount_minor, balance_minor, order_id, reason, actor, recorded_at
from credit_entry
where tenant = $1 and credit = $2 and number < coalesce($3, 2147483647)
order by number desc
limit $4
