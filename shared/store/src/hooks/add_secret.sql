insert into hook_secret (tenant, hook, secret, created_at)
select h.tenant, h.id, $3, $4 from hook h where h.tenant = $1 and h.id = $2
returning hook
