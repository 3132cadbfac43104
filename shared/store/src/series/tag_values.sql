select s.tags ->> $3, count(*)
from series s
where s.tenant = $1 and s.metric = $2 and s.tags ->> $3 is not null
group by 1
order by 1
limit $4
