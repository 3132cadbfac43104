delete from invitation
where expires_at < $1
