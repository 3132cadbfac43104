insert into hook_delivery (tenant, id, hook, order_id, version, topic, message, body, state,
    next_try_at, created_at, changed_at)
select $1, d.id, h.id, $2, d.version, d.topic, d.message, d.body, 'pending', $9, $9, $9
from (
    select unnest($3::uuid[]) as id, unnest($4::uuid[]) as hook, unnest($5::int[]) as version,
        unnest($6::text[]) as topic, unnest($7::text[]) as message, unnest($8::text[]) as body
) d
join hook h on h.tenant = $1 and h.id = d.hook and h.enabled
on conflict (tenant, hook, order_id, version) do nothing
