insert into person_code (code, person, purpose, email, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6)
