delete from person_code
where expires_at < $1
