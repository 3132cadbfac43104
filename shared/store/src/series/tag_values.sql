select t.value, count(*)
from series_tag t
where t.tenant = $1 and t.metric = $2 and t.key = $3
group by t.value
order by t.value
limit $4
