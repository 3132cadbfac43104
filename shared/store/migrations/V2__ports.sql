-- The self-host side of the ports, and the outbox. The first four tables belong to no tenant:
-- like SQS and DynamoDB they carry what functions hand each other.
create table job (
    id bigint generated always as identity primary key,
    queue text not null,
    group_key text,
    visible_at timestamptz not null,
    attempts int not null default 0,
    body text not null,
    trace text
) with (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0
);
create index job_by_queue on job (queue, id);
create index job_by_group on job (queue, group_key, id) where group_key is not null;

create table job_dead (
    id bigint primary key,
    queue text not null,
    group_key text,
    body text not null,
    trace text,
    died_at timestamptz not null default now()
);

-- Ids of messages that were sent within the last minutes, whether or not they are still there.
create table job_sent (
    queue text not null,
    dedupe text not null,
    until timestamptz not null,
    primary key (queue, dedupe)
);

create table key_value (
    key text primary key,
    value text not null,
    version bigint not null default 1,
    expires_at timestamptz
) with (fillfactor = 70);

grant select, insert, update, delete on job, job_dead, job_sent, key_value
    to takings_app, takings_system;

-- What a transaction wants sent. Its rows share the transaction of the write they speak of.
create table outbox (
    id bigint generated always as identity primary key,
    tenant int not null references tenant on delete cascade,
    queue text not null,
    group_key text,
    dedupe text,
    body text not null,
    trace text,
    created_at timestamptz not null default now()
);
create index outbox_by_tenant on outbox (tenant, id);
call isolate_tenants('outbox');
create policy system_sends on outbox to takings_system using (true) with check (true);
grant select, insert, update, delete on outbox to takings_system;
