select order_id, version, account, currency, amount_minor
from posting
where tenant = $1 and order_id > $2 and order_id <= $3
