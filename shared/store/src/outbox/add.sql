insert into outbox (tenant, queue, group_key, dedupe, body, trace)
values ($1, $2, $3, $4, $5, $6)
