select id, operation_due_at
from orders
where tenant = $1 and operation_due_at < $2
order by operation_due_at
limit $3
