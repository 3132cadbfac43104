select id, order_id, gateway, reference
from payment
where tenant = $1 and order_id > $2 and order_id <= $3
