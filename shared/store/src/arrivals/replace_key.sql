update point_key set value = $3 where tenant = $1 and key = $2
