select s.id, s.metric, s.tags_hash
from series s
join (select unnest($2::int[]) as metric, unnest($3::uuid[]) as hash) w
  on s.metric = w.metric and s.tags_hash = w.hash
where s.tenant = $1
