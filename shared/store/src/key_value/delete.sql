delete from key_value where key = $1
