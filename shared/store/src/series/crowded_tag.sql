select t.key
from series s, jsonb_each_text(s.tags) t
where s.tenant = $1 and s.metric = $2
group by t.key
order by count(distinct t.value) desc, t.key
limit 1
