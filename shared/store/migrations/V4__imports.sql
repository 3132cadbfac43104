create table import (
    tenant int not null references tenant on delete cascade,
    id uuid primary key,
    kind text not null check (kind in ('sales', 'points')),
    mapping jsonb not null,
    file_name text not null,
    object_path text not null,
    status text not null check (status in
        ('waiting', 'checking', 'checked', 'running', 'done', 'undoing', 'undone', 'failed')),
    -- Lines of the file that are behind us, in the transaction that wrote their points.
    lines_done bigint not null default 0,
    counts jsonb not null default '{}',
    problem text,
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create index import_by_tenant on import (tenant, id);
call isolate_tenants('import');

create table import_error (
    tenant int not null references tenant on delete cascade,
    import uuid not null references import on delete cascade,
    line bigint not null,
    code text not null,
    detail text not null,
    primary key (import, line)
);
call isolate_tenants('import_error');
