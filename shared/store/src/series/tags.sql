select t.key, count(distinct t.value), count(*)
from series_tag t
where t.tenant = $1 and t.metric = $2
group by t.key
order by 2 desc, t.key
