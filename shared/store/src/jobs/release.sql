update job
set visible_at = clock_timestamp() + $3 * interval '1 millisecond'
where id = $1 and attempts = $2
returning id
