insert into payment (tenant, id, order_id, gateway, reference)
select $1, p.id, p.order_id, p.gateway, p.reference
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[])
    as p (id, order_id, gateway, reference)
on conflict (tenant, id) do update set reference = excluded.reference
