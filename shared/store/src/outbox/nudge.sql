insert into outbox (tenant, queue, body)
select $1, queue, $3 from unnest($2::text[]) queue
where queue <> 'hooks' or exists (select from hook where tenant = $1 and enabled)
