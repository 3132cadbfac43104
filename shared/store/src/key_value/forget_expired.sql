delete from key_value where expires_at <= $1
