select value, version from key_value where key = $1 and (expires_at is null or expires_at > $2)
