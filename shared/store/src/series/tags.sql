select t.key, count(distinct t.value), count(*)
from series s, jsonb_each_text(s.tags) t
where s.tenant = $1 and s.metric = $2
group by t.key
order by 2 desc, t.key
