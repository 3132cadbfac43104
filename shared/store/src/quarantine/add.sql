insert into quarantine (tenant, id, code, field, line, received_at)
select $1, q.id, q.code, q.field, q.line, q.received_at
from (
    select unnest($2::uuid[]) as id, unnest($3::text[]) as code, unnest($4::text[]) as field,
           unnest($5::text[]) as line, unnest($6::timestamptz[]) as received_at
) q
