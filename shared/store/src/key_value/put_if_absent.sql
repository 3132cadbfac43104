insert into key_value (key, value, expires_at) values ($1, $2, $3)
on conflict (key) do update
set value = excluded.value, expires_at = excluded.expires_at, version = key_value.version + 1
where key_value.expires_at <= $4
returning version
