create table import (
    tenant int not null references tenant on delete cascade,
    id uuid primary key,
    -- What the lines of the file are, and which columns play which part.
    mapping jsonb not null,
    file_name text not null,
    object_path text not null,
    status text not null check (status in
        ('waiting', 'checking', 'checked', 'running', 'done', 'undoing', 'undone', 'failed')),
    -- A new one whenever something is begun: a worker of an earlier beginning writes nothing.
    run uuid not null,
    -- Lines that are later than this are refused, at each reading.
    latest timestamptz not null,
    -- The upload that is being read: another under the same name is another file.
    object_tag text,
    bytes_total bigint,
    bytes_done bigint not null default 0,
    -- Lines whose points are written, in the transaction that wrote them; and those of them
    -- whose points are removed again.
    lines_done bigint not null default 0,
    lines_undone bigint not null default 0,
    tally jsonb not null default '{}',
    problem text,
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create index import_by_tenant on import (tenant, id);
call isolate_tenants('import');

-- Refused lines, by number in the file; the first of many.
create table import_error (
    tenant int not null references tenant on delete cascade,
    import uuid not null references import on delete cascade,
    line bigint not null,
    code text not null,
    detail text not null,
    primary key (import, line)
);
call isolate_tenants('import_error');
