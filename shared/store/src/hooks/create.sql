insert into hook (tenant, id, url, topics, enabled, enabled_at, created_at)
values ($1, $2, $3, $4, true, $5, $5)
