insert into import_error (tenant, import, line, code, detail)
select $1, $2, e.line, e.code, e.detail
from (
    select unnest($3::bigint[]) as line, unnest($4::text[]) as code, unnest($5::text[]) as detail
) e
