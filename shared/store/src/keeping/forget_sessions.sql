delete from session
where ended_at < $1 or renewed_at < $1 or created_at < $1
