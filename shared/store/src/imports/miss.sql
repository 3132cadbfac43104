update import
set points_missing = points_missing + $3
where tenant = $1 and id = $2
