delete from point_key where created_at < $1
