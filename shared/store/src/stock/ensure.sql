insert into stock (tenant, variant, location)
select $1, v.id, l.id
from variant v, location l
where v.tenant = $1 and v.id = $2 and l.tenant = $1 and l.id = $3
on conflict (tenant, variant, location) do nothing
