insert into person (person, email, name, password_hash, created_at)
values ($1, $2, $3, $4, $5)
on conflict (person) do update
set email = excluded.email, name = excluded.name, password_hash = excluded.password_hash
where person.verified_at is null
