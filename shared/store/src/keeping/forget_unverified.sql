delete from person
where verified_at is null and created_at < $1
