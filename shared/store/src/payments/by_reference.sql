select tenant, order_id, payment
from payment_by_reference($1, $2)
