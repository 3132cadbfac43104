select tenant, id, name, aggregation
from metric
where (tenant, id) > ($1, $2)
order by tenant, id
limit $3
