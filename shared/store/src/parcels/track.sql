insert into parcel (tenant, order_id, fulfillment, tracking)
select $1, $2, p.fulfillment, p.tracking
from (select unnest($3::uuid[]) as fulfillment, unnest($4::text[]) as tracking) p
on conflict (tenant, order_id, fulfillment) do update set tracking = excluded.tracking
