update session set renewed_at = $3
where person = $1 and session = $2 and ended_at is null and renewed_at < $3
