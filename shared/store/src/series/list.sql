select id, tags::text, created_at
from series
where tenant = $1 and metric = $2 and id > $3
order by id
limit $4
