select number, recorded_at, entry, hash
from audit
where tenant = $1 and number > $2
order by number
limit $3
