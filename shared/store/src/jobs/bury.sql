with dead as (
    delete from job where id = $1 and attempts = $2
    returning id, queue, group_key, body, trace
)
insert into job_dead (id, queue, group_key, body, trace)
select id, queue, group_key, body, trace from dead
