delete from outbox
where id in (
    select id from outbox
    where ($1::int is null or tenant = $1) and queue = any($2)
    order by id
    limit $3
    for update skip locked
)
returning id, queue, group_key, dedupe, body, trace
