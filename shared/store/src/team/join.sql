insert into membership (tenant, person, role, since)
values ($1, $2, $3, $4)
on conflict (tenant, person) do nothing
