select number, recorded_at, entry, hash
from audit
where tenant = $1 and ($2::bigint is null or number < $2)
order by number desc
limit $3
