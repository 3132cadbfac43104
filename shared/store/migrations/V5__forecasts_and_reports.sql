create table forecast (
    tenant int not null references tenant on delete cascade,
    id uuid primary key,
    metric int not null references metric on delete cascade,
    -- The first day that was not known.
    origin date not null,
    made_at timestamptz not null,
    model text,
    horizon_days int not null,
    -- The forecast with its points, intervals and measured error; or why there is none.
    body jsonb not null,
    unique (tenant, metric, origin)
);
call isolate_tenants('forecast');
-- The planner asks which metrics there are.
create policy system_plans on metric for select to takings_system using (true);
grant select on metric to takings_system;

create table report (
    tenant int not null references tenant on delete cascade,
    id uuid primary key,
    name text not null,
    items jsonb not null,
    recipients text[] not null,
    schedule jsonb not null,
    zone text not null,
    paused boolean not null default false,
    -- When the next occurrence is due; null when paused.
    next_due_at timestamptz,
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create index report_by_tenant on report (tenant, id);
create index report_by_due on report (next_due_at) where next_due_at is not null;
call isolate_tenants('report');
create policy system_plans on report to takings_system using (true) with check (true);
grant select, update on report to takings_system;

-- One due sending. The pair of report and local date is claimed before any work.
create table occurrence (
    tenant int not null references tenant on delete cascade,
    id uuid primary key,
    report uuid not null references report on delete cascade,
    local_date date not null,
    due_at timestamptz not null,
    late boolean not null,
    -- Asked for by a person, at any time: a test letter.
    test boolean not null,
    created_at timestamptz not null
);
create unique index occurrence_once on occurrence (report, local_date) where not test;
create index occurrence_by_report on occurrence (report, id);
call isolate_tenants('occurrence');
create policy system_plans on occurrence to takings_system using (true) with check (true);
grant select, insert on occurrence to takings_system;

-- One recipient of an occurrence.
create table delivery (
    tenant int not null references tenant on delete cascade,
    id uuid primary key,
    occurrence uuid not null references occurrence on delete cascade,
    recipient text not null,
    state text not null check (state in
        ('planned', 'claimed', 'handed_over', 'accepted', 'unknown', 'failed', 'unsubscribed')),
    detail text,
    changed_at timestamptz not null,
    unique (occurrence, recipient)
);
call isolate_tenants('delivery');
create policy system_plans on delivery to takings_system using (true) with check (true);
grant select, insert on delivery to takings_system;

create table unsubscribe (
    tenant int not null references tenant on delete cascade,
    report uuid not null references report on delete cascade,
    recipient text not null,
    at timestamptz not null,
    primary key (report, recipient)
);
call isolate_tenants('unsubscribe');
create policy system_plans on unsubscribe for select to takings_system using (true);
grant select on unsubscribe to takings_system;
