select
from payment_notice
where tenant = $1 and gateway = $2 and event = $3
