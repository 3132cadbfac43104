with revived as (
    delete from job_dead where queue = $1
    returning id, queue, group_key, body, trace
)
insert into job (queue, group_key, visible_at, body, trace)
select queue, group_key, clock_timestamp(), body, trace from revived order by id
