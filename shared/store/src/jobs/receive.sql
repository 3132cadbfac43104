with candidate as (
    select j.id, j.attempts >= $4 as spent
    from job j
    where j.queue = $1
      and j.visible_at <= clock_timestamp()
      and (j.group_key is null or not exists (
          select from job earlier
          where earlier.queue = j.queue and earlier.group_key = j.group_key
            and earlier.id < j.id))
    order by j.id
    limit $2
    for update skip locked
),
dead as (
    delete from job j using candidate c where j.id = c.id and c.spent
    returning j.id, j.queue, j.group_key, j.body, j.trace
),
buried as (
    insert into job_dead (id, queue, group_key, body, trace)
    select id, queue, group_key, body, trace from dead
)
update job j
set visible_at = clock_timestamp() + $3 * interval '1 millisecond', attempts = j.attempts + 1
from candidate c
where j.id = c.id and not c.spent
returning j.id, j.attempts, j.body, j.group_key, j.trace
