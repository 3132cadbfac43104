insert into outbox (tenant, queue, body)
select $1, n.queue, n.body from unnest($2::text[], $3::text[]) n (queue, body)
where n.queue <> 'hooks' or exists (select from hook where tenant = $1 and enabled)
