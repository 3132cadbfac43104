select reference
from payment_finding
where gateway = $1 and wrong = $2 and settled_at is null and reference > $3
order by reference
limit $4
