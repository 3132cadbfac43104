insert into outbox (tenant, queue, body)
select $1, queue, $3 from unnest($2::text[]) queue
