update key_value
set value = $2, expires_at = $3, version = version + 1
where key = $1 and version = $4 and (expires_at is null or expires_at > $5)
returning version
