insert into payment (tenant, id, order_id, gateway, reference)
select $1, p.id, $2, $3, p.reference
from (select unnest($4::uuid[]) as id, unnest($5::text[]) as reference) p
on conflict (tenant, id) do update set reference = excluded.reference
