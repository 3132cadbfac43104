select id, slug, attributes::text
from product
where tenant = $1 and type = $2 and state <> 'archived' and id > $3
order by id
limit $4
