select s.metric, min(f.bucket)
from series s
cross join lateral (
    select r.bucket
    from roll_day r
    where r.tenant = $1 and r.series = s.id
    order by r.bucket
    limit 1
) f
where s.tenant = $1 and s.metric = any($2)
group by s.metric
