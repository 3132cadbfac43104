select key, series, at, value from point_key where tenant = $1 and key = any($2) for update
