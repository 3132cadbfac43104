select queue, sum(waiting)::bigint, sum(dead)::bigint
from (
    select queue, count(*) as waiting, 0 as dead from job group by queue
    union all
    select queue, 0, count(*) from job_dead group by queue
) counted
group by queue
order by queue
