insert into key_value (key, value, expires_at) values ($1, $2::text, $3)
on conflict (key) do update
set value = case
        when key_value.expires_at <= $4 then excluded.value
        else (key_value.value::bigint + $2::bigint)::text
    end,
    expires_at = case
        when key_value.expires_at <= $4 then excluded.expires_at
        else key_value.expires_at
    end,
    version = key_value.version + 1
returning value::bigint
