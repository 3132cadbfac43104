insert into location (tenant, id, name, rank) values ($1, $2, $3, $4)
on conflict (tenant, id) do update set name = excluded.name, rank = excluded.rank
