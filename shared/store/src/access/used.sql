update api_key set last_used_on = $3
where tenant = $1 and id = $2 and last_used_on is distinct from $3
