with made as (
    insert into import (
        tenant, id, mapping, file_name, object_path, status, run, latest, bytes_total,
        lines_done, tally, created_at, changed_at
    )
    select 1, ('7a6e0000-0000-7000-8000-0000000000' || i.id)::uuid,
        '{"kind": "sales", "columns": {}}', 'till.csv', 'imports/sample/' || i.id,
        i.status, '7a6e0000-0000-7000-8000-000000000019', '2026-11-21T07:00:00Z', 476,
        i.lines, i.tally::jsonb, '2026-11-21T06:59:00Z', '2026-11-21T06:59:30Z'
    from (values
        ('20', 'running', 0, '{}'), ('21', 'checking', 0, '{}'),
        ('22', 'done', 8, '{"lines": 8, "points": 16, "sales": null,
           "refused": {"malformed": 2, "bad_instant": 1}, "months": []}'),
        ('23', 'waiting', 0, '{}'), ('24', 'waiting', 0, '{}'),
        ('25', 'running', 0, '{}')
    ) as i(id, status, lines, tally)
    returning id
)
insert into import_error (tenant, import, line, code, detail)
select 1, made.id, line, 'malformed', 'the line has 5 columns, the header has 8'
from made, generate_series(8, 9) as line
where made.id = '7a6e0000-0000-7000-8000-000000000022'
