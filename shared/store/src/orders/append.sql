insert into order_event (tenant, order_id, version, kind, body, actor, request_id, recorded_at)
select $1, $2, e.version, e.kind, e.body::jsonb, $6, $7, $8
from (
    select unnest($3::int[]) as version, unnest($4::text[]) as kind, unnest($5::text[]) as body
) e
