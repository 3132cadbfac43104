select fingerprint, order_id, body, lease_until
from checkout_call
where tenant = $1 and key = $2
