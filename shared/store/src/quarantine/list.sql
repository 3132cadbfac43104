select id, code, field, line, received_at
from quarantine
where tenant = $1 and id > $2
order by id
limit $3
