select t.tenant, p.order_id, p.id, p.reference, o.payment_status, o.captured_minor
from unnest($2::text[], $3::int[], $4::uuid[], $5::uuid[]) with ordinality
    as w (reference, tenant, order_id, payment, place)
left join payment r on r.gateway = $1 and r.reference = w.reference
left join tenant t on t.tenant = coalesce(r.tenant, w.tenant)
left join payment p on p.tenant = t.tenant and p.id = coalesce(r.id, w.payment)
    and p.order_id = coalesce(r.order_id, w.order_id)
left join orders o on o.tenant = p.tenant and o.id = p.order_id
order by w.place
