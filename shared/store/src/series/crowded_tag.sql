select t.key
from series_tag t
where t.tenant = $1 and t.metric = $2
group by t.key
order by count(distinct t.value) desc, t.key
limit 1
